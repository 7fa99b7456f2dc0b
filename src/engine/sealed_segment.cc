#include "engine/sealed_segment.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/file.h"
#include "base/log.h"
#include "base/names.h"
#include "engine/segment_meta.h"

namespace sagitta::engine {
namespace {

// Checking a file of this size reads memory speed from the page cache, a second or two from a disk.
constexpr uint64_t kVerifyAtOpenBytes = uint64_t{1} << 30;

bool Ascends(std::span<const uint64_t> values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()) == values.end();
}

uint64_t BytesOf(const index::VectorRows& rows) { return rows.n * rows.stride(); }

}  // namespace

Result<std::shared_ptr<SealedSegment>> SealedSegment::Open(
    const std::string& path, const std::string& id, const std::vector<FieldLayout>& layouts) {
  SAGITTA_ASSIGN_OR_RETURN(auto file, base::SectionFileReader::Open(path));
  const bool verify = file->file_bytes() <= kVerifyAtOpenBytes;
  if (verify) SAGITTA_RETURN_IF_ERROR(file->Verify());
  SAGITTA_ASSIGN_OR_RETURN(auto meta_bytes, file->Section(section::kMeta));
  auto meta = ParseSegmentMeta(
      {reinterpret_cast<const char*>(meta_bytes.data()), meta_bytes.size()}, layouts);
  if (!meta.ok()) {
    return Status(meta.status().code(), path + ": " + meta.status().message());
  }
  std::shared_ptr<SealedSegment> segment(new SealedSegment(id, meta->rows, std::move(file)));
  SAGITTA_RETURN_IF_ERROR(segment->OpenIds());
  for (size_t i = 0; i < layouts.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(segment->OpenField(i, layouts[i], meta->fields[i]));
  }
  segment->verified_.store(verify);
  return segment;
}

SealedSegment::~SealedSegment() {
  if (!obsolete_.load()) return;
  const Status status = base::RemoveFile(file_->path());
  if (!status.ok()) base::LogWarn("cannot remove {}: {}", file_->path(), status.ToString());
}

Status SealedSegment::OpenIds() {
  SAGITTA_ASSIGN_OR_RETURN(internal_ids_, file_->Array<uint64_t>(section::kInternalIds, rows_));
  SAGITTA_ASSIGN_OR_RETURN(versions_, file_->Array<uint64_t>(section::kVersions, rows_));
  SAGITTA_ASSIGN_OR_RETURN(ext_offsets_,
                           file_->Array<uint64_t>(section::kExtOffsets, int64_t{rows_} + 1));
  SAGITTA_ASSIGN_OR_RETURN(auto keys, file_->Section(section::kExtKeys));
  SAGITTA_ASSIGN_OR_RETURN(expiry_rows_, file_->Array<uint32_t>(section::kExpiryRows));
  SAGITTA_ASSIGN_OR_RETURN(
      expiry_ms_,
      file_->Array<int64_t>(section::kExpiryMs, static_cast<int64_t>(expiry_rows_.size())));
  ext_keys_ = reinterpret_cast<const char*>(keys.data());
  if (!Ascends(internal_ids_))
    return Status::DataLoss(file_->path() + ": internal_ids do not ascend");
  if (!std::is_sorted(ext_offsets_.begin(), ext_offsets_.end()) || ext_offsets_.front() != 0 ||
      ext_offsets_.back() != keys.size()) {
    return Status::DataLoss(file_->path() + ": ext_offsets do not fit ext_keys");
  }
  for (size_t i = 0; i < expiry_rows_.size(); ++i) {
    if (expiry_rows_[i] >= rows_ || (i > 0 && expiry_rows_[i] <= expiry_rows_[i - 1])) {
      return Status::DataLoss(file_->path() + ": expiry_rows are no ascending rows");
    }
  }
  expiry_order_.resize(expiry_rows_.size());
  std::iota(expiry_order_.begin(), expiry_order_.end(), 0u);
  std::sort(expiry_order_.begin(), expiry_order_.end(),
            [&](uint32_t a, uint32_t b) { return expiry_ms_[a] < expiry_ms_[b]; });
  return Status::Ok();
}

Status SealedSegment::OpenField(size_t number, const FieldLayout& layout,
                                const SealedFieldMeta& meta) {
  const std::string prefix = section::FieldPrefix(number);
  Field field{.meta = meta, .rows = {}, .positions = {}, .index = nullptr};
  SAGITTA_ASSIGN_OR_RETURN(auto bytes, file_->Section(prefix + section::kVectors));
  field.rows = {.data = bytes.data(),
                .n = meta.vectors,
                .dim = layout.dim,
                .dtype = meta.dtype,
                .metric = layout.metric};
  if (bytes.size() != meta.vectors * field.rows.stride()) {
    return Status::DataLoss(file_->path() + ": section " + prefix + section::kVectors + " has " +
                            std::to_string(bytes.size()) + " bytes for " +
                            std::to_string(meta.vectors) + " vectors");
  }
  if (meta.vectors != rows_) {
    SAGITTA_ASSIGN_OR_RETURN(field.positions,
                             file_->Array<uint32_t>(prefix + section::kPositions, meta.vectors));
    for (size_t i = 0; i < field.positions.size(); ++i) {
      if (field.positions[i] >= rows_ || (i > 0 && field.positions[i] <= field.positions[i - 1])) {
        return Status::DataLoss(file_->path() + ": " + prefix + "positions are no ascending rows");
      }
    }
  }
  SAGITTA_ASSIGN_OR_RETURN(field.index,
                           index::OpenIndex(meta.kind, meta.params, field.rows, prefix, *file_));
  fields_.push_back(std::move(field));
  return Status::Ok();
}

Status SealedSegment::VerifyContent() {
  SAGITTA_RETURN_IF_ERROR(file_->Verify());
  verified_.store(true);
  return Status::Ok();
}

int64_t SealedSegment::first_expiry_ms() const {
  return expiry_order_.empty() ? std::numeric_limits<int64_t>::max()
                               : expiry_ms_[expiry_order_.front()];
}

int64_t SealedSegment::expires_at_ms(uint32_t row) const {
  const auto it = std::lower_bound(expiry_rows_.begin(), expiry_rows_.end(), row);
  return it != expiry_rows_.end() && *it == row ? expiry_ms_[it - expiry_rows_.begin()] : 0;
}

const std::byte* SealedSegment::vector(uint16_t number, uint32_t row) const {
  const Field& field = fields_[number];
  if (field.positions.empty()) return field.rows.n == 0 ? nullptr : field.rows.row(row);
  const auto it = std::lower_bound(field.positions.begin(), field.positions.end(), row);
  if (it == field.positions.end() || *it != row) return nullptr;
  return field.rows.row(static_cast<size_t>(it - field.positions.begin()));
}

void SealedSegment::WillNeedVector(uint16_t number, uint32_t row) const {
  const Field& field = fields_[number];
  if (!field.use->on_disk.load(std::memory_order_relaxed)) return;
  const std::byte* data = vector(number, row);
  if (data != nullptr) base::WillNeedBytes(data, field.rows.stride());
}

bool SealedSegment::MaskExpired(int64_t now_ms, uint32_t, base::Bitset* live) const {
  bool any = false;
  for (const uint32_t i : expiry_order_) {
    if (expiry_ms_[i] > now_ms) break;
    live->Clear(expiry_rows_[i]);
    any = true;
  }
  return any;
}

bool SealedSegment::MaskAbsent(uint16_t number, uint32_t rows, base::Bitset* live) const {
  const Field& field = fields_[number];
  if (field.rows.n == rows_) return false;
  base::Bitset present(rows);
  for (const uint32_t row : field.positions) present.Set(row);
  for (size_t i = 0; i < live->word_count(); ++i) live->words()[i] &= present.words()[i];
  return true;
}

Status SealedSegment::Search(uint16_t number, uint32_t, const index::IndexQuery& query,
                             std::vector<index::Candidate>* out, uint64_t* distances) const {
  const Field& field = fields_[number];
  out->clear();
  if (field.rows.n == 0) return Status::Ok();
  field.use->searches.fetch_add(1, std::memory_order_relaxed);
  const bool on_disk = field.use->on_disk.load(std::memory_order_relaxed);
  if (field.positions.empty() && !on_disk) return field.index->Search(query, out, distances);
  index::IndexQuery mapped = query;
  mapped.vectors_on_disk = on_disk;
  if (field.positions.empty()) return field.index->Search(mapped, out, distances);
  mapped.filter.row_of = field.positions.data();
  SAGITTA_RETURN_IF_ERROR(field.index->Search(mapped, out, distances));
  field.ToRows(out);
  return Status::Ok();
}

Status SealedSegment::SearchMany(uint16_t number, uint32_t,
                                 std::span<index::ManyQuery> queries) const {
  const Field& field = fields_[number];
  const bool on_disk = field.use->on_disk.load(std::memory_order_relaxed);
  for (index::ManyQuery& many : queries) {
    many.found->clear();
    many.query.vectors_on_disk = on_disk;
    if (!field.positions.empty()) many.query.filter.row_of = field.positions.data();
  }
  if (field.rows.n == 0) return Status::Ok();
  field.use->searches.fetch_add(queries.size(), std::memory_order_relaxed);
  SAGITTA_RETURN_IF_ERROR(field.index->SearchMany(queries));
  for (index::ManyQuery& many : queries) field.ToRows(many.found);
  return Status::Ok();
}

Status SealedSegment::ScanMany(uint16_t number, uint32_t, std::span<index::ManyQuery> queries,
                               uint64_t* distances) const {
  const Field& field = fields_[number];
  index::ManyScan scan(queries);
  SAGITTA_RETURN_IF_ERROR(
      scan.Add(field.rows, {.first = 0, .positions = field.positions}, distances));
  scan.Finish();
  return Status::Ok();
}

bool SealedSegment::Satisfies(uint16_t number, const IndexParams& wanted) const {
  const Field& field = fields_[number];
  return index::Satisfies(field.meta.params, field.meta.kind, wanted,
                          {field.rows.n, field.rows.dim, field.rows.dtype});
}

SegmentStats SealedSegment::Stats() const {
  SegmentStats stats;
  stats.id = id();
  stats.state = "sealed";
  stats.rows = rows_;
  stats.deleted = tombstones().Count();
  for (const Field& field : fields_) {
    stats.indexes.emplace_back(base::IndexKindName(field.meta.kind));
    stats.dtypes.emplace_back(base::DtypeName(field.meta.dtype));
    const index::IndexBytes bytes = field.index->Bytes();
    const size_t vectors = BytesOf(field.rows);
    stats.space.mapped_vectors += vectors;
    stats.space.mapped_codes += bytes.mapped_codes;
    stats.space.mapped_links += bytes.mapped_links;
    stats.space.memory_codes += bytes.memory_codes;
    stats.space.memory_links += bytes.memory_links;
    stats.space.resident_vectors += file_->file().ResidentBytes(VectorOffset(field), vectors);
    stats.vectors_on_disk.push_back(field.use->on_disk.load());
  }
  const SpaceUse mapped = stats.space;
  stats.space.mapped_ids = file_->file_bytes() - mapped.mapped_vectors - mapped.mapped_index();
  const uint64_t resident = file_->file().ResidentBytes(0, file_->file_bytes());
  // Pages shared by both are counted with the vectors.
  stats.space.resident_index = resident - std::min(resident, mapped.resident_vectors);
  stats.space.memory_ids =
      tombstones().word_count() * sizeof(uint64_t) + expiry_order_.size() * sizeof(uint32_t);
  stats.space.memory_payload_index = PayloadIndexBytes();
  stats.space.memory_filter_cache = filter_cache().MemoryBytes();
  stats.space.disk_segments = file_->file_bytes();
  return stats;
}

uint64_t SealedSegment::VectorOffset(const Field& field) const {
  return field.rows.n == 0 ? 0
                           : static_cast<uint64_t>(field.rows.data - file_->file().bytes().data());
}

uint64_t SealedSegment::VectorBytes() const {
  uint64_t bytes = 0;
  for (const Field& field : fields_) bytes += BytesOf(field.rows);
  return bytes;
}

uint64_t SealedSegment::NeededBytes() const {
  uint64_t bytes = file_->file_bytes() - VectorBytes();
  for (const Field& field : fields_) bytes += field.index->MemoryBytes();
  return bytes + PayloadIndexBytes();
}

SealedSegment::Residence SealedSegment::residence(uint16_t number) const {
  const Field& field = fields_[number];
  return {.vector_bytes = BytesOf(field.rows),
          .walks_vectors = field.index->WalksVectors(),
          .on_disk = field.use->on_disk.load(std::memory_order_relaxed),
          .searches = field.use->searches.load(std::memory_order_relaxed)};
}

void SealedSegment::SetOnDisk(uint16_t number, bool on_disk) {
  const Field& field = fields_[number];
  if (field.use->on_disk.exchange(on_disk) == on_disk) return;
  const uint64_t bytes = BytesOf(field.rows);
  if (on_disk) {
    file_->file().PageOut(VectorOffset(field), bytes);
  } else {
    file_->file().WillNeed(VectorOffset(field), bytes);
  }
}

void SealedSegment::TrimVectors(uint16_t number, uint64_t most) const {
  const Field& field = fields_[number];
  const uint64_t bytes = BytesOf(field.rows);
  const base::MappedFile& file = file_->file();
  if (file.ResidentBytes(VectorOffset(field), bytes) > most) {
    file.PageOut(VectorOffset(field), bytes);
  }
}

}  // namespace sagitta::engine
