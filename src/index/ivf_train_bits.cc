#include "index/ivf_train_bits.h"

#include <algorithm>
#include <cstring>
#include <random>

#include "index/ivf_train.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

constexpr size_t kSamplePerList = 128;
constexpr int kRounds = 10;
constexpr size_t kBlock = 128;  // rows or lists that a thread takes at a time

class BitTrainer {
 public:
  BitTrainer(const VectorRows& rows, uint32_t nlist, uint64_t seed)
      : rows_(rows),
        nlist_(nlist),
        sample_(SamplePositions(rows.n, kSamplePerList * nlist, seed)),
        random_(seed),
        centroids_(nlist * rows.stride()) {
    std::vector<uint32_t> first = sample_;
    std::shuffle(first.begin(), first.end(), random_);
    for (uint32_t list = 0; list < nlist; ++list) SetCentroid(list, first[list % first.size()]);
  }

  Status Run(const BuildContext& context) {
    list_of_.resize(sample_.size());
    for (int round = 0; round < kRounds; ++round) {
      const BuildContext part =
          Phase(context, static_cast<double>(round) / kRounds, (round + 1.0) / kRounds);
      SAGITTA_RETURN_IF_ERROR(Assign(
          part, sample_.size(), [&](size_t i) { return size_t{sample_[i]}; }, &list_of_));
      SAGITTA_RETURN_IF_ERROR(Update(context));
    }
    return Status();
  }

  Status AssignAll(const BuildContext& context, std::vector<uint32_t>* list_of) const {
    list_of->resize(rows_.n);
    return Assign(
        context, rows_.n, [](size_t i) { return i; }, list_of);
  }

  std::vector<uint8_t> TakeCentroids() { return std::move(centroids_); }

 private:
  void SetCentroid(uint32_t list, size_t row) {
    std::memcpy(centroids_.data() + list * rows_.stride(), rows_.row(row), rows_.stride());
  }

  // (*nearest)[i], i < n: the list that row position(i) is nearest to.
  template <typename Position>
  Status Assign(const BuildContext& context, size_t n, const Position& position,
                std::vector<uint32_t>* nearest) const {
    const auto many = kernels::Distances(Dtype::kBits, rows_.metric).query_many;
    return ForBlocks(context, n, kBlock, [&](size_t begin, size_t end) {
      std::vector<float> keys(nlist_);
      for (size_t i = begin; i < end; ++i) {
        many(reinterpret_cast<const float*>(rows_.row(position(i))), centroids_.data(),
             rows_.stride(), nlist_, rows_.dim, keys.data());
        const auto best = std::min_element(keys.begin(), keys.end());
        (*nearest)[i] = static_cast<uint32_t>(best - keys.begin());
      }
    });
  }

  // Centroids from the rows that were assigned to them. A list without any begins anew.
  Status Update(const BuildContext& context) {
    IvfAssignment lists;
    FillLists(list_of_, nlist_, &lists);
    BuildContext quiet = context;
    quiet.progress = nullptr;
    SAGITTA_RETURN_IF_ERROR(ForBlocks(quiet, nlist_, 1, [&](size_t begin, size_t end) {
      std::vector<uint32_t> counts;
      for (size_t list = begin; list < end; ++list) {
        const std::span<const uint32_t> members(lists.positions.data() + lists.offsets[list],
                                                lists.positions.data() + lists.offsets[list + 1]);
        if (!members.empty()) SetCentre(list, members, &counts);
      }
    }));
    for (uint32_t list = 0; list < nlist_; ++list) {
      if (lists.offsets[list] != lists.offsets[list + 1]) continue;
      SetCentroid(list, sample_[random_() % sample_.size()]);
    }
    return Status();
  }

  // `members` are places in the sample.
  void SetCentre(size_t list, std::span<const uint32_t> members, std::vector<uint32_t>* counts) {
    counts->assign(8 * rows_.stride(), 0);
    for (const uint32_t member : members) {
      const auto* row = reinterpret_cast<const uint8_t*>(rows_.row(sample_[member]));
      for (size_t i = 0; i < counts->size(); ++i) (*counts)[i] += row[i / 8] >> (i % 8) & 1;
    }
    uint8_t* centre = centroids_.data() + list * rows_.stride();
    std::fill_n(centre, rows_.stride(), uint8_t{0});
    const auto set = [&](size_t i) {
      centre[i / 8] = static_cast<uint8_t>(centre[i / 8] | 1 << (i % 8));
    };
    if (rows_.metric == Metric::kHamming) {
      for (size_t i = 0; i < counts->size(); ++i) {
        if (2 * uint64_t{(*counts)[i]} > members.size()) set(i);
      }
      return;
    }
    uint64_t total = 0;
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < counts->size(); ++i) {
      total += (*counts)[i];
      if ((*counts)[i] != 0) order.push_back(i);
    }
    const size_t wanted = (total + members.size() / 2) / members.size();
    const auto more = [&](uint32_t a, uint32_t b) {
      return (*counts)[a] != (*counts)[b] ? (*counts)[a] > (*counts)[b] : a < b;
    };
    std::nth_element(order.begin(), order.begin() + static_cast<ptrdiff_t>(wanted), order.end(),
                     more);
    for (size_t i = 0; i < wanted; ++i) set(order[i]);
  }

  const VectorRows& rows_;
  const uint32_t nlist_;
  const std::vector<uint32_t> sample_;
  std::mt19937_64 random_;
  std::vector<uint8_t> centroids_;
  std::vector<uint32_t> list_of_;  // of the sample
};

}  // namespace

Status TrainBitLists(const VectorRows& rows, uint32_t nlist, const BuildContext& context,
                     IvfAssignment* lists, std::vector<uint32_t>* list_of) {
  BitTrainer trainer(rows, nlist, context.seed);
  SAGITTA_RETURN_IF_ERROR(trainer.Run(Phase(context, 0.0, 0.8)));
  SAGITTA_RETURN_IF_ERROR(trainer.AssignAll(Phase(context, 0.8, 1.0), list_of));
  lists->bit_centroids = trainer.TakeCentroids();
  FillLists(*list_of, nlist, lists);
  return Status();
}

}  // namespace sagitta::index
