// SealedSegment: an immutable segment in a mapped section file (docs/segment-format.md).
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/section_file.h"
#include "engine/segment.h"

namespace sagitta::engine {

// Names of the sections that every segment has. DO NOT CHANGE: they are on disk.
namespace section {
inline constexpr char kMeta[] = "meta";
inline constexpr char kInternalIds[] = "internal_ids";
inline constexpr char kVersions[] = "versions";
inline constexpr char kExtOffsets[] = "ext_offsets";
inline constexpr char kExtKeys[] = "ext_keys";
inline constexpr char kExpiryRows[] = "expiry_rows";
inline constexpr char kExpiryMs[] = "expiry_ms";
inline std::string FieldPrefix(size_t field) { return "f" + std::to_string(field) + "."; }
inline constexpr char kPositions[] =
    "positions";  // behind the prefix; only where some rows lack the field
inline constexpr char kVectors[] = "vectors";  // behind the prefix
}  // namespace section

// What the "meta" section says of one field.
struct SealedFieldMeta {
  uint32_t vectors = 0;
  Dtype dtype =
      Dtype::kF32;  // of the rows: the layout's, or a narrower one that holds them exactly
  IndexKind kind = IndexKind::kFlat;
  IndexParams params;  // it was built under
};

std::string EncodeSegmentMeta(uint32_t rows, const std::vector<FieldLayout>& layouts,
                              const std::vector<SealedFieldMeta>& fields);

class SealedSegment final : public Segment {
 public:
  // Opens `path` and checks everything that it follows later; the content of small files (≤ 1 GiB)
  // against its checksums too, that of larger ones when verified(). DATA_LOSS names the file and
  // section.
  static Result<std::shared_ptr<SealedSegment>> Open(const std::string& path, const std::string& id,
                                                     const std::vector<FieldLayout>& layouts);
  ~SealedSegment() override;

  // The file goes when the last reader has gone.
  void RemoveFileWhenUnused() { obsolete_.store(true); }
  const std::string& path() const { return file_->path(); }
  bool verified() const { return verified_.load(); }
  Status VerifyContent();

  bool sealed() const override { return true; }
  uint32_t rows() const override { return rows_; }
  uint64_t internal_id(uint32_t row) const override { return internal_ids_[row]; }
  uint64_t version(uint32_t row) const override { return versions_[row]; }
  std::string_view ext_key(uint32_t row) const override {
    return {ext_keys_ + ext_offsets_[row], ext_offsets_[row + 1] - ext_offsets_[row]};
  }
  int64_t expires_at_ms(uint32_t row) const override;
  const std::byte* vector(uint16_t field, uint32_t row) const override;
  void WillNeedVector(uint16_t field, uint32_t row) const override;
  bool MaskExpired(int64_t now_ms, uint32_t rows, base::Bitset* live) const override;
  bool may_expire() const override { return !expiry_rows_.empty(); }
  int64_t first_expiry_ms() const override;
  bool MaskAbsent(uint16_t field, uint32_t rows, base::Bitset* live) const override;
  bool HasAbsent(uint16_t field) const override { return fields_[field].rows.n != rows_; }
  Status Search(uint16_t field, uint32_t rows, const index::IndexQuery& query,
                std::vector<index::Candidate>* out, uint64_t* distances) const override;
  Status SearchMany(uint16_t field, uint32_t rows,
                    std::span<index::ManyQuery> queries) const override;
  Status ScanMany(uint16_t field, uint32_t rows, std::span<index::ManyQuery> queries,
                  uint64_t* distances) const override;
  Dtype row_dtype(uint16_t field) const override { return fields_[field].rows.dtype; }
  IndexKind index_kind(uint16_t field) const override { return fields_[field].meta.kind; }
  std::shared_ptr<index::GraphModel> MakeGraphModel(uint16_t field) const override {
    const auto& index = fields_[field].index;
    return index == nullptr ? nullptr : index->MakeGraphModel();
  }
  bool Satisfies(uint16_t field, const IndexParams& wanted) const override;
  SegmentStats Stats() const override;

  // Of a field, for deciding where its vectors are kept.
  struct Residence {
    uint64_t vector_bytes = 0;
    bool walks_vectors = false;  // searches compare them, and not only those of candidates
    bool on_disk = false;
    uint64_t searches = 0;  // since the open
  };
  Residence residence(uint16_t field) const;
  // From memory to disk: pages are let go. Back: they are asked for. Searches go on meanwhile.
  void SetOnDisk(uint16_t field, bool on_disk);
  // Lets go of the vectors of a field on disk once more, when more than `most` bytes are in memory.
  void TrimVectors(uint16_t field, uint64_t most) const;
  // Of the file, without vectors, and of what it needs on the heap.
  uint64_t NeededBytes() const;

 private:
  // Apart, so that a field can be moved.
  struct Use {
    std::atomic<uint64_t> searches{0};
    std::atomic<bool> on_disk{false};
  };
  struct Field {
    SealedFieldMeta meta;
    index::VectorRows rows;
    std::span<const uint32_t> positions;  // position → row; empty when all rows have the field
    std::unique_ptr<index::VectorIndex> index;
    std::unique_ptr<Use> use = std::make_unique<Use>();

    // Makes rows of positions.
    void ToRows(std::vector<index::Candidate>* found) const {
      if (positions.empty()) return;
      for (index::Candidate& c : *found) c.position = positions[c.position];
    }
  };
  uint64_t VectorOffset(const Field& field) const;  // in the file
  uint64_t VectorBytes() const;                     // of all fields

  SealedSegment(std::string id, uint32_t rows, std::unique_ptr<base::SectionFileReader> file)
      : Segment(std::move(id), rows), file_(std::move(file)), rows_(rows) {}
  Status OpenIds();
  Status OpenField(size_t number, const FieldLayout& layout, const SealedFieldMeta& meta);

  std::unique_ptr<base::SectionFileReader> file_;
  const uint32_t rows_;
  std::span<const uint64_t> internal_ids_;
  std::span<const uint64_t> versions_;
  std::span<const uint64_t> ext_offsets_;
  const char* ext_keys_ = nullptr;
  std::span<const uint32_t> expiry_rows_;
  std::span<const int64_t> expiry_ms_;
  std::vector<uint32_t> expiry_order_;  // positions in expiry_ms_, earliest first
  std::vector<Field> fields_;
  std::atomic<bool> obsolete_{false};
  std::atomic<bool> verified_{false};
};

}  // namespace sagitta::engine
