// Codecs of kind kLearned: recurrent codes of a trained model (see learned_model.h).
//
// Rows are laid out as kRecurrent's: the odd integers, a factor, and under L2 the squared length of
// the mapped vector. Codes and queries of any two of these codecs, and of kRecurrent ones, that
// have the same odd grid and metric go together: a query that one of them prepares is answered by
// rows that another has encoded, which is how a new model searches an old model's rows.
#pragma once

#include <memory>
#include <string_view>

#include "codec/codec.h"
#include "codec/learned_model.h"

namespace sagitta::codec {

class LearnedCodec : public Codec {
 public:
  virtual const LearnedHead& head() const = 0;
};

// Takes the model as it is.
std::unique_ptr<LearnedCodec> MakeLearnedCodec(LearnedModel model);
// Null on malformed bytes.
std::unique_ptr<Codec> DeserializeLearnedCodec(Metric metric, uint32_t dim, CodecFormat format,
                                               std::string_view& in);

}  // namespace sagitta::codec
