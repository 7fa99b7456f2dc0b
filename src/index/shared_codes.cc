#include "index/shared_codes.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/bitset.h"
#include "base/checksum.h"
#include "codec/rotation.h"
#include "index/ivf_train.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

constexpr size_t kTables = 8;          // of a table about 0.35 of pairs with a cosine of 0.98
constexpr size_t kMostCompared = 8;    // rows with a code of their own, of a bucket
constexpr size_t kSpreadRows = 2'000;  // to measure the standard deviation on
constexpr size_t kBlock = 1'024;

// An entry of a run, and what it has in common with those that it may share with.
struct Keyed {
  uint64_t key;
  uint32_t run, entry;
  friend bool operator<(const Keyed& a, const Keyed& b) {
    if (a.run != b.run) return a.run < b.run;
    return a.key != b.key ? a.key < b.key : a.entry < b.entry;
  }
};

class Sharing {
 public:
  Sharing(const VectorRows& rows, const CodeRuns& runs, const BuildContext& context)
      : rows_(rows),
        runs_(runs),
        context_(context),
        coded_(rows.n),
        has_members_(rows.n),
        keyed_(rows.n) {
    for (size_t i = 0; i < coded_.size(); ++i) coded_[i] = static_cast<uint32_t>(i);
    for (size_t run = 0; run < runs.size(); ++run) {
      for (uint64_t e = runs.offsets[run]; e < runs.offsets[run + 1]; ++e) {
        keyed_[e] = {0, static_cast<uint32_t>(run), static_cast<uint32_t>(e)};
      }
    }
  }

  Status ShareEqual() {
    SAGITTA_RETURN_IF_ERROR(
        SetKeys([this](size_t row) { return base::Xxh3(rows_.row(row), rows_.stride()); }));
    Join([this](const std::byte* a, const std::byte* b) {
      return std::memcmp(a, b, rows_.stride()) == 0;
    });
    return context_.cancel.Check();
  }

  Status ShareNear(float near) {
    const std::vector<float> mean = Measure();
    const float most = near * near * squared_deviation_;
    const auto distance = kernels::Distances(rows_.dtype, Metric::kL2).row_row;
    const auto bits = static_cast<size_t>(std::clamp<int>(std::bit_width(rows_.n) - 2, 8, 24));
    for (size_t table = 0; table < kTables; ++table) {
      const codec::Rotation rotation(rows_.dim, context_.seed + table);
      SAGITTA_RETURN_IF_ERROR(SetKeys([&](size_t row) {
        std::vector<float> v(rows_.dim);
        RowAsFloats(rows_, row, 0, rows_.dim, v.data());
        for (uint32_t d = 0; d < rows_.dim; ++d) v[d] -= mean[d];
        rotation.Apply(v.data());
        uint64_t key = 0;
        for (size_t i = 0; i < std::min<size_t>(bits, rows_.dim); ++i) {
          key |= uint64_t{v[i] > 0} << i;
        }
        return key;
      }));
      Join([&](const std::byte* a, const std::byte* b) {
        return distance(a, b, rows_.dim) <= most;
      });
      SAGITTA_RETURN_IF_ERROR(context_.cancel.Check());
    }
    return Status();
  }

  void Collect(SharedCodes* out) const {
    // Members of a code in the order of entries, each run's behind those of the run before.
    std::vector<uint32_t> counts(rows_.n);
    for (const uint32_t coded : coded_) ++counts[coded];
    out->run_offsets.assign(1, 0);
    out->member_offsets.assign(1, 0);
    std::vector<uint32_t> next(rows_.n);
    for (size_t run = 0; run < runs_.size(); ++run) {
      for (uint64_t e = runs_.offsets[run]; e < runs_.offsets[run + 1]; ++e) {
        if (coded_[e] != e) continue;
        next[e] = out->member_offsets.back();
        out->member_offsets.push_back(next[e] + counts[e]);
      }
      out->run_offsets.push_back(out->member_offsets.size() - 1);
    }
    out->members.resize(rows_.n);
    // The coded one is first, as the others of its group are others' members.
    for (size_t e = 0; e < coded_.size(); ++e) {
      if (coded_[e] == e) out->members[next[e]++] = runs_.position(e);
    }
    for (size_t e = 0; e < coded_.size(); ++e) {
      if (coded_[e] != e) out->members[next[coded_[e]]++] = runs_.position(e);
    }
  }

 private:
  template <typename KeyOf>
  Status SetKeys(const KeyOf& key_of) {
    std::sort(keyed_.begin(), keyed_.end(),
              [](const Keyed& a, const Keyed& b) { return a.entry < b.entry; });
    SAGITTA_RETURN_IF_ERROR(
        ForBlocks(context_, keyed_.size(), kBlock, [&](size_t begin, size_t end) {
          for (size_t e = begin; e < end; ++e) keyed_[e].key = key_of(runs_.position(e));
        }));
    std::sort(keyed_.begin(), keyed_.end());
    return Status();
  }

  // Entries of a bucket that have no one behind them yet join the first that is near enough.
  template <typename Near>
  void Join(const Near& near) {
    std::vector<uint32_t> coded;  // of the bucket
    for (size_t i = 0; i < keyed_.size(); ++i) {
      const bool same =
          i > 0 && keyed_[i].run == keyed_[i - 1].run && keyed_[i].key == keyed_[i - 1].key;
      if (!same) coded.clear();
      const uint32_t entry = keyed_[i].entry;
      if (coded_[entry] != entry) continue;
      const std::byte* row = rows_.row(runs_.position(entry));
      const auto first = coded.size() > kMostCompared ? coded.end() - kMostCompared : coded.begin();
      const auto found = std::find_if(first, coded.end(), [&](uint32_t other) {
        return near(row, rows_.row(runs_.position(other)));
      });
      if (found == coded.end() || has_members_[entry]) {
        coded.push_back(entry);
        continue;
      }
      coded_[entry] = *found;
      has_members_[*found] = true;
    }
  }

  // The mean; and the mean squared distance from it.
  std::vector<float> Measure() {
    const std::vector<uint32_t> sample = SamplePositions(rows_.n, kSpreadRows, context_.seed);
    std::vector<double> sums(rows_.dim);
    std::vector<float> v(rows_.dim), mean(rows_.dim);
    double squares = 0;
    for (const uint32_t row : sample) {
      RowAsFloats(rows_, row, 0, rows_.dim, v.data());
      for (uint32_t d = 0; d < rows_.dim; ++d) {
        sums[d] += v[d];
        squares += double{v[d]} * v[d];
      }
    }
    const auto n = static_cast<double>(sample.size());
    double of_mean = 0;
    for (uint32_t d = 0; d < rows_.dim; ++d) {
      mean[d] = static_cast<float>(sums[d] / n);
      of_mean += sums[d] / n * (sums[d] / n);
    }
    squared_deviation_ = static_cast<float>(std::max(squares / n - of_mean, 0.0));
    return mean;
  }

  const VectorRows& rows_;
  const CodeRuns& runs_;
  const BuildContext& context_;
  std::vector<uint32_t> coded_;    // by entry: the one whose code it shares, itself for most
  std::vector<bool> has_members_;  // besides itself
  std::vector<Keyed> keyed_;
  float squared_deviation_ = 0;
};

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "codec: " + what);
}

}  // namespace

bool SharedCodes::Saves(size_t code_bytes) const {
  const size_t rows = members.size();
  const size_t lists =
      (member_offsets.size() + rows) * sizeof(uint32_t) + run_offsets.size() * sizeof(uint64_t);
  return slots() * code_bytes + lists < rows * code_bytes;
}

Status ShareCodes(const VectorRows& rows, const CodeRuns& runs, float near,
                  const BuildContext& context, SharedCodes* out) {
  Sharing sharing(rows, runs, context);
  SAGITTA_RETURN_IF_ERROR(sharing.ShareEqual());
  if (near > 0) SAGITTA_RETURN_IF_ERROR(sharing.ShareNear(near));
  sharing.Collect(out);
  return Status();
}

Status WriteSharedCodes(const SharedCodes& shared, const std::string& prefix,
                        base::SectionFileWriter* out) {
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "codec.runs", std::span<const uint64_t>(shared.run_offsets)));
  SAGITTA_RETURN_IF_ERROR(
      out->WriteArray(prefix + "codec.slots", std::span<const uint32_t>(shared.member_offsets)));
  return out->WriteArray(prefix + "codec.members", std::span<const uint32_t>(shared.members));
}

Result<SharedCodesView> SharedCodesView::Open(std::span<const uint64_t> offsets, uint64_t slots,
                                              const std::string& prefix,
                                              const base::SectionFileReader& file) {
  SharedCodesView view;
  const uint64_t n = offsets.back();
  if (slots > n) return Damaged(prefix, "there are more codes than rows");
  SAGITTA_ASSIGN_OR_RETURN(
      view.run_offsets,
      file.Array<uint64_t>(prefix + "codec.runs", static_cast<int64_t>(offsets.size())));
  SAGITTA_ASSIGN_OR_RETURN(
      view.member_offsets,
      file.Array<uint32_t>(prefix + "codec.slots", static_cast<int64_t>(slots) + 1));
  SAGITTA_ASSIGN_OR_RETURN(view.members,
                           file.Array<uint32_t>(prefix + "codec.members", static_cast<int64_t>(n)));
  if (view.run_offsets.back() != slots) return Damaged(prefix, "codes and lists differ");
  for (size_t slot = 0; slot < slots; ++slot) {
    if (view.member_offsets[slot] >= view.member_offsets[slot + 1]) {
      return Damaged(prefix, "a code has no rows");
    }
  }
  for (size_t run = 0; run < offsets.size(); ++run) {
    const uint64_t first = view.run_offsets[run];
    if (first > slots || view.member_offsets[first] != offsets[run]) {
      return Damaged(prefix, "codes and rows of a list differ");
    }
  }
  base::Bitset seen(n);
  for (const uint32_t member : view.members) {
    if (member >= n || seen.Test(member)) {
      return Damaged(prefix, "a row is there twice, or is none");
    }
    seen.Set(member);
  }
  return view;
}

}  // namespace sagitta::index
