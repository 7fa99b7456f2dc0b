#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/bytes.h"
#include "sagitta/point.h"

namespace sagitta {

namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr char kNumberTag = 1;
constexpr char kUuidTag = 2;
constexpr char kTextTag = 3;
constexpr std::string_view kUuidPrefix = "uuid:";
constexpr std::string_view kTextPrefix = "str:";

Status ValidateText(std::string_view text) {
  if (text.empty()) return Status::InvalidArgument("id", "a string id is empty; 1 to 256 bytes");
  if (text.size() > kMaxTextBytes) {
    return Status::InvalidArgument(
        "id", "a string id has " + std::to_string(text.size()) + " bytes; at most 256 are allowed");
  }
  if (!base::IsValidUtf8(text)) return Status::InvalidArgument("id", "a string id is not UTF-8");
  return Status::Ok();
}

Status BadKey(const char* what) {
  return Status::DataLoss(std::string("stored point id: ") + what);
}

}  // namespace

std::string PointId::ToString() const {
  if (const uint64_t* number = std::get_if<uint64_t>(&value_)) return std::to_string(*number);
  if (const Uuid* uuid = std::get_if<Uuid>(&value_)) {
    return std::string(kUuidPrefix) + uuid->ToString();
  }
  return std::string(kTextPrefix) + std::get<std::string>(value_);
}

Result<PointId> PointId::Parse(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_digit)) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) {
      return Status::InvalidArgument(
          "id", "'" + std::string(text.substr(0, 64)) +
                    "' is beyond 64 bits; write str:… for a string id of digits");
    }
    return PointId(number);
  }
  if (text.starts_with(kUuidPrefix)) {
    SAGITTA_ASSIGN_OR_RETURN(const Uuid uuid, Uuid::Parse(text.substr(kUuidPrefix.size())));
    return PointId(uuid);
  }
  if (text.starts_with(kTextPrefix)) text.remove_prefix(kTextPrefix.size());
  SAGITTA_RETURN_IF_ERROR(ValidateText(text));
  return PointId(std::string(text));
}

std::string PointId::Encode() const {
  std::string key;
  if (const uint64_t* number = std::get_if<uint64_t>(&value_)) {
    key.push_back(kNumberTag);
    base::PutBe64(key, *number);
  } else if (const Uuid* uuid = std::get_if<Uuid>(&value_)) {
    key.push_back(kUuidTag);
    key.append(reinterpret_cast<const char*>(uuid->bytes.data()), uuid->bytes.size());
  } else {
    key.push_back(kTextTag);
    key.append(std::get<std::string>(value_));
  }
  return key;
}

Result<PointId> PointId::Decode(std::string_view key) {
  if (key.empty()) return BadKey("empty");
  const char tag = key.front();
  key.remove_prefix(1);
  switch (tag) {
    case kNumberTag: {
      uint64_t number = 0;
      if (key.size() != 8 || !base::GetBe64(key, &number)) return BadKey("a number is 8 bytes");
      return PointId(number);
    }
    case kUuidTag: {
      Uuid uuid;
      if (key.size() != uuid.bytes.size()) return BadKey("a UUID is 16 bytes");
      std::memcpy(uuid.bytes.data(), key.data(), key.size());
      return PointId(uuid);
    }
    case kTextTag:
      if (!ValidateText(key).ok()) return BadKey("text is 1 to 256 bytes of UTF-8");
      return PointId(std::string(key));
    default:
      return BadKey("unknown tag");
  }
}

Status PointId::Validate() const {
  const std::string* text = std::get_if<std::string>(&value_);
  return text == nullptr ? Status::Ok() : ValidateText(*text);
}

}  // namespace sagitta
