// The codes of rows as they lie in a section file: the codec, trained on the rows themselves or a
// model of the database's, and the codes in runs, each stored as the codec wants them for scans.
// Byte by byte in docs/segment-format.md.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/section_file.h"
#include "codec/codec.h"
#include "index/shared_codes.h"
#include "index/vector_index.h"

namespace sagitta::index {

// DO NOT CHANGE: stored.
struct CodedHeader {
  uint32_t version = 1;
  uint32_t kind = 0;  // CodecKind
  uint64_t n = 0;
  uint32_t dims = 0;    // coded elements
  uint32_t metric = 0;  // Metric
  uint64_t runs = 0;
  uint64_t slots = 0;  // codes, where rows share them; 0 = each row has one
  uint32_t reserved[6] = {};
};
static_assert(sizeof(CodedHeader) == 64);

// What `params` come to for vectors of `dim` elements: no number of it is 0 that matters.
codec::CodecSpec ResolveCodec(const CodecParams& params, uint32_t dim, Metric metric);

// Rows that the codec is soundly trained on, at least.
size_t LeastCodedRows(const CodecParams& params, uint32_t dim);

// Trains a codec, or takes that of a model, and writes it and all codes; of rows that share one
// (shared_codes.h) one.
Status BuildCodedRows(const VectorRows& rows, const CodecParams& params, const CodeRuns& runs,
                      const BuildContext& context, const std::string& prefix,
                      base::SectionFileWriter* out);

// A checked view into a mapped file. Immutable; thread-safe.
class CodedRows {
 public:
  // DATA_LOSS naming what is wrong. `offsets` are those of the runs.
  static Result<CodedRows> Open(const VectorRows& rows, std::span<const uint64_t> offsets,
                                const std::string& prefix, const base::SectionFileReader& file);

  // `query` is as IndexQuery::vector.
  // In which its runs are stored.
  codec::CodecFormat format() const { return codec_->format(); }
  std::unique_ptr<codec::CodecQuery> Prepare(const float* query) const;
  // Codes of a run.
  size_t length(size_t run) const { return offsets_[run + 1] - offsets_[run]; }
  // At most n codes of a run, from `begin` on, a multiple of 64. They are called by their slots,
  // which are entries where each row has a code.
  codec::StoredRows Part(size_t run, size_t begin, size_t n) const;
  bool shared() const { return !shared_.member_offsets.empty(); }
  // The rows of a slot. REQUIRES: shared().
  std::span<const uint32_t> RowsOf(size_t slot) const { return shared_.of(slot); }

  size_t MemoryBytes() const {
    // A codec that segments share counts once in all of them together, about.
    return codec_->MemoryBytes() / static_cast<size_t>(std::max(1l, codec_.use_count())) +
           (starts_.capacity() + offsets_.capacity()) * sizeof(size_t);
  }
  size_t MappedBytes() const { return bytes_; }

 private:
  std::shared_ptr<const codec::Codec> codec_;  // of models shared with other segments
  std::span<const std::byte> codes_;
  uint32_t dim_ = 0;  // of the rows
  SharedCodesView shared_;
  std::vector<uint64_t> offsets_;  // of each run, in slots
  std::vector<size_t> starts_;  // of each run, in codes_
  size_t bytes_ = 0;
};

}  // namespace sagitta::index
