// A path split into its keys. Thread-compatible. REQUIRES: the path's text outlives it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace sagitta::filter {

// Containers inside each other in a payload, the payload itself among them.
inline constexpr size_t kMaxPayloadDepth = 32;
inline constexpr size_t kMaxPathBytes = 1024;
inline constexpr size_t kMaxKeyBytes = 256;

class PayloadPath {
 public:
  explicit PayloadPath(std::string_view path) {
    while (true) {
      // No payload is that deep, and no key is empty: such a path leads nowhere.
      const size_t dot = path.find('.');
      const std::string_view key = path.substr(0, dot);
      if (count_ == kMaxPayloadDepth || key.empty()) {
        count_ = 0;
        return;
      }
      keys_[count_++] = key;
      if (dot == std::string_view::npos) return;
      path.remove_prefix(dot + 1);
    }
  }
  // Empty when the path leads nowhere.
  std::span<const std::string_view> keys() const { return {keys_.data(), count_}; }

 private:
  std::array<std::string_view, kMaxPayloadDepth> keys_;
  size_t count_ = 0;
};

}  // namespace sagitta::filter
