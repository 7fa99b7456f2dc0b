#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/section_file.h"
#include "base/section_file_format.h"

namespace sagitta::base {

namespace {

struct Footer {
  uint64_t table_offset = 0;
  uint64_t table_bytes = 0;
  uint64_t table_hash = 0;
  uint64_t file_bytes = 0;
  uint32_t sections = 0;
};

Status Damaged(const std::string& path, std::string_view what) {
  return Status::DataLoss("segment file " + path + ": " + std::string(what));
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool AllZero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// The header's layout is the same in all versions, so that a newer one is told apart from damage.
Status CheckHeader(const std::string& path, std::string_view header) {
  if (!header.starts_with(kSectionMagic)) return Damaged(path, "no segment file (bad magic)");
  std::string_view hash_text = header.substr(kHeaderHashAt);
  uint64_t hash = 0;
  GetLe(hash_text, &hash);
  if (hash != Xxh3(header.data(), kHeaderHashAt)) return Damaged(path, "bad header checksum");
  std::string_view version_text = header.substr(kHeaderVersionAt);
  uint32_t version = 0;
  GetLe(version_text, &version);
  if (version > kSectionFormatVersion) {
    return Status::FailedPrecondition("segment file " + path + " has format version " +
                                      std::to_string(version) + "; this build reads up to " +
                                      std::to_string(kSectionFormatVersion));
  }
  if (version == 0) return Damaged(path, "format version 0");
  return Status::Ok();
}

Result<Footer> ReadFooter(const std::string& path, std::string_view file) {
  const std::string_view text = file.substr(file.size() - kSectionFooterBytes);
  if (text.substr(kFooterMagicAt) != kSectionEndMagic) {
    return Damaged(path, "no footer at its end: truncated or overwritten");
  }
  std::string_view in = text.substr(kFooterHashAt);
  uint64_t hash = 0;
  GetLe(in, &hash);
  if (hash != Xxh3(text.data(), kFooterHashAt)) return Damaged(path, "bad footer checksum");
  Footer footer;
  in = text;
  GetLe(in, &footer.table_offset);
  GetLe(in, &footer.table_bytes);
  GetLe(in, &footer.table_hash);
  GetLe(in, &footer.file_bytes);
  GetLe(in, &footer.sections);
  if (footer.file_bytes != file.size()) {
    return Damaged(path, "is " + std::to_string(file.size()) + " bytes, its footer says " +
                             std::to_string(footer.file_bytes));
  }
  const uint64_t footer_offset = file.size() - kSectionFooterBytes;
  if (footer.table_offset < kSectionHeaderBytes || footer.table_offset > footer_offset ||
      footer.table_offset % kSectionAlignment != 0 ||
      footer.table_bytes > footer_offset - footer.table_offset ||
      AlignSection(footer.table_offset + footer.table_bytes) != footer_offset) {
    return Damaged(path, "its section table lies outside the file");
  }
  const std::string_view table = file.substr(footer.table_offset, footer.table_bytes);
  if (Xxh3(table.data(), table.size()) != footer.table_hash) {
    return Damaged(path, "bad section table checksum");
  }
  return footer;
}

// One entry from the front of `table`. `end` is the end of the section before, and then of this
// one.
Status ReadEntry(const std::string& path, uint64_t table_offset, std::string_view& table,
                 uint64_t* end, SectionFileReader::SectionInfo* info,
                 std::vector<uint64_t>* hashes) {
  uint16_t name_bytes = 0;
  if (!GetLe(table, &name_bytes) || name_bytes == 0 || name_bytes > kMaxSectionNameBytes ||
      name_bytes > table.size()) {
    return Damaged(path, "bad section name in the table");
  }
  info->name = table.substr(0, name_bytes);
  table.remove_prefix(name_bytes);
  if (!GetLe(table, &info->offset) || !GetLe(table, &info->bytes)) {
    return Damaged(path, "the section table ends early");
  }
  // Exactly where the writer puts it: after the one before, so that sections never overlap.
  if (info->offset != AlignSection(*end) || info->offset > table_offset ||
      info->bytes > table_offset - info->offset) {
    return Damaged(path, "section '" + info->name + "' is out of place");
  }
  *end = info->offset + info->bytes;
  const uint64_t blocks = SectionBlocks(info->bytes);
  if (blocks > table.size() / sizeof(uint64_t)) {
    return Damaged(path, "the section table ends early");
  }
  hashes->resize(blocks);
  if (blocks > 0) std::memcpy(hashes->data(), table.data(), blocks * sizeof(uint64_t));
  table.remove_prefix(blocks * sizeof(uint64_t));
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<SectionFileReader>> SectionFileReader::Open(const std::string& path) {
  auto mapped = MappedFile::Open(path);
  if (!mapped.ok()) {
    // Whoever opens a section file was told by a manifest that it is there.
    if (mapped.status().code() == StatusCode::kNotFound) return Damaged(path, "is missing");
    return mapped.status();
  }
  std::unique_ptr<SectionFileReader> reader(new SectionFileReader(*std::move(mapped)));
  const std::string_view file = AsText(reader->file_->bytes());
  if (file.size() < kSectionHeaderBytes + kSectionFooterBytes) {
    return Damaged(path, "is " + std::to_string(file.size()) + " bytes: truncated");
  }
  SAGITTA_RETURN_IF_ERROR(CheckHeader(path, file.substr(0, kSectionHeaderBytes)));
  SAGITTA_ASSIGN_OR_RETURN(const Footer footer, ReadFooter(path, file));
  std::string_view table = file.substr(footer.table_offset, footer.table_bytes);
  std::set<std::string, std::less<>> names;
  uint64_t end = kSectionHeaderBytes;
  for (uint32_t i = 0; i < footer.sections; ++i) {
    SectionInfo info;
    std::vector<uint64_t> hashes;
    SAGITTA_RETURN_IF_ERROR(ReadEntry(path, footer.table_offset, table, &end, &info, &hashes));
    if (!names.insert(info.name).second) {
      return Damaged(path, "section '" + info.name + "' is there twice");
    }
    reader->sections_.push_back(std::move(info));
    reader->block_hashes_.push_back(std::move(hashes));
  }
  if (!table.empty() || AlignSection(end) != footer.table_offset) {
    return Damaged(path, "the section table does not match its count of sections");
  }
  return reader;
}

Status SectionFileReader::Verify() const {
  const std::string_view file = AsText(file_->bytes());
  uint64_t end = kSectionHeaderBytes;  // of what was checked; padding follows
  for (size_t i = 0; i < sections_.size(); ++i) {
    const SectionInfo& section = sections_[i];
    if (!AllZero(file.substr(end, section.offset - end))) {
      return Damaged(path(), "bytes before section '" + section.name + "' are not zero");
    }
    const std::string_view content = file.substr(section.offset, section.bytes);
    for (size_t block = 0; block < block_hashes_[i].size(); ++block) {
      const std::string_view part = content.substr(block * kSectionBlockBytes, kSectionBlockBytes);
      if (Xxh3(part.data(), part.size()) != block_hashes_[i][block]) {
        return Damaged(path(), "section '" + section.name + "', block " + std::to_string(block) +
                                   ": bad checksum");
      }
    }
    end = section.offset + section.bytes;
  }
  const std::string_view footer = file.substr(file.size() - kSectionFooterBytes);
  std::string_view in = footer;
  uint64_t table_offset = 0;
  uint64_t table_bytes = 0;
  GetLe(in, &table_offset);
  GetLe(in, &table_bytes);
  const uint64_t footer_offset = file.size() - kSectionFooterBytes;
  const uint64_t table_end = table_offset + table_bytes;
  if (!AllZero(file.substr(end, table_offset - end)) ||
      !AllZero(file.substr(table_end, footer_offset - table_end))) {
    return Damaged(path(), "bytes around the section table are not zero");
  }
  return Status::Ok();
}

bool SectionFileReader::Has(std::string_view name) const {
  return std::any_of(sections_.begin(), sections_.end(),
                     [&](const SectionInfo& section) { return section.name == name; });
}

Result<std::span<const std::byte>> SectionFileReader::Section(std::string_view name) const {
  for (const SectionInfo& section : sections_) {
    if (section.name == name) return file_->bytes().subspan(section.offset, section.bytes);
  }
  return Damaged(path(), "has no section '" + std::string(name) + "'");
}

Status SectionFileReader::WrongSize(std::string_view name, uint64_t bytes, size_t element,
                                    int64_t expected) const {
  std::string what = "section '" + std::string(name) + "' has " + std::to_string(bytes) +
                     " bytes, not a whole number of elements of " + std::to_string(element);
  if (expected >= 0) {
    what = "section '" + std::string(name) + "' has " + std::to_string(bytes) + " bytes, not " +
           std::to_string(expected) + " elements of " + std::to_string(element);
  }
  return Damaged(path(), what);
}

}  // namespace sagitta::base
