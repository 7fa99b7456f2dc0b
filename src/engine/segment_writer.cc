#include "engine/segment_writer.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/section_file.h"
#include "engine/graph_takeover.h"
#include "engine/narrow_rows.h"
#include "engine/sealed_segment.h"

namespace sagitta::engine {
namespace {

using Sources = std::span<const std::shared_ptr<Segment>>;
using Rows = std::span<const SourceRow>;

// One value per row, through `get`, as a section.
template <typename T, typename Get>
Status WriteColumn(const char* name, Sources sources, Rows rows, base::SectionFileWriter& out,
                   Get get) {
  std::vector<T> column;
  column.reserve(rows.size());
  for (const SourceRow& r : rows) column.push_back(get(*sources[r.source], r.row));
  return out.WriteArray<T>(name, column);
}

Status WriteExtKeys(Sources sources, Rows rows, base::SectionFileWriter& out) {
  std::vector<uint64_t> offsets{0};
  offsets.reserve(rows.size() + 1);
  for (const SourceRow& r : rows) {
    offsets.push_back(offsets.back() + sources[r.source]->ext_key(r.row).size());
  }
  SAGITTA_RETURN_IF_ERROR(out.WriteArray<uint64_t>(section::kExtOffsets, offsets));
  SAGITTA_RETURN_IF_ERROR(out.Begin(section::kExtKeys));
  for (const SourceRow& r : rows) {
    const std::string_view key = sources[r.source]->ext_key(r.row);
    SAGITTA_RETURN_IF_ERROR(out.Append(key.data(), key.size()));
  }
  return Status::Ok();
}

Status WriteExpiry(Sources sources, Rows rows, base::SectionFileWriter& out) {
  std::vector<uint32_t> expiry_rows;
  std::vector<int64_t> expiry_ms;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Segment& source = *sources[rows[i].source];
    if (!source.may_expire()) continue;
    const int64_t expires = source.expires_at_ms(rows[i].row);
    if (expires == 0) continue;
    expiry_rows.push_back(static_cast<uint32_t>(i));
    expiry_ms.push_back(expires);
  }
  SAGITTA_RETURN_IF_ERROR(out.WriteArray<uint32_t>(section::kExpiryRows, expiry_rows));
  return out.WriteArray<int64_t>(section::kExpiryMs, expiry_ms);
}

Result<Dtype> NarrowestDtype(Sources sources, Rows rows, uint16_t field, const FieldLayout& layout,
                             const CancelToken& cancel) {
  NarrowRows narrow(layout);
  for (size_t i = 0; i < rows.size() && narrow.open(); ++i) {
    if (i % 4096 == 0) SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const Segment& source = *sources[rows[i].source];
    const std::byte* vector = source.vector(field, rows[i].row);
    if (vector != nullptr) narrow.Add(source.row_dtype(field), vector);
  }
  return narrow.dtype();
}

// Writes the vectors of one field and, where some rows have none, which rows have them.
Status WriteVectors(Sources sources, Rows rows, uint16_t field, const FieldLayout& layout,
                    const CancelToken& cancel, base::SectionFileWriter& out,
                    SealedFieldMeta* meta) {
  SAGITTA_ASSIGN_OR_RETURN(meta->dtype, NarrowestDtype(sources, rows, field, layout, cancel));
  RowConverter convert(layout.dim, meta->dtype);
  const size_t row_bytes = VectorBytes(meta->dtype, layout.dim);
  const std::string prefix = section::FieldPrefix(field);
  std::vector<uint32_t> positions;
  SAGITTA_RETURN_IF_ERROR(out.Begin(prefix + section::kVectors));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i % 4096 == 0) SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const Segment& source = *sources[rows[i].source];
    const std::byte* vector = source.vector(field, rows[i].row);
    if (vector == nullptr) continue;
    SAGITTA_RETURN_IF_ERROR(out.Append(convert(source.row_dtype(field), vector), row_bytes));
    positions.push_back(static_cast<uint32_t>(i));
  }
  if (positions.size() != rows.size()) {
    SAGITTA_RETURN_IF_ERROR(out.WriteArray<uint32_t>(prefix + section::kPositions, positions));
  }
  meta->vectors = static_cast<uint32_t>(positions.size());
  return Status::Ok();
}

// Builds the index of a field from the vectors just written, through a mapping of the unfinished
// file, so that no second copy of them is held in memory. A graph begins with what has grown.
Result<IndexKind> WriteIndex(Sources sources, Rows source_rows, uint16_t field,
                             const SealedFieldMeta& meta, const SegmentWriteOptions& options,
                             base::SectionFileWriter& out) {
  const IndexParams& params = options.indexes[field];
  const uint32_t vectors = meta.vectors;
  const Dtype dtype = options.layouts[field].row;
  const IndexKind kind = index::ResolveKind(params, vectors, dtype);
  if (vectors == 0 || IsFlat(kind)) return FlatKind(dtype);
  std::optional<index::GraphStart> start;
  if (kind == IndexKind::kGraph) {
    const auto takeover = FindTakeover(sources, source_rows, field, params.graph);
    if (takeover.has_value()) start = StartOf(*takeover, sources, source_rows, field, vectors);
  }
  const std::string prefix = section::FieldPrefix(field);
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t offset, out.SectionOffset(prefix + section::kVectors));
  SAGITTA_ASSIGN_OR_RETURN(const auto mapped, out.MapWritten());
  const FieldLayout& layout = options.layouts[field];
  const index::VectorRows rows{.data = mapped->bytes().data() + offset,
                               .n = vectors,
                               .dim = layout.dim,
                               .dtype = meta.dtype,
                               .metric = layout.metric};
  return index::BuildIndex(rows, params, prefix, options.build, &out,
                           start.has_value() ? &*start : nullptr);
}

}  // namespace

std::vector<SourceRow> LiveRows(Sources sources,
                                std::span<const std::shared_ptr<const base::Bitset>> dead) {
  std::vector<SourceRow> rows;
  for (uint32_t s = 0; s < sources.size(); ++s) {
    const uint32_t n = sources[s]->rows();
    for (uint32_t row = 0; row < n; ++row) {
      if (dead[s] == nullptr || !dead[s]->Test(row)) rows.push_back({s, row});
    }
  }
  const auto id = [&](const SourceRow& r) { return sources[r.source]->internal_id(r.row); };
  std::sort(rows.begin(), rows.end(),
            [&](const SourceRow& a, const SourceRow& b) { return id(a) < id(b); });
  return rows;
}

Status WriteSegment(Sources sources, Rows rows, const SegmentWriteOptions& options) {
  SAGITTA_ASSIGN_OR_RETURN(auto out, base::SectionFileWriter::Create(options.path));
  SAGITTA_RETURN_IF_ERROR(
      WriteColumn<uint64_t>(section::kInternalIds, sources, rows, *out,
                            [](const Segment& s, uint32_t row) { return s.internal_id(row); }));
  SAGITTA_RETURN_IF_ERROR(
      WriteColumn<uint64_t>(section::kVersions, sources, rows, *out,
                            [](const Segment& s, uint32_t row) { return s.version(row); }));
  SAGITTA_RETURN_IF_ERROR(WriteExtKeys(sources, rows, *out));
  SAGITTA_RETURN_IF_ERROR(WriteExpiry(sources, rows, *out));
  std::vector<SealedFieldMeta> fields;
  for (uint16_t i = 0; i < options.layouts.size(); ++i) {
    SealedFieldMeta meta{.params = options.indexes[i]};
    SAGITTA_RETURN_IF_ERROR(
        WriteVectors(sources, rows, i, options.layouts[i], options.build.cancel, *out, &meta));
    SAGITTA_ASSIGN_OR_RETURN(meta.kind, WriteIndex(sources, rows, i, meta, options, *out));
    fields.push_back(meta);
  }
  SAGITTA_RETURN_IF_ERROR(out->WriteString(
      section::kMeta,
      EncodeSegmentMeta(static_cast<uint32_t>(rows.size()), options.layouts, fields)));
  return out->Finish();
}

}  // namespace sagitta::engine
