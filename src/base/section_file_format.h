// Constants of the section file; docs/segment-format.md has the whole layout. DO NOT CHANGE: they
// are stored.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sagitta::base {

inline constexpr std::string_view kSectionMagic{"SAGITTA\x01", 8};
inline constexpr std::string_view kSectionEndMagic{
    "\x01"
    "ATTIGAS",
    8};
inline constexpr uint32_t kSectionFormatVersion = 1;

inline constexpr size_t kSectionHeaderBytes = 64;
inline constexpr size_t kSectionFooterBytes = 64;
inline constexpr size_t kSectionAlignment = 64;
inline constexpr size_t kSectionBlockBytes = 64 << 10;  // of content under one hash
inline constexpr size_t kMaxSectionNameBytes = 200;

// Header: magic 8, version u32, 44 zero bytes, XXH3-64 of the 56 bytes before.
inline constexpr size_t kHeaderVersionAt = 8;
inline constexpr size_t kHeaderHashAt = 56;
// Footer: table offset u64, table bytes u64, table hash u64, file bytes u64, sections u32, 12 zero
// bytes, XXH3-64 of the 48 bytes before, end magic 8.
inline constexpr size_t kFooterHashAt = 48;
inline constexpr size_t kFooterMagicAt = 56;

constexpr uint64_t AlignSection(uint64_t offset) {
  return (offset + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}
constexpr uint64_t SectionBlocks(uint64_t bytes) {
  return bytes / kSectionBlockBytes + (bytes % kSectionBlockBytes != 0 ? 1 : 0);
}

}  // namespace sagitta::base
