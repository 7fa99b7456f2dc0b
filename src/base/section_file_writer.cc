#include <xxhash.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/fault.h"
#include "base/section_file.h"
#include "base/section_file_format.h"

namespace sagitta::base {

struct SectionFileWriter::Impl {
  struct Section {
    std::string name;
    uint64_t offset;
    uint64_t bytes;
    std::vector<uint64_t> hashes;
  };

  std::string path;
  std::string temporary;
  std::unique_ptr<FileWriter> file;
  std::vector<Section> sections;
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> block{XXH3_createState(),
                                                                        XXH3_freeState};
  bool open = false;  // a section is being written
  bool finished = false;
  Status failed;  // the first failure; every later call returns it again

  Status Fail(Status status) {
    if (failed.ok()) failed = std::move(status);
    return failed;
  }

  Status PadTo(uint64_t offset) {
    constexpr std::array<char, kSectionAlignment> kZeros{};
    return file->Append(kZeros.data(), static_cast<size_t>(offset - file->offset()));
  }

  void EndSection() {
    if (!open) return;
    open = false;
    if (sections.back().bytes % kSectionBlockBytes != 0) EndBlock();
  }

  void EndBlock() {
    sections.back().hashes.push_back(XXH3_64bits_digest(block.get()));
    XXH3_64bits_reset(block.get());
  }

  void Hash(const char* data, size_t bytes) {
    Section& section = sections.back();
    while (bytes > 0) {
      const size_t filled = section.bytes % kSectionBlockBytes;
      const size_t take = std::min(bytes, kSectionBlockBytes - filled);
      XXH3_64bits_update(block.get(), data, take);
      section.bytes += take;
      data += take;
      bytes -= take;
      if (section.bytes % kSectionBlockBytes == 0) EndBlock();
    }
  }

  Status WriteHeader() {
    std::string header(kSectionMagic);
    PutLe(header, kSectionFormatVersion);
    header.resize(kHeaderHashAt, '\0');
    PutLe(header, Xxh3(header.data(), header.size()));
    return file->Append(header.data(), header.size());
  }

  Status WriteTableAndFooter() {
    std::string table;
    for (const Section& section : sections) {
      PutLe(table, static_cast<uint16_t>(section.name.size()));
      table.append(section.name);
      PutLe(table, section.offset);
      PutLe(table, section.bytes);
      for (const uint64_t hash : section.hashes) PutLe(table, hash);
    }
    const uint64_t table_offset = AlignSection(file->offset());
    SAGITTA_RETURN_IF_ERROR(PadTo(table_offset));
    SAGITTA_RETURN_IF_ERROR(file->Append(table.data(), table.size()));
    const uint64_t footer_offset = AlignSection(file->offset());
    SAGITTA_RETURN_IF_ERROR(PadTo(footer_offset));
    std::string footer;
    PutLe(footer, table_offset);
    PutLe(footer, uint64_t{table.size()});
    PutLe(footer, Xxh3(table.data(), table.size()));
    PutLe(footer, footer_offset + kSectionFooterBytes);
    PutLe(footer, static_cast<uint32_t>(sections.size()));
    footer.resize(kFooterHashAt, '\0');
    PutLe(footer, Xxh3(footer.data(), footer.size()));
    footer.append(kSectionEndMagic);
    return file->Append(footer.data(), footer.size());
  }

  Status Finish() {
    EndSection();
    SAGITTA_RETURN_IF_ERROR(WriteTableAndFooter());
    SAGITTA_RETURN_IF_ERROR(file->Sync());
    SAGITTA_RETURN_IF_ERROR(file->Close());
    SAGITTA_FAULT("section_file.before_rename");
    SAGITTA_RETURN_IF_ERROR(RenameFile(temporary, path));
    SAGITTA_FAULT("section_file.after_rename");
    finished = true;
    return Status::Ok();
  }
};

SectionFileWriter::SectionFileWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SectionFileWriter::~SectionFileWriter() {
  if (impl_->finished) return;
  impl_->file.reset();
  // Best effort: whoever opens the directory next removes what is in no manifest.
  (void)RemoveFile(impl_->temporary).ok();
}

Result<std::unique_ptr<SectionFileWriter>> SectionFileWriter::Create(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  impl->temporary = path + ".tmp";
  SAGITTA_ASSIGN_OR_RETURN(impl->file, FileWriter::Create(impl->temporary));
  XXH3_64bits_reset(impl->block.get());
  auto writer = std::unique_ptr<SectionFileWriter>(new SectionFileWriter(std::move(impl)));
  SAGITTA_RETURN_IF_ERROR(writer->impl_->WriteHeader());
  return writer;
}

Status SectionFileWriter::Begin(std::string_view name) {
  SAGITTA_RETURN_IF_ERROR(impl_->failed);
  if (name.empty() || name.size() > kMaxSectionNameBytes) {
    return impl_->Fail(Status::Internal("section name of " + std::to_string(name.size()) +
                                        " bytes; 1 to 200 are allowed"));
  }
  for (const Impl::Section& section : impl_->sections) {
    if (section.name == name) {
      return impl_->Fail(Status::Internal("section '" + section.name + "' is there twice"));
    }
  }
  impl_->EndSection();
  const uint64_t offset = AlignSection(impl_->file->offset());
  SAGITTA_RETURN_IF_ERROR(impl_->Fail(impl_->PadTo(offset)));
  impl_->sections.push_back({std::string(name), offset, 0, {}});
  impl_->open = true;
  return Status::Ok();
}

Status SectionFileWriter::Append(const void* data, size_t bytes) {
  SAGITTA_RETURN_IF_ERROR(impl_->failed);
  if (!impl_->open) return impl_->Fail(Status::Internal("section content before Begin()"));
  if (bytes == 0) return Status::Ok();
  impl_->Hash(static_cast<const char*>(data), bytes);
  return impl_->Fail(impl_->file->Append(data, bytes));
}

Status SectionFileWriter::Write(std::string_view name, std::span<const std::byte> content) {
  SAGITTA_RETURN_IF_ERROR(Begin(name));
  return Append(content.data(), content.size());
}

Status SectionFileWriter::WriteString(std::string_view name, std::string_view content) {
  return Write(name, std::as_bytes(std::span(content.data(), content.size())));
}

Status SectionFileWriter::Finish() {
  SAGITTA_RETURN_IF_ERROR(impl_->failed);
  const Status status = impl_->Finish();
  // Either way this writer is done: a second Finish() must not write a second table.
  impl_->failed =
      status.ok() ? Status::Internal("section file " + impl_->path + " is finished") : status;
  return status;
}

uint64_t SectionFileWriter::bytes_written() const { return impl_->file->offset(); }

Result<uint64_t> SectionFileWriter::SectionOffset(std::string_view name) const {
  for (const Impl::Section& section : impl_->sections) {
    if (section.name == name) return section.offset;
  }
  return Status::NotFound("section '" + std::string(name) + "' was not begun in " + impl_->path);
}

Result<std::unique_ptr<MappedFile>> SectionFileWriter::MapWritten() {
  SAGITTA_RETURN_IF_ERROR(impl_->failed);
  SAGITTA_RETURN_IF_ERROR(impl_->Fail(impl_->file->Flush()));
  return MappedFile::Open(impl_->temporary);
}

}  // namespace sagitta::base
