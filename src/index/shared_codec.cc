#include "index/shared_codec.h"

#include <map>
#include <string>

#include "base/checksum.h"
#include "base/mutex.h"

namespace sagitta::index {
namespace {

class SharedCodecs {
 public:
  std::shared_ptr<const codec::Codec> Find(uint64_t hash) EXCLUDES_LOCK(mu_) {
    base::MutexLock lock(mu_);
    const auto it = codecs_.find(hash);
    return it == codecs_.end() ? nullptr : it->second.lock();
  }
  void Put(uint64_t hash, const std::shared_ptr<const codec::Codec>& codec) EXCLUDES_LOCK(mu_) {
    base::MutexLock lock(mu_);
    std::erase_if(codecs_, [](const auto& entry) { return entry.second.expired(); });
    codecs_.insert_or_assign(hash, codec);
  }

 private:
  base::Mutex mu_;
  std::map<uint64_t, std::weak_ptr<const codec::Codec>> codecs_ GUARDED_BY(mu_);
};

// Lives as long as the process: segments may end after everything else.
SharedCodecs& Shared() {
  static auto* codecs = new SharedCodecs;
  return *codecs;
}

}  // namespace

Result<std::shared_ptr<const codec::Codec>> ShareCodec(std::string_view bytes) {
  const uint64_t hash = base::Xxh3(bytes.data(), bytes.size());
  // Equal hashes are not enough: files may be hostile.
  auto known = Shared().Find(hash);
  if (known != nullptr && known->Serialize() == bytes) return known;
  SAGITTA_ASSIGN_OR_RETURN(auto read, codec::Codec::Deserialize(bytes));
  std::shared_ptr<const codec::Codec> codec = std::move(read);
  Shared().Put(hash, codec);
  return codec;
}

}  // namespace sagitta::index
