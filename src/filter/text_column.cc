// The column of kText indexes: token → rows.
#include <algorithm>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "filter/term_rows.h"
#include "filter/text_match.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

// 255 code points, and what a stemmer may add to them.
constexpr size_t kMaxTokenBytes = 2048;

// Everything that tokens depend on: bytes of other rules or settings are not those of this index.
std::string RulesOf(const TextParams& params) {
  std::string out;
  base::PutBytes(out, Tokenizer::Rules());
  PutTextParams(params, &out);
  return out;
}

void KeepCommon(const base::Bitset& other, base::Bitset* bits) {
  for (size_t i = 0; i < bits->word_count(); ++i) bits->words()[i] &= other.words()[i];
}

class TextColumn final : public ValueColumn {
 public:
  explicit TextColumn(const TextParams& params) : params_(params), tokenizer_(params) {}

  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind != Value::Kind::kString) return false;
    if (texts_.size() > 0 && row == last_row_) several_.Add(row);
    texts_.Add(row);
    last_row_ = row;
    base::MutexLock lock(mu_);
    tokenizer_.Split(value.text, [&](std::string_view token) {
      tokens_.Add(token, row);
      return true;
    });
    return true;
  }

  bool FindMatch(const Filter& condition, Found* found) const override {
    if (TokensOf(condition) != params_) return false;
    std::vector<std::string> tokens = Split(condition.text);
    const size_t all = tokens.size();
    const std::vector<const RowSet*> sets = SetsOf(&tokens);
    if (condition.match == TextMatch::kAny) {
      for (const RowSet* set : sets) found->sure.Add(*set);
      return true;
    }
    if (sets.empty() || sets.size() < tokens.size()) return true;  // one that no row holds
    if (all == 1) {
      found->sure.Add(*sets[0]);
    } else if (condition.match == TextMatch::kPhrase) {
      AddCommon(sets, &found->unsure);
    } else if (sets.size() == 1) {
      found->sure.Add(*sets[0]);
    } else {
      AddAll(sets, found);
    }
    return true;
  }

  // The rows that hold all tokens of the operand may hold it.
  void FindEqual(const Value& operand, Found* found) const override {
    if (operand.AsString() == nullptr) return;
    std::vector<std::string> tokens = Split(*operand.AsString());
    if (tokens.empty()) return found->unsure.Add(texts_);
    const std::vector<const RowSet*> sets = SetsOf(&tokens);
    if (sets.size() == tokens.size()) AddCommon(sets, &found->unsure);
  }
  void FindRange(const Interval&, Found*) const override {}
  void FindDatetimes(const Interval&, Found* found) const override { found->unsure.Add(texts_); }
  bool MayMiss(const Value& operand) const override { return operand.AsString() == nullptr; }
  bool MayMissDatetimeText() const override { return false; }

  void Freeze() override {
    texts_.Compress();
    several_.Compress();
    tokens_.Freeze();
  }
  void Serialize(std::string* out) const override {
    base::PutBytes(*out, RulesOf(params_));
    texts_.Serialize(out);
    several_.Serialize(out);
    tokens_.Serialize(out);
  }
  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    std::string_view rules;
    return base::GetBytes(in, &rules) && rules == RulesOf(params_) &&
           RowSet::Deserialize(in, row_limit, &texts_) &&
           RowSet::Deserialize(in, row_limit, &several_) &&
           tokens_.Deserialize(in, row_limit, kMaxTokenBytes);
  }
  size_t MemoryBytes() const override {
    return sizeof(*this) + texts_.HeapBytes() + several_.HeapBytes() + tokens_.MemoryBytes();
  }

 private:
  std::vector<std::string> Split(std::string_view text) const {
    base::MutexLock lock(mu_);
    return tokenizer_.Tokens(text);
  }

  // Makes the tokens distinct, and returns the rows of those that there are, fewest rows first.
  std::vector<const RowSet*> SetsOf(std::vector<std::string>* tokens) const {
    std::sort(tokens->begin(), tokens->end());
    tokens->erase(std::unique(tokens->begin(), tokens->end()), tokens->end());
    std::vector<const RowSet*> sets;
    for (const std::string& token : *tokens) {
      if (const RowSet* rows = tokens_.Find(token)) sets.push_back(rows);
    }
    std::sort(sets.begin(), sets.end(),
              [](const RowSet* a, const RowSet* b) { return a->size() < b->size(); });
    return sets;
  }

  // REQUIRES: sets.size() > 0, as of the two below.
  static base::Bitset Common(const std::vector<const RowSet*>& sets, size_t rows) {
    base::Bitset bits(rows);
    sets[0]->OrInto(&bits);
    for (size_t i = 1; i < sets.size(); ++i) {
      base::Bitset other(rows);
      sets[i]->OrInto(&other);
      KeepCommon(other, &bits);
    }
    return bits;
  }

  // Of the rows with the rarest token, the shares that have each other one, taken as independent.
  static uint64_t EstimateCommon(const std::vector<const RowSet*>& sets) {
    const auto rarest = static_cast<double>(sets[0]->size());
    double rows = rarest;
    for (size_t i = 1; i < sets.size() && rows > 0; ++i) {
      rows *= static_cast<double>(sets[0]->CommonRows(*sets[i])) / rarest;
    }
    return static_cast<uint64_t>(rows + 0.5);
  }

  static void AddCommon(const std::vector<const RowSet*>& sets, RowSink* sink) {
    if (sink->marking()) {
      sink->Add(Common(sets, sink->rows()));
    } else {
      sink->AddCount(EstimateCommon(sets));
    }
  }

  // Where a row has one string, all its tokens are in that one.
  void AddAll(const std::vector<const RowSet*>& sets, Found* found) const {
    if (!found->sure.marking()) return AddCommon(sets, &found->sure);
    base::Bitset common = Common(sets, found->sure.rows());
    if (several_.size() > 0) {
      base::Bitset several(common.size());
      several_.OrInto(&several);
      KeepCommon(common, &several);
      for (size_t i = 0; i < common.word_count(); ++i) common.words()[i] &= ~several.words()[i];
      found->unsure.Add(several);
    }
    found->sure.Add(common);
  }

  const TextParams params_;
  TermRows tokens_;
  RowSet texts_;    // rows with a string
  RowSet several_;  // rows with more than one
  uint32_t last_row_ = 0;
  mutable base::Mutex mu_;  // readers split their operands beside each other
  mutable Tokenizer tokenizer_ GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<ValueColumn> CreateTextColumn(const TextParams& params) {
  return std::make_unique<TextColumn>(params);
}

}  // namespace sagitta::filter
