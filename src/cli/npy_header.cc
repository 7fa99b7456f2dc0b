#include <array>
#include <cctype>
#include <cstring>
#include <utility>

#include "cli/row_layout.h"

namespace sagitta::cli {
namespace {

constexpr uint32_t kMaxHeaderBytes = 1 << 20;

Status BadHeader(const std::string& why) {
  return Status::InvalidArgument("", "npy header: " + why);
}

// A reader of the few Python literals that numpy writes.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : text_(text) {}

  bool Take(char c) {
    SkipSpace();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipSpace();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string> TakeString() {
    SkipSpace();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) return std::nullopt;
    const size_t end = text_.find(text_.front(), 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string value(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return value;
  }
  // Numbers beyond u64 are refused.
  std::optional<uint64_t> TakeNumber() {
    SkipSpace();
    uint64_t value = 0;
    size_t digits = 0;
    for (; digits < text_.size() && std::isdigit(static_cast<unsigned char>(text_[digits]));
         ++digits) {
      const auto digit = static_cast<uint64_t>(text_[digits] - '0');
      if (value > (UINT64_MAX - digit) / 10) return std::nullopt;
      value = value * 10 + digit;
    }
    if (digits == 0) return std::nullopt;
    text_.remove_prefix(digits);
    Take('L');  // Python 2 wrote long integers so
    return value;
  }

 private:
  void SkipSpace() {
    while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front()))) {
      text_.remove_prefix(1);
    }
  }
  std::string_view text_;
};

Status TakeShape(LiteralReader& in, std::vector<uint64_t>* shape) {
  shape->clear();
  if (!in.Take('(')) return BadHeader("'shape' must be a tuple of whole numbers");
  while (!in.Take(')')) {
    const auto size = in.TakeNumber();
    if (!size || shape->size() == 32) {
      return BadHeader("'shape' must be a tuple of at most 32 whole numbers below 2^64");
    }
    shape->push_back(*size);
    if (!in.Take(',')) {
      if (in.Take(')')) break;
      return BadHeader("'shape' lacks its closing bracket");
    }
  }
  return Status::Ok();
}

Result<Element> ElementOf(const std::string& descr, const std::string& path) {
  static constexpr std::array<std::pair<std::string_view, Element>, 7> kKnown{{
      {"f4", Element::kF32},
      {"f2", Element::kF16},
      {"f8", Element::kF64},
      {"i1", Element::kI8},
      {"u1", Element::kU8},
      {"i4", Element::kI32},
      {"i8", Element::kI64},
  }};
  const bool one_byte = descr.size() == 3 && descr[2] == '1';
  if (descr.size() == 3 &&
      (descr[0] == '<' || ((descr[0] == '|' || descr[0] == '>') && one_byte))) {
    for (const auto& [name, element] : kKnown) {
      if (descr.substr(1) == name) return element;
    }
  }
  return Status::InvalidArgument(
      "", path + ": npy dtype '" + descr +
              "' is not taken; allowed are little-endian <f4, <f2, <f8, |i1, |u1, <i4, <i8");
}

Result<std::string> ReadHeaderText(ByteSource& source, uint64_t* data_offset) {
  unsigned char head[8];
  SAGITTA_RETURN_IF_ERROR(source.ReadExactly(head, sizeof(head), "the npy magic and version"));
  if (std::memcmp(head, "\x93NUMPY", 6) != 0) {
    return Status::InvalidArgument("", source.path() + ": does not start with the npy magic");
  }
  if (head[6] < 1 || head[6] > 3) {
    return Status::InvalidArgument("", source.path() + ": npy version " + std::to_string(head[6]) +
                                           " is not known; allowed are 1 to 3");
  }
  const size_t length_bytes = head[6] == 1 ? 2 : 4;
  unsigned char length[4] = {0, 0, 0, 0};
  SAGITTA_RETURN_IF_ERROR(source.ReadExactly(length, length_bytes, "the npy header's length"));
  const uint32_t bytes = length[0] | length[1] << 8 | length[2] << 16 | uint32_t{length[3]} << 24;
  if (bytes > kMaxHeaderBytes) {
    return Status::InvalidArgument("", source.path() + ": npy header of " + std::to_string(bytes) +
                                           " bytes; allowed are " +
                                           std::to_string(kMaxHeaderBytes));
  }
  std::string text(bytes, '\0');
  SAGITTA_RETURN_IF_ERROR(source.ReadExactly(text.data(), bytes, "the npy header"));
  *data_offset = sizeof(head) + length_bytes + bytes;
  return text;
}

}  // namespace

Result<NpyDictionary> ParseNpyDictionary(std::string_view text) {
  NpyDictionary out;
  bool descr = false, order = false, shape = false;
  LiteralReader in(text);
  if (!in.Take('{')) return BadHeader("is not a dictionary");
  while (!in.Take('}')) {
    const auto key = in.TakeString();
    if (!key || !in.Take(':')) return BadHeader("a quoted key and ':' are expected");
    if (*key == "descr") {
      const auto value = in.TakeString();
      if (!value) return BadHeader("'descr' must be a string; structured arrays are not taken");
      out.descr = *value;
      descr = true;
    } else if (*key == "fortran_order") {
      out.fortran_order = in.TakeWord("True");
      if (!out.fortran_order && !in.TakeWord("False")) {
        return BadHeader("'fortran_order' must be True or False");
      }
      order = true;
    } else if (*key == "shape") {
      SAGITTA_RETURN_IF_ERROR(TakeShape(in, &out.shape));
      shape = true;
    } else {
      return BadHeader("unknown key '" + *key + "'");
    }
    if (!in.Take(',')) {
      if (in.Take('}')) break;
      return BadHeader("',' or '}' is expected after '" + *key + "'");
    }
  }
  if (!descr || !order || !shape) return BadHeader("descr, fortran_order and shape are needed");
  return out;
}

Result<RowLayout> ParseNpyHeader(ByteSource& source) {
  RowLayout layout;
  SAGITTA_ASSIGN_OR_RETURN(const std::string text, ReadHeaderText(source, &layout.data_offset));
  auto parsed = ParseNpyDictionary(text);
  if (!parsed.ok()) {
    return Status::InvalidArgument("", source.path() + ": " + parsed.status().message());
  }
  SAGITTA_ASSIGN_OR_RETURN(layout.element, ElementOf(parsed->descr, source.path()));
  const auto& shape = parsed->shape;
  if (shape.empty() || shape.size() > 2) {
    return Status::InvalidArgument("", source.path() + ": npy array of " +
                                           std::to_string(shape.size()) +
                                           " dimensions; 2 (rows, dim) are expected");
  }
  if (parsed->fortran_order && shape.size() == 2) {
    return Status::InvalidArgument(
        "", source.path() + ": npy array in Fortran order; save it with numpy.ascontiguousarray");
  }
  const uint64_t dim = shape.size() == 2 ? shape[1] : 1;
  if (dim == 0 || dim > kMaxRowElements) {
    return Status::InvalidArgument("", source.path() + ": npy rows of " + std::to_string(dim) +
                                           " elements; allowed are 1 to " +
                                           std::to_string(kMaxRowElements));
  }
  layout.rows = shape[0];
  layout.dim = static_cast<uint32_t>(dim);
  return layout;
}

}  // namespace sagitta::cli
