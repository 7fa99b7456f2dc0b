#include <charconv>

#include "sagitta/model.h"

namespace sagitta {

Result<ModelRef> ModelRef::Parse(std::string_view field, std::string_view text) {
  constexpr size_t kShownBytes = 80;
  const size_t at = text.find('@');
  ModelRef ref;
  ref.name = text.substr(0, at);
  const std::string_view digits = at == text.npos ? "" : text.substr(at + 1);
  const char* end = digits.data() + digits.size();
  const auto [last, error] = std::from_chars(digits.data(), end, ref.version);
  const bool number = error == std::errc() && last == end && ref.version > 0;
  // No second spelling of a version: its name is compared as it is.
  const bool valid = ValidateName(field, ref.name).ok() && number && ref.ToString() == text;
  if (valid) return ref;
  return Status::InvalidArgument(std::string(field),
                                 Value(text.substr(0, kShownBytes)).ToJson() +
                                     " is no model; NAME@VERSION is, VERSION from 1");
}

}  // namespace sagitta
