// What training lowers: losses of a batch of codes, and their gradients. Pure functions.
//
// Similarities are cosines of codes, as they are ranked (BEBR, arXiv 2302.08714, "rbe_loss").
#pragma once

#include <cstdint>
#include <vector>

#include "learn/matrix.h"

namespace sagitta::learn {

struct PairsLoss {
  float temperature = 0.05f;
  uint32_t hard_negatives = 5;  // the most similar ones of each row; fewer in small batches
};

// Row i of `a` belongs with row i of `b`: cross-entropy of the cosine with its own row against
// those with the hardest others, from a to b and from b to a, over the mean of rows. Rows whose
// `ids` are equal are no negatives of each other. Adds to the gradients by a and b, either of which
// may be null; REQUIRES: all of one size.
double AddPairsLoss(const PairsLoss& options, const Matrix& a, const Matrix& b,
                    const std::vector<uint64_t>& ids, float weight, Matrix* by_a, Matrix* by_b);

// The mean over rows i of KL(softmax(cosines of floats i and j / temperature) ‖ softmax(cosines of
// a_i and b_j / temperature)) over the other rows j of the batch: `a` is to tell rows of `b` apart
// as floats do. Times `weight`; adds to the gradients, which may be the same where `a` and `b` are.
// REQUIRES: at least two rows.
double AddNeighboursLoss(float temperature, const Matrix& a, const Matrix& b, RowsView floats,
                         float weight, Matrix* by_a, Matrix* by_b);

}  // namespace sagitta::learn
