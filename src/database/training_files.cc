#include "database/training_files.h"

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/section_file.h"
#include "database/member_reader.h"

namespace sagitta::database {
namespace {

constexpr const char *kJob = "JOB.json", *kRows = "rows", *kCheckpoint = "checkpoint";
constexpr int64_t kFormat = 1;

Value Number(uint64_t value) { return Value(static_cast<int64_t>(value)); }

constexpr std::string_view kAdapter = "adapter";  // JOB.json's "kind"; of binarizers there is none

void ReadSeed(MemberReader& reader, std::string* wrong, uint64_t* out) {
  std::string seed;
  reader.Read("seed", &seed);
  const char* end = seed.data() + seed.size();
  const auto [last, error] = std::from_chars(seed.data(), end, *out);
  if (wrong->empty() && (error != std::errc() || last != end)) *wrong = "'seed' is no number";
}

// "" when nothing is wrong.
std::string ReadRequest(const ValueObject& object, TrainAdapterRequest* out) {
  std::string wrong;
  double ridge = 0, learning_rate = 0, held_out = 0;
  uint8_t kind = 0;
  MemberReader reader(object, &wrong);
  reader.Read("name", &out->name);
  reader.Read("collection", &out->collection);
  reader.Read("field", &out->field);
  reader.Read("adapter", &kind);
  reader.Read("ridge", &ridge);
  reader.Read("held_out", &held_out);
  reader.Read("hidden", &out->hidden);
  reader.Read("steps", &out->steps);
  reader.Read("batch", &out->batch);
  reader.Read("learning_rate", &learning_rate);
  ReadSeed(reader, &wrong, &out->seed);
  out->kind = static_cast<AdapterKind>(kind);  // which its training checks
  out->ridge = static_cast<float>(ridge);
  out->held_out = static_cast<float>(held_out);
  out->learning_rate = static_cast<float>(learning_rate);
  return wrong;
}

std::string ReadRequest(const ValueObject& object, TrainBinarizerRequest* out) {
  std::string wrong;
  double learning_rate = 0, held_out = 0;
  bool pairs = false;
  MemberReader reader(object, &wrong);
  reader.Read("name", &out->name);
  reader.Read("collection", &out->collection);
  reader.Read("field", &out->field);
  reader.Read("bits", &out->bits);
  reader.Read("width", &out->width);
  reader.Read("hidden", &out->hidden);
  reader.Read("steps", &out->steps);
  reader.Read("batch", &out->batch);
  reader.Read("learning_rate", &learning_rate);
  reader.Read("held_out", &held_out);
  ReadSeed(reader, &wrong, &out->seed);
  reader.Read("sample_rows", &out->sample_rows);
  reader.Read("checkpoint_seconds", &out->checkpoint_seconds);
  reader.Read("pairs", &pairs);
  reader.Read("compatible_with", &out->compatible_with);
  out->learning_rate = static_cast<float>(learning_rate);
  out->held_out = static_cast<float>(held_out);
  if (pairs) out->pairs.emplace();
  return wrong;
}

Value ToValue(const TrainBinarizerRequest& request) {
  return ValueObject{{"format", Value(kFormat)},
                     {"name", request.name},
                     {"collection", request.collection},
                     {"field", request.field},
                     {"bits", Number(request.bits)},
                     {"width", Number(request.width)},
                     {"hidden", Number(request.hidden)},
                     {"steps", Number(request.steps)},
                     {"batch", Number(request.batch)},
                     {"learning_rate", double{request.learning_rate}},
                     {"held_out", double{request.held_out}},
                     {"seed", std::to_string(request.seed)},
                     {"sample_rows", Number(request.sample_rows)},
                     {"checkpoint_seconds", Number(request.checkpoint_seconds)},
                     {"pairs", request.pairs.has_value()},
                     {"compatible_with", request.compatible_with}};
}

Value ToValue(const TrainAdapterRequest& request) {
  return ValueObject{{"format", Value(kFormat)},
                     {"kind", std::string(kAdapter)},
                     {"name", request.name},
                     {"collection", request.collection},
                     {"field", request.field},
                     {"adapter", Number(static_cast<uint64_t>(request.kind))},
                     {"ridge", double{request.ridge}},
                     {"held_out", double{request.held_out}},
                     {"hidden", Number(request.hidden)},
                     {"steps", Number(request.steps)},
                     {"batch", Number(request.batch)},
                     {"learning_rate", double{request.learning_rate}},
                     {"seed", std::to_string(request.seed)}};
}

bool IsAdapter(const ValueObject& job) {
  const auto kind = job.find("kind");
  return kind != job.end() && kind->second.AsString() != nullptr &&
         *kind->second.AsString() == kAdapter;
}

// The sections of a matrix: how many rows of how many numbers, and the numbers.
Status WriteMatrix(base::SectionFileWriter& to, const std::string& name,
                   const learn::Matrix& rows) {
  const uint64_t shape[] = {rows.n, rows.dim};
  SAGITTA_RETURN_IF_ERROR(to.WriteArray(name + ".shape", std::span<const uint64_t>(shape)));
  return to.WriteArray(name, std::span<const float>(rows.values));
}

Status ReadMatrix(const base::SectionFileReader& from, const std::string& name,
                  learn::Matrix* rows) {
  SAGITTA_ASSIGN_OR_RETURN(const auto shape, from.Array<uint64_t>(name + ".shape", 2));
  SAGITTA_ASSIGN_OR_RETURN(const auto values, from.Array<float>(name));
  const uint64_t n = shape[0], dim = shape[1];
  const bool fits =
      n == 0 || dim == 0 ? values.empty() : values.size() / dim == n && values.size() % dim == 0;
  if (!fits) return Status::DataLoss(from.path() + ": section " + name + " has another shape");
  *rows = learn::Matrix();
  rows->n = n;
  rows->dim = dim;
  rows->values.assign(values.begin(), values.end());
  return Status::Ok();
}

}  // namespace

Status TrainingFiles::SaveJob(const TrainingRequest& request) const {
  const Value job = std::visit([](const auto& of_kind) { return ToValue(of_kind); }, request);
  return base::WriteFileAtomically(Path(kJob), job.ToJson());
}

bool TrainingFiles::HasJob() const { return base::FileExists(Path(kJob)); }

Result<TrainingRequest> TrainingFiles::LoadJob() const {
  SAGITTA_ASSIGN_OR_RETURN(const std::string text, base::ReadFile(Path(kJob)));
  const auto json = Value::ParseJson(text);
  const ValueObject* object = json.ok() ? json->AsObject() : nullptr;
  TrainingRequest request;
  if (object != nullptr && IsAdapter(*object)) request = TrainAdapterRequest();
  const std::string wrong =
      object == nullptr
          ? "it is no JSON object"
          : std::visit([&](auto& of_kind) { return ReadRequest(*object, &of_kind); }, request);
  if (wrong.empty()) return request;
  return Status::DataLoss(Path(kJob) + " is damaged: " + wrong);
}

Status TrainingFiles::ForgetJob() const {
  SAGITTA_RETURN_IF_ERROR(base::RemoveFile(Path(kJob)));
  return base::SyncDirectory(folder_);
}

Status TrainingFiles::SaveRows(const TrainingRows& rows) const {
  SAGITTA_ASSIGN_OR_RETURN(auto writer, base::SectionFileWriter::Create(Path(kRows)));
  SAGITTA_RETURN_IF_ERROR(WriteMatrix(*writer, "documents", rows.documents));
  SAGITTA_RETURN_IF_ERROR(WriteMatrix(*writer, "queries", rows.queries));
  SAGITTA_RETURN_IF_ERROR(WriteMatrix(*writer, "old.documents", rows.old_documents));
  SAGITTA_RETURN_IF_ERROR(WriteMatrix(*writer, "old.queries", rows.old_queries));
  return writer->Finish();
}

bool TrainingFiles::HasRows() const { return base::FileExists(Path(kRows)); }

Result<TrainingRows> TrainingFiles::LoadRows() const {
  SAGITTA_ASSIGN_OR_RETURN(const auto reader, base::SectionFileReader::Open(Path(kRows)));
  SAGITTA_RETURN_IF_ERROR(reader->Verify());
  TrainingRows rows;
  SAGITTA_RETURN_IF_ERROR(ReadMatrix(*reader, "documents", &rows.documents));
  SAGITTA_RETURN_IF_ERROR(ReadMatrix(*reader, "queries", &rows.queries));
  SAGITTA_RETURN_IF_ERROR(ReadMatrix(*reader, "old.documents", &rows.old_documents));
  SAGITTA_RETURN_IF_ERROR(ReadMatrix(*reader, "old.queries", &rows.old_queries));
  return rows;
}

Status TrainingFiles::SaveCheckpoint(std::string_view bytes) const {
  return base::WriteFileAtomically(Path(kCheckpoint), bytes);
}

bool TrainingFiles::HasCheckpoint() const { return base::FileExists(Path(kCheckpoint)); }

Result<std::string> TrainingFiles::LoadCheckpoint() const {
  return base::ReadFile(Path(kCheckpoint));
}

Status TrainingFiles::Remove() const { return base::RemoveTree(folder_); }

}  // namespace sagitta::database
