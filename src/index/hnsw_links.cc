#include "index/hnsw_links.h"

#include <faiss/impl/HNSW.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace sagitta::index {
namespace {

constexpr size_t kWriteBufferWords = 256 * 1024;

// The largest of v + 1, where kNoLink wraps to 0: one pass that the compiler vectorises.
uint32_t LargestLinkPlusOne(std::span<const uint32_t> links) {
  uint32_t largest = 0;
  for (const uint32_t link : links) largest = std::max(largest, link + 1);
  return largest;
}

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "hnsw: " + what);
}

// Buffers words on their way into the current section.
class WordWriter {
 public:
  explicit WordWriter(base::SectionFileWriter* out) : out_(out) {
    words_.reserve(kWriteBufferWords);
  }
  Status Put(uint32_t word) {
    words_.push_back(word);
    return words_.size() == kWriteBufferWords ? Flush() : Status();
  }
  Status Flush() {
    const Status status = out_->Append(words_.data(), words_.size() * sizeof(uint32_t));
    words_.clear();
    return status;
  }

 private:
  base::SectionFileWriter* out_;
  std::vector<uint32_t> words_;
};

// One row of links: `ordinals` maps positions to ordinals at upper levels, null at level 0.
Status PutLinks(const faiss::HNSW& graph, size_t node, int level,
                const std::vector<uint32_t>* ordinals, WordWriter* words) {
  size_t begin = 0;
  size_t end = 0;
  graph.neighbor_range(static_cast<int64_t>(node), level, &begin, &end);
  bool ended = false;
  for (size_t i = begin; i < end; ++i) {
    const auto link = graph.neighbors[i];
    ended = ended || link < 0;
    uint32_t word = kNoLink;
    if (!ended) word = ordinals == nullptr ? static_cast<uint32_t>(link) : (*ordinals)[link];
    SAGITTA_RETURN_IF_ERROR(words->Put(word));
  }
  return Status();
}

}  // namespace

Result<HnswLinks> HnswLinks::Open(const std::string& prefix, size_t n,
                                  const base::SectionFileReader& file) {
  HnswLinks links;
  SAGITTA_ASSIGN_OR_RETURN(const auto header, file.Section(prefix + "hnsw.header"));
  if (header.size() != sizeof(HnswHeader)) return Damaged(prefix, "header has a wrong size");
  std::memcpy(&links.header_, header.data(), sizeof(HnswHeader));
  const HnswHeader& h = links.header_;
  if (h.version != 1) return Damaged(prefix, "unknown version " + std::to_string(h.version));
  if (h.n != n || n == 0 || n > kMaxHnswRows) {
    return Damaged(prefix,
                   "is of " + std::to_string(h.n) + " rows, the segment has " + std::to_string(n));
  }
  if (h.m < 2 || h.m > 128 || h.degree0 != 2 * h.m) return Damaged(prefix, "wrong degree");
  SAGITTA_ASSIGN_OR_RETURN(
      links.level0_,
      file.Array<uint32_t>(prefix + "hnsw.links0", static_cast<int64_t>(n * h.degree0)));
  SAGITTA_ASSIGN_OR_RETURN(links.upper_ids_,
                           file.Array<uint32_t>(prefix + "hnsw.upper_ids", h.upper_count));
  SAGITTA_ASSIGN_OR_RETURN(links.upper_starts_, file.Array<uint32_t>(prefix + "hnsw.upper_starts",
                                                                     int64_t{h.upper_count} + 1));
  SAGITTA_ASSIGN_OR_RETURN(links.upper_links_, file.Array<uint32_t>(prefix + "hnsw.upper_links",
                                                                    int64_t{h.upper_blocks} * h.m));
  links.bytes_ = sizeof(HnswHeader) + links.level0_.size_bytes() + links.upper_ids_.size_bytes() +
                 links.upper_starts_.size_bytes() + links.upper_links_.size_bytes();
  SAGITTA_RETURN_IF_ERROR(links.Check(prefix, n));
  return links;
}

Status HnswLinks::Check(const std::string& prefix, size_t n) const {
  if (header_.entry >= n) return Damaged(prefix, "entry point out of range");
  if (LargestLinkPlusOne(level0_) > n) return Damaged(prefix, "link of level 0 out of range");
  if (upper_starts_.front() != 0 || upper_starts_.back() != header_.upper_blocks) {
    return Damaged(prefix, "upper levels do not add up");
  }
  uint32_t max_level = 0;
  for (size_t o = 0; o < header_.upper_count; ++o) {
    const uint32_t levels = upper_starts_[o + 1] - upper_starts_[o];
    if (levels == 0 || levels > kMaxHnswLevel || upper_starts_[o + 1] > header_.upper_blocks) {
      return Damaged(prefix, "level of a node out of range");
    }
    if (upper_ids_[o] >= n) return Damaged(prefix, "upper node out of range");
    max_level = std::max(max_level, levels);
  }
  if (header_.max_level != max_level) return Damaged(prefix, "wrong highest level");
  return header_.upper_count == 0 ? Status() : CheckUpper(prefix);
}

Status HnswLinks::CheckUpper(const std::string& prefix) const {
  const uint32_t entry = header_.entry_upper;
  if (entry >= header_.upper_count || LevelOf(entry) != header_.max_level ||
      upper_ids_[entry] != header_.entry) {
    return Damaged(prefix, "wrong entry point");
  }
  for (uint32_t o = 0; o < header_.upper_count; ++o) {
    for (uint32_t level = 1; level <= LevelOf(o); ++level) {
      const uint32_t* links = Upper(o, level);
      for (uint32_t i = 0; i < header_.m; ++i) {
        if (links[i] == kNoLink) continue;
        if (links[i] >= header_.upper_count || LevelOf(links[i]) < level) {
          return Damaged(prefix, "link of an upper level out of range");
        }
      }
    }
  }
  return Status();
}

Status WriteHnswLinks(const faiss::HNSW& graph, uint32_t m, const std::string& prefix,
                      base::SectionFileWriter* out) {
  const size_t n = graph.levels.size();
  std::vector<uint32_t> ordinals(n, kNoLink);
  std::vector<uint32_t> upper_ids;
  std::vector<uint32_t> upper_starts{0};
  for (size_t i = 0; i < n; ++i) {
    if (graph.levels[i] < 2) continue;
    ordinals[i] = static_cast<uint32_t>(upper_ids.size());
    upper_ids.push_back(static_cast<uint32_t>(i));
    upper_starts.push_back(upper_starts.back() + static_cast<uint32_t>(graph.levels[i]) - 1);
  }
  HnswHeader header;
  header.m = m;
  header.n = n;
  header.degree0 = 2 * m;
  header.max_level = static_cast<uint32_t>(graph.max_level);
  header.entry = static_cast<uint32_t>(graph.entry_point);
  header.entry_upper = ordinals[header.entry];
  header.upper_count = static_cast<uint32_t>(upper_ids.size());
  header.upper_blocks = upper_starts.back();
  header.ef_construction = static_cast<uint32_t>(graph.efConstruction);
  SAGITTA_RETURN_IF_ERROR(out->Write(prefix + "hnsw.header", std::as_bytes(std::span(&header, 1))));
  SAGITTA_RETURN_IF_ERROR(out->Begin(prefix + "hnsw.links0"));
  WordWriter words(out);
  for (size_t i = 0; i < n; ++i) {
    SAGITTA_RETURN_IF_ERROR(PutLinks(graph, i, 0, nullptr, &words));
  }
  SAGITTA_RETURN_IF_ERROR(words.Flush());
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "hnsw.upper_ids", std::span<const uint32_t>(upper_ids)));
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "hnsw.upper_starts", std::span<const uint32_t>(upper_starts)));
  SAGITTA_RETURN_IF_ERROR(out->Begin(prefix + "hnsw.upper_links"));
  for (const uint32_t id : upper_ids) {
    for (int level = 1; level < graph.levels[id]; ++level) {
      SAGITTA_RETURN_IF_ERROR(PutLinks(graph, id, level, &ordinals, &words));
    }
  }
  return words.Flush();
}

}  // namespace sagitta::index
