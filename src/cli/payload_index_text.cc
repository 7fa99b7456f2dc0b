// Payload indexes as the command line writes them: "title:text,stemmer=english".
#include <charconv>

#include "cli/proto_json.h"
#include "cli/schema_options.h"

namespace sagitta::cli {
namespace {

Status Bad(const std::string& message) { return Status::InvalidArgument("payload-index", message); }

Status ParseChars(const std::string& key, const std::string& value, uint32_t* out) {
  const auto end = std::from_chars(value.data(), value.data() + value.size(), *out);
  if (end.ec == std::errc() && end.ptr == value.data() + value.size() && *out != 0) {
    return Status::Ok();
  }
  return Bad(key + "=" + value + " is not a whole number from 1 on");
}

Status ParseSetting(const std::string& text, v1::TextParams* out) {
  const size_t sign = text.find('=');
  const std::string key = text.substr(0, sign);
  const std::string value = sign == std::string::npos ? "" : text.substr(sign + 1);
  uint32_t chars = 0;
  if (key == "stemmer") {
    out->set_stemmer(value);
  } else if (key == "tokenizer") {
    const auto number = ParseEnum(*v1::TextTokenizer_descriptor(), value);
    if (!number.ok()) return Bad("tokenizer: " + number.status().message());
    out->set_tokenizer(static_cast<v1::TextTokenizer>(*number));
  } else if (key == "case_sensitive") {
    if (value != "true" && value != "false") return Bad(text + " is neither true nor false");
    out->set_case_sensitive(value == "true");
  } else if (key == "min") {
    SAGITTA_RETURN_IF_ERROR(ParseChars(key, value, &chars));
    out->set_min_token_chars(chars);
  } else if (key == "max") {
    SAGITTA_RETURN_IF_ERROR(ParseChars(key, value, &chars));
    out->set_max_token_chars(chars);
  } else if (key == "stop") {
    out->add_stop_words(value);
  } else {
    return Bad("'" + text +
               "' is no setting; tokenizer=, stemmer=, case_sensitive=, min=, max= and "
               "stop= are");
  }
  return Status::Ok();
}

}  // namespace

Status ParsePayloadIndex(const std::string& text, v1::PayloadIndex* out) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return Bad("'" + text + "' is not path:kind");
  size_t comma = std::min(text.find(',', colon), text.size());
  auto kind =
      ParseEnum(*v1::PayloadIndexKind_descriptor(), text.substr(colon + 1, comma - colon - 1));
  if (!kind.ok()) return Bad(kind.status().message());
  out->set_path(text.substr(0, colon));
  out->set_kind(static_cast<v1::PayloadIndexKind>(*kind));
  if (comma < text.size() && out->kind() != v1::PAYLOAD_INDEX_KIND_TEXT) {
    return Bad("'" + text.substr(comma + 1) + "': only text takes settings");
  }
  while (comma < text.size()) {
    const size_t next = std::min(text.find(',', comma + 1), text.size());
    SAGITTA_RETURN_IF_ERROR(
        ParseSetting(text.substr(comma + 1, next - comma - 1), out->mutable_text()));
    comma = next;
  }
  return Status::Ok();
}

std::string DescribePayloadIndex(const v1::PayloadIndex& index) {
  std::string out = EnumName(*v1::PayloadIndexKind_descriptor(), index.kind());
  if (index.kind() != v1::PAYLOAD_INDEX_KIND_TEXT) return out;
  const v1::TextParams& text = index.text();
  if (text.tokenizer() == v1::TEXT_TOKENIZER_WHITESPACE) out += ",tokenizer=whitespace";
  if (text.case_sensitive()) out += ",case_sensitive=true";
  if (!text.stemmer().empty() && text.stemmer() != "none") out += ",stemmer=" + text.stemmer();
  if (text.min_token_chars() > 1) out += ",min=" + std::to_string(text.min_token_chars());
  if (text.max_token_chars() != 0 && text.max_token_chars() != 255) {
    out += ",max=" + std::to_string(text.max_token_chars());
  }
  for (const std::string& word : text.stop_words()) out += ",stop=" + word;
  return out;
}

}  // namespace sagitta::cli
