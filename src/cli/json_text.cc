#include "cli/json_text.h"

#include <charconv>
#include <cstdlib>

#include "cli/byte_source.h"

namespace sagitta::cli {
namespace {

constexpr int kMaxDepth = 64;
constexpr size_t kMaxArgumentFile = size_t{64} << 20;

// Counted before parsing, because destroying and printing a document recurse.
bool TooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<nlohmann::json> ParseJson(std::string_view text, std::string_view what) {
  if (TooDeep(text)) {
    return Status::InvalidArgument("", std::string(what) + ": JSON nested deeper than " +
                                           std::to_string(kMaxDepth) + " levels");
  }
  try {
    return nlohmann::json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception& error) {
    std::string why = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, …": the bracket says nothing to a
    // user.
    if (const size_t end = why.find("] "); end != std::string::npos) why.erase(0, end + 2);
    return Status::InvalidArgument("", std::string(what) + ": not JSON: " + why);
  }
}

Result<nlohmann::json> ParseJsonArgument(const std::string& argument, std::string_view what) {
  if (!argument.starts_with('@')) return ParseJson(argument, what);
  SAGITTA_ASSIGN_OR_RETURN(auto source, ByteSource::Open(argument.substr(1)));
  std::string text, line;
  for (;;) {
    SAGITTA_ASSIGN_OR_RETURN(const bool more, source->ReadLine(&line, kMaxArgumentFile));
    if (!more) break;
    text += line + "\n";
    if (text.size() > kMaxArgumentFile) {
      return Status::InvalidArgument("", source->path() + ": over 64 MiB of JSON");
    }
  }
  return ParseJson(text, source->path());
}

std::string DumpJson(const nlohmann::json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string JsonKind(const nlohmann::json& value) {
  if (value.is_number_float()) return "a number with a fraction or exponent";
  if (value.is_number()) return "a whole number";
  return std::string("a JSON ") + value.type_name();
}

double ShortDouble(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text) - 1, value);
  *end.ptr = '\0';
  const double shortest = std::strtod(text, nullptr);
  return static_cast<float>(shortest) == value ? shortest : static_cast<double>(value);
}

}  // namespace sagitta::cli
