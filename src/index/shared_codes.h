// Rows that are the same, or nearly, share one code: it is stored and scanned once, and stands for
// all of them. Stored vectors, which rank answers, are each row's own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/section_file.h"
#include "index/vector_index.h"

namespace sagitta::index {

// Entries that follow one another: run i is [offsets[i], offsets[i + 1]) of them. positions[entry]
// is a row, or the entry itself where there are none.
struct CodeRuns {
  std::span<const uint64_t> offsets;
  std::span<const uint32_t> positions;

  size_t size() const { return offsets.size() - 1; }
  size_t length(size_t run) const { return offsets[run + 1] - offsets[run]; }
  uint32_t position(size_t entry) const {
    return positions.empty() ? static_cast<uint32_t>(entry) : positions[entry];
  }
};

// Which rows share. A slot is a place for a code.
struct SharedCodes {
  std::vector<uint64_t> run_offsets;     // runs + 1: of each run, in slots
  std::vector<uint32_t> member_offsets;  // slots + 1: of each slot, in members
  std::vector<uint32_t> members;         // rows; of each slot the one first whose code it is

  size_t slots() const { return member_offsets.size() - 1; }
  // Whether that takes less than a code for every row.
  bool Saves(size_t code_bytes) const;
};

// Rows of one run share when they are equal. With `near` > 0 also those whose distance from the one
// that is coded is at most `near` times the rows' standard deviation (the root of the mean squared
// distance from their mean); most such pairs are found, by the signs of random projections
// (Charikar, "Similarity estimation techniques from rounding algorithms", STOC 2002).
Status ShareCodes(const VectorRows& rows, const CodeRuns& runs, float near,
                  const BuildContext& context, SharedCodes* out);

Status WriteSharedCodes(const SharedCodes& shared, const std::string& prefix,
                        base::SectionFileWriter* out);

// A checked view into a mapped file.
struct SharedCodesView {
  std::span<const uint64_t> run_offsets;
  std::span<const uint32_t> member_offsets, members;

  // DATA_LOSS naming what is wrong, unless each of n rows is a member once, of a slot of the run
  // that `offsets` put it into by number.
  static Result<SharedCodesView> Open(std::span<const uint64_t> offsets, uint64_t slots,
                                      const std::string& prefix,
                                      const base::SectionFileReader& file);
  std::span<const uint32_t> of(size_t slot) const {
    return members.subspan(member_offsets[slot], member_offsets[slot + 1] - member_offsets[slot]);
  }
  size_t bytes() const {
    return run_offsets.size_bytes() + member_offsets.size_bytes() + members.size_bytes();
  }
};

}  // namespace sagitta::index
