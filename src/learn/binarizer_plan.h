// What training starts from: rows checked, split and mapped, and models with nothing learned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/learned_codec.h"
#include "learn/train_binarizer.h"

namespace sagitta::learn {

// INVALID_ARGUMENT names the part of the data that is wrong, or the option that it does not go
// with.
Status CheckData(const BinarizerOptions& options, const BinarizerData& data);

struct BinarizerPlan {
  BinarizerOptions options;  // with what 0 stands for
  BinarizerData data;
  std::vector<uint32_t> held_out, kept;             // rows; kept ones are trained on
  codec::LearnedModel query_model, document_model;  // of kShared the same; of kQueryOnly no second
  // v of learned_model.h of every row, n × width.
  Matrix query_v, document_v;
  Matrix old_values;          // what data.old's codes of documents stand for, n × width
  std::vector<uint64_t> ids;  // by row: equal where documents are
  uint64_t fingerprint = 0;   // of options and data

  bool has_queries() const { return options.objective == Objective::kPairs; }
  bool has_old() const { return data.old.codec != nullptr; }
};

// REQUIRES: options are valid and the data checked. CANCELLED.
Result<BinarizerPlan> MakePlan(const BinarizerOptions& options, const BinarizerData& data,
                               const CancelToken& cancel);

// The numbers that products of codes are sums of: a row's integers with its factor, and under L2
// half of its squared length, negated. Best by the codec's keys is best by products with
// QueryValues. With so many threads. REQUIRES: the codec has an odd grid.
Matrix DocumentValues(const codec::Codec& codec, RowsView rows, uint32_t threads);
// Queries that are codes, and ones that are not (of kLearned codecs).
Matrix CodedQueryValues(const codec::Codec& codec, RowsView rows, uint32_t threads);
Matrix FloatQueryValues(const codec::LearnedCodec& codec, RowsView rows);

}  // namespace sagitta::learn
