#include "compactor/storage_measure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "base/stopwatch.h"
#include "index/graph_width.h"

namespace sagitta::compactor {
namespace {

// What grows with the rows; the rest of an index is there once a segment.
constexpr std::array<std::string_view, 10> kByRow = {
    "f.codec.codes",      "f.codec.members", "f.codec.slots",    "f.graph.codes",
    "f.graph.links",      "f.hnsw.links0",   "f.hnsw.upper_ids", "f.hnsw.upper_starts",
    "f.hnsw.upper_links", "f.ivf.positions"};

// Rows for each that is measured on, from where on these are but a part: held-out ones are a fifth
// of a small collection.
constexpr double kPart = 1.25;

double BytesByRow(const base::SectionFileReader& file) {
  double bytes = 0;
  for (const auto& section : file.sections()) {
    const bool by_row = std::find(kByRow.begin(), kByRow.end(), section.name) != kByRow.end();
    if (by_row) bytes += static_cast<double>(section.bytes);
  }
  return bytes;
}

class Measurement {
 public:
  Measurement(const MenuEntry& entry, const MeasureJob& job)
      : entry_(entry), job_(job), rows_(job.sample->rows(job.rows)) {
    option_.name = entry.name;
    option_.index = entry.index;
    option_.rows = rows_.n;
  }

  Result<StorageOption> Run() {
    SAGITTA_RETURN_IF_ERROR(Build());
    SetBytes();
    SAGITTA_ASSIGN_OR_RETURN(option_.recall, Recall(Usual(), &option_.query_micros));
    option_.query_micros *= Growth();
    // How widely it is searched is measured by segment, to find no more than that.
    if (kind_ == IndexKind::kGraph && PerRow() > kPart) {
      option_.recall = std::min(option_.recall, index::kUsualGraphRecall);
    }
    option_.raw_recall = option_.recall;
    const bool coded = kind_ == IndexKind::kFlatCodes || kind_ == IndexKind::kIvfCodes;
    if (coded) {
      SearchParams params;
      params.oversampling = 1.0f;
      double ignored = 0;
      SAGITTA_ASSIGN_OR_RETURN(option_.raw_recall, Recall(params, &ignored));
    }
    return std::move(option_);
  }

 private:
  Status Build() {
    const base::Stopwatch watch;
    SAGITTA_ASSIGN_OR_RETURN(auto writer, base::SectionFileWriter::Create(job_.path));
    index::BuildContext context;
    context.cancel = job_.cancel;
    SAGITTA_ASSIGN_OR_RETURN(kind_,
                             index::BuildIndex(rows_, entry_.index, "f.", context, writer.get()));
    SAGITTA_RETURN_IF_ERROR(writer->Finish());
    option_.build_seconds = watch.Seconds() * PerRow();
    SAGITTA_ASSIGN_OR_RETURN(file_, base::SectionFileReader::Open(job_.path));
    SAGITTA_RETURN_IF_ERROR(base::RemoveFile(job_.path));  // the mapping keeps it
    SAGITTA_ASSIGN_OR_RETURN(index_, index::OpenIndex(kind_, entry_.index, rows_, "f.", *file_));
    return Status::Ok();
  }

  void SetBytes() {
    const auto n = static_cast<double>(rows_.n);
    const auto stride = static_cast<double>(rows_.stride());
    const auto live = static_cast<double>(job_.sample->rows_live);
    const double by_row = BytesByRow(*file_);
    const index::IndexBytes bytes = index_->Bytes();
    const double once = static_cast<double>(bytes.memory() + bytes.mapped()) - by_row;
    const double index =
        by_row / n + std::max(once, 0.0) * static_cast<double>(job_.sample->segments) / live;
    const bool in_memory = entry_.index.residency == Residency::kMemory;
    option_.memory_bytes = index + (in_memory ? stride : 0);
    option_.disk_bytes = index + stride;
  }

  // Of all rows, from those measured on.
  double PerRow() const {
    return static_cast<double>(job_.sample->rows_live) / static_cast<double>(rows_.n);
  }
  double Growth() const {
    switch (kind_) {
      case IndexKind::kFlat:
      case IndexKind::kFlatCodes:
        return PerRow();
      case IndexKind::kIvfCodes:
        return std::sqrt(PerRow());
      default:
        return 1.0;
    }
  }

  // Each segment gives as many candidates as all rows do here.
  SearchParams Usual() const {
    SearchParams params;
    if (kind_ != IndexKind::kFlatCodes && kind_ != IndexKind::kIvfCodes) return params;
    const float all = entry_.index.codec.oversampling * static_cast<float>(job_.sample->segments);
    params.oversampling = std::min(all, 100.0f);
    return params;
  }

  Result<double> Recall(const SearchParams& params, double* micros) const {
    size_t hits = 0;
    std::vector<index::Candidate> found;
    const base::Stopwatch watch;
    for (size_t i = 0; i < job_.queries; ++i) {
      index::IndexQuery query;
      query.vector = job_.sample->query(i);
      query.k = job_.k;
      query.params = params;
      query.cancel = &job_.cancel;
      uint64_t distances = 0;
      SAGITTA_RETURN_IF_ERROR(index_->Search(query, &found, &distances));
      for (const index::Candidate& candidate : found) hits += candidate.key <= (*job_.limits)[i];
    }
    const auto asked = static_cast<double>(job_.queries);
    *micros = watch.Seconds() * 1e6 / asked;
    const auto wanted = static_cast<double>(std::min<size_t>(job_.k, rows_.n));
    return std::min(1.0, static_cast<double>(hits) / (asked * wanted));
  }

  const MenuEntry& entry_;
  const MeasureJob& job_;
  const index::VectorRows rows_;
  StorageOption option_;
  IndexKind kind_ = IndexKind::kFlat;
  std::unique_ptr<base::SectionFileReader> file_;
  std::unique_ptr<index::VectorIndex> index_;
};

}  // namespace

Result<StorageOption> MeasureStorage(const MenuEntry& entry, const MeasureJob& job) {
  return Measurement(entry, job).Run();
}

}  // namespace sagitta::compactor
