// ModelStore: the models of a database, each version a file of its own. Thread-safe.
//
//   NAME@VERSION.model   model_format.h; written once, fsynced, never changed
//   NAME.last            the highest version that was given, so that none is given twice
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "database/model_format.h"
#include "index/vector_index.h"
#include "sagitta/model.h"

namespace sagitta::database {

// An adapter in memory, and how much it is used.
struct LiveAdapter {
  explicit LiveAdapter(learn::Adapter trained) : adapter(std::move(trained)) {}

  const learn::Adapter adapter;
  mutable std::atomic<uint64_t> mapped{0};  // vectors
};

class ModelStore final : public index::CodecSource {
 public:
  // Makes the folder when it is not there, and reads all models. Damaged ones fail no open: calls
  // that name them return DATA_LOSS with the file.
  static Result<std::unique_ptr<ModelStore>> Open(const std::string& folder);

  std::vector<ModelInfo> List() const EXCLUDES_LOCK(mu_);  // by name and version; sound ones
  // NOT_FOUND; DATA_LOSS.
  Result<ModelInfo> Get(const ModelRef& ref) const EXCLUDES_LOCK(mu_);
  Result<std::string> Export(const ModelRef& ref) const EXCLUDES_LOCK(mu_);
  Result<StoredModel> Read(const ModelRef& ref) const EXCLUDES_LOCK(mu_);
  Result<std::unique_ptr<codec::Codec>> FindCodec(const std::string& model) const override
      EXCLUDES_LOCK(mu_);

  // The adapter, kept in memory from its first use until it is deleted. NOT_FOUND;
  // FAILED_PRECONDITION when it is no adapter; DATA_LOSS.
  Result<std::shared_ptr<const LiveAdapter>> FindAdapter(const ModelRef& ref) const
      EXCLUDES_LOCK(mu_);

  // Durable as the next version of `name`, which is what is returned.
  Result<ModelInfo> Add(const std::string& name, StoredModel model) EXCLUDES_LOCK(mu_);
  // Damaged ones too. NOT_FOUND.
  Status Delete(const ModelRef& ref) EXCLUDES_LOCK(mu_);
  // What that training has published.
  std::optional<ModelInfo> FindJob(std::string_view job) const EXCLUDES_LOCK(mu_);

 private:
  explicit ModelStore(std::string folder) : folder_(std::move(folder)) {}

  Status Load() EXCLUDES_LOCK(mu_);
  Status LoadLast(const std::string& file) REQUIRES_LOCK(mu_);
  std::string Path(const ModelRef& ref) const { return folder_ + "/" + ref.ToString() + ".model"; }
  // The model as it is known now.
  ModelInfo Now(const ModelInfo& stored) const REQUIRES_LOCK(mu_);
  Result<StoredModel> ReadFile(const ModelRef& ref, std::string* bytes) const;

  const std::string folder_;
  mutable base::Mutex mu_;
  std::map<ModelRef, Result<ModelInfo>> models_ GUARDED_BY(mu_);  // or what is wrong with it
  std::map<std::string, uint32_t> last_ GUARDED_BY(mu_);          // version, by name
  mutable std::map<ModelRef, std::shared_ptr<const LiveAdapter>> adapters_ GUARDED_BY(mu_);
};

}  // namespace sagitta::database
