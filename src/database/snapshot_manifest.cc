#include "database/snapshot_manifest.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "base/checksum.h"
#include "database/member_reader.h"

namespace sagitta::database {
namespace {

constexpr size_t kMaxPathBytes = 1024;
constexpr uint64_t kMaxInteger = std::numeric_limits<int64_t>::max();
constexpr const char* kChecksum = "checksum";

Value Number(uint64_t value) { return Value(static_cast<int64_t>(value)); }

// 16 digits: JSON's integers end at int64.
std::string Hex(uint64_t value) {
  char text[16];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value, 16);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  return std::string(sizeof(text) - digits.size(), '0').append(digits);
}

std::string ChecksumOf(const ValueObject& object) {
  const std::string text = Value(object).ToJson();  // one text for one value: keys are sorted
  return Hex(base::Xxh3(text.data(), text.size()));
}

// These say what is wrong, "" when nothing is.

std::string ReadFolders(const ValueList& list, std::vector<std::string>* folders) {
  for (const Value& item : list) {
    if (item.AsString() == nullptr) return "'folders' holds something that is no string";
    if (!IsSnapshotPath(*item.AsString())) {
      return "'folders': " + Value(item.AsString()->substr(0, kMaxPathBytes)).ToJson() +
             " is no path within a snapshot";
    }
    folders->push_back(*item.AsString());
  }
  return "";
}

std::string ReadFiles(const ValueList& list, std::vector<SnapshotFile>* files) {
  std::string wrong;
  std::set<std::string_view> paths;
  uint64_t total = 0;
  files->reserve(list.size());
  for (const Value& item : list) {
    if (item.AsObject() == nullptr) return "'files' holds something that is no object";
    SnapshotFile& file = files->emplace_back();
    MemberReader reader(*item.AsObject(), &wrong);
    reader.Read("path", &file.path);
    reader.Read("bytes", &file.bytes);
    reader.ReadHex("xxh3", &file.xxh3);
    if (!wrong.empty()) return "'files': " + wrong;
    const std::string shown = Value(file.path.substr(0, kMaxPathBytes)).ToJson();
    if (!IsSnapshotPath(file.path) || file.path.find('/') == std::string::npos) {
      return "'files': " + shown + " is no path within a snapshot";
    }
    if (!paths.insert(file.path).second) return "'files': " + shown + " is there twice";
    if (file.bytes > kMaxInteger - total) return "'files': the sizes are beyond all bounds";
    total += file.bytes;
  }
  return "";
}

std::string ReadMembers(const ValueObject& object, SnapshotManifest* manifest) {
  std::string wrong;
  MemberReader reader(object, &wrong);
  reader.Read("id", &manifest->id);
  reader.Read("created_ms", &manifest->created_ms);
  reader.Read("points", &manifest->points);
  reader.Read("seq", &manifest->seq);
  const Value* folders = reader.Find("folders");
  const Value* files = reader.Find("files");
  if (!wrong.empty()) return wrong;
  if (folders->AsList() == nullptr) return "'folders' is no list";
  if (files->AsList() == nullptr) return "'files' is no list";
  wrong = ReadFolders(*folders->AsList(), &manifest->content.folders);
  return wrong.empty() ? ReadFiles(*files->AsList(), &manifest->content.files) : wrong;
}

}  // namespace

bool IsSnapshotPath(std::string_view path) {
  if (!path.starts_with("shard-") || path.size() > kMaxPathBytes ||
      path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    if (name.empty() || name == "." || name == "..") return false;
    begin = end + 1;
  }
  return true;
}

SnapshotInfo SnapshotManifest::Info() const {
  SnapshotInfo info{id, schema.name, created_ms, points, seq, 0};
  for (const SnapshotFile& file : content.files) info.bytes += file.bytes;
  return info;
}

std::string SnapshotManifest::ToJson() const {
  ValueList folders, files;
  for (const std::string& folder : content.folders) folders.emplace_back(folder);
  for (const SnapshotFile& file : content.files) {
    files.push_back(
        ValueObject{{"path", file.path}, {"bytes", Number(file.bytes)}, {"xxh3", Hex(file.xxh3)}});
  }
  auto schema_value = Value::ParseJson(schema.ToJson());
  ValueObject object = {{"format", Number(kFormat)},
                        {"id", id},
                        {"collection", schema.name},
                        {"created_ms", Value(created_ms)},
                        {"points", Number(points)},
                        {"seq", Number(seq)},
                        {"schema", schema_value.ok() ? std::move(*schema_value) : Value()},
                        {"folders", std::move(folders)},
                        {"files", std::move(files)}};
  object.emplace(kChecksum, ChecksumOf(object));
  return Value(std::move(object)).ToJson() + "\n";
}

Result<SnapshotManifest> SnapshotManifest::FromJson(std::string_view json, const std::string& file,
                                                    const std::string& id) {
  const auto damaged = [&](const std::string& what) {
    return Status::DataLoss(file + ": " + what);
  };
  auto parsed = Value::ParseJson(json);
  if (!parsed.ok()) return damaged(parsed.status().message());
  if (parsed->AsObject() == nullptr) return damaged("is no JSON object");
  ValueObject& object = *parsed->AsObject();
  const auto format = object.find("format");
  if (format == object.end() || format->second.AsInt64() == nullptr ||
      *format->second.AsInt64() < 1) {
    return damaged("'format' is missing or is no number from 1 on");
  }
  if (*format->second.AsInt64() > int64_t{kFormat}) {
    return Status::FailedPrecondition(file + ": a newer version wrote this snapshot: format " +
                                      std::to_string(*format->second.AsInt64()) +
                                      "; this build supports 1 to " + std::to_string(kFormat));
  }
  const auto checksum = object.find(kChecksum);
  if (checksum == object.end()) return damaged("'checksum' is missing");
  const Value stored = std::move(checksum->second);
  object.erase(checksum);
  if (stored != Value(ChecksumOf(object))) return damaged("its content fails its checksum");

  SnapshotManifest manifest;
  const std::string wrong = ReadMembers(object, &manifest);
  if (!wrong.empty()) return damaged(wrong);
  if (manifest.id != id) return damaged("has the id '" + manifest.id.substr(0, 64) + "'");
  const auto schema_value = object.find("schema");
  if (schema_value == object.end()) return damaged("'schema' is missing");
  auto schema = CollectionSchema::FromJson(schema_value->second.ToJson());
  if (!schema.ok()) return damaged("'schema': " + schema.status().ToString());
  manifest.schema = std::move(*schema);
  return manifest;
}

}  // namespace sagitta::database
