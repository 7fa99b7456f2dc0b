#include "database/model_store.h"

#include <algorithm>
#include <charconv>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"

namespace sagitta::database {
namespace {

constexpr std::string_view kModel = ".model", kLast = ".last", kTemporary = ".tmp";

Status NoModel(const ModelRef& ref) {
  return Status::NotFound("there is no model '" + ref.ToString() + "'");
}

}  // namespace

Result<std::unique_ptr<ModelStore>> ModelStore::Open(const std::string& folder) {
  SAGITTA_RETURN_IF_ERROR(base::CreateDirectories(folder));
  std::unique_ptr<ModelStore> store(new ModelStore(folder));
  SAGITTA_RETURN_IF_ERROR(store->Load());
  return store;
}

Status ModelStore::Load() {
  base::MutexLock lock(mu_);
  SAGITTA_ASSIGN_OR_RETURN(const auto names, base::ListDirectory(folder_));
  for (const std::string& name : names) {
    const std::string file = folder_ + "/" + name;
    if (name.ends_with(kTemporary)) {
      SAGITTA_RETURN_IF_ERROR(base::RemoveFile(file));
    } else if (name.ends_with(kLast)) {
      SAGITTA_RETURN_IF_ERROR(LoadLast(file));
    } else if (name.ends_with(kModel)) {
      const auto ref = ModelRef::Parse("file", name.substr(0, name.size() - kModel.size()));
      if (!ref.ok()) continue;
      std::string bytes;
      auto model = ReadFile(*ref, &bytes);
      if (!model.ok()) base::LogError("{}", model.status().ToString());
      models_.emplace(*ref, model.ok() ? Result<ModelInfo>(model->info) : model.status());
      uint32_t& last = last_[ref->name];
      last = std::max(last, ref->version);
    }
  }
  return Status::Ok();
}

Status ModelStore::LoadLast(const std::string& file) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(file));
  uint32_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  // Without it a number might be given twice.
  if (error != std::errc() || std::string_view(end) != "\n") {
    return Status::DataLoss(file + " is damaged: it should be one line, the last version");
  }
  const size_t begin = file.rfind('/') + 1;
  uint32_t& last = last_[file.substr(begin, file.size() - begin - kLast.size())];
  last = std::max(last, version);
  return Status::Ok();
}

Result<StoredModel> ModelStore::ReadFile(const ModelRef& ref, std::string* bytes) const {
  const std::string path = Path(ref);
  SAGITTA_ASSIGN_OR_RETURN(*bytes, base::ReadFile(path));
  auto model = DecodeModel(*bytes);
  if (!model.ok()) return Status(model.status().code(), path + ": " + model.status().message());
  if (model->info.ref == ref) return model;
  return Status::DataLoss(path + ": it is the model " + model->info.ref.ToString());
}

std::vector<ModelInfo> ModelStore::List() const {
  base::MutexLock lock(mu_);
  std::vector<ModelInfo> infos;
  for (const auto& [ref, info] : models_) {
    if (info.ok()) infos.push_back(Now(*info));
  }
  return infos;
}

Result<ModelInfo> ModelStore::Get(const ModelRef& ref) const {
  base::MutexLock lock(mu_);
  const auto it = models_.find(ref);
  if (it == models_.end()) return NoModel(ref);
  return it->second.ok() ? Result<ModelInfo>(Now(*it->second)) : it->second;
}

ModelInfo ModelStore::Now(const ModelInfo& stored) const {
  ModelInfo info = stored;
  const auto used = adapters_.find(info.ref);
  if (used != adapters_.end()) info.mapped = used->second->mapped.load(std::memory_order_relaxed);
  return info;
}

Result<std::string> ModelStore::Export(const ModelRef& ref) const {
  SAGITTA_RETURN_IF_ERROR(Get(ref).status());
  std::string bytes;
  SAGITTA_RETURN_IF_ERROR(ReadFile(ref, &bytes).status());
  return bytes;
}

Result<StoredModel> ModelStore::Read(const ModelRef& ref) const {
  SAGITTA_RETURN_IF_ERROR(Get(ref).status());
  std::string bytes;
  return ReadFile(ref, &bytes);
}

Result<std::unique_ptr<codec::Codec>> ModelStore::FindCodec(const std::string& model) const {
  SAGITTA_ASSIGN_OR_RETURN(const ModelRef ref, ModelRef::Parse("model", model));
  SAGITTA_ASSIGN_OR_RETURN(const StoredModel stored, Read(ref));
  SAGITTA_ASSIGN_OR_RETURN(auto codec, ReadBinarizer(stored));
  return std::unique_ptr<codec::Codec>(std::move(codec));
}

Result<std::shared_ptr<const LiveAdapter>> ModelStore::FindAdapter(const ModelRef& ref) const {
  {
    base::MutexLock lock(mu_);
    const auto it = adapters_.find(ref);
    if (it != adapters_.end()) return it->second;
  }
  SAGITTA_ASSIGN_OR_RETURN(const StoredModel stored, Read(ref));
  if (stored.info.kind != ModelKind::kAdapter) {
    return Status::FailedPrecondition("'" + ref.ToString() + "' is no adapter");
  }
  SAGITTA_ASSIGN_OR_RETURN(learn::Adapter adapter, learn::Adapter::Deserialize(stored.body));
  std::shared_ptr<const LiveAdapter> live = std::make_shared<LiveAdapter>(std::move(adapter));
  base::MutexLock lock(mu_);
  // Deleted meanwhile, it is not kept; read twice, the first one counts.
  return models_.contains(ref) ? adapters_.emplace(ref, live).first->second : live;
}

Result<ModelInfo> ModelStore::Add(const std::string& name, StoredModel model) {
  SAGITTA_RETURN_IF_ERROR(SetShape(&model));
  base::MutexLock lock(mu_);
  const auto last = last_.find(name);
  const uint32_t version = last == last_.end() ? 1 : last->second + 1;
  model.info.ref = {name, version};
  // First: a number without a model does no harm.
  SAGITTA_RETURN_IF_ERROR(base::WriteFileAtomically(folder_ + "/" + name + std::string(kLast),
                                                    std::to_string(version) + "\n"));
  last_[name] = version;
  SAGITTA_FAULT("model.before_write");
  SAGITTA_RETURN_IF_ERROR(base::WriteFileAtomically(Path(model.info.ref), EncodeModel(model)));
  models_.insert_or_assign(model.info.ref, model.info);
  return model.info;
}

Status ModelStore::Delete(const ModelRef& ref) {
  base::MutexLock lock(mu_);
  const auto it = models_.find(ref);
  if (it == models_.end()) return NoModel(ref);
  SAGITTA_RETURN_IF_ERROR(base::RemoveFile(Path(ref)));
  models_.erase(it);
  adapters_.erase(ref);
  return base::SyncDirectory(folder_);
}

std::optional<ModelInfo> ModelStore::FindJob(std::string_view job) const {
  for (ModelInfo& info : List()) {
    if (info.job == job && !info.imported) return std::move(info);
  }
  return std::nullopt;
}

}  // namespace sagitta::database
