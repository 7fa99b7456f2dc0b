// Product quantization (Jégou et al., PAMI 2011): a vector's residual against its list's centroid
// is cut into m pieces, and each is replaced by the number of the nearest of 2^nbits codewords.
//
// Codewords are kept transposed, [m][dsub][ksub], so that the table of a query (its dot product
// with every codeword) is made by loops over ksub. A row's code is m numbers of nbits each, in
// order, least significant bit first, as FAISS packs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sagitta::index {

struct PqShape {
  uint32_t dim = 0;
  uint32_t m = 0;
  uint32_t nbits = 0;

  uint32_t dsub() const { return dim / m; }
  uint32_t ksub() const { return 1u << nbits; }
  uint32_t code_size() const { return (m * nbits + 7) / 8; }
  size_t codebook_floats() const { return size_t{dim} * ksub(); }
};

// table[j·ksub + c] = scale · (piece j of the query · codeword c of piece j).
void MakeLookupTable(const PqShape& shape, const float* codebook, const float* query, float scale,
                     std::vector<float>* table);

// sums[i] = Σ_j table[j·ksub + number j of code i].
void SumCodes(const PqShape& shape, const float* table, const uint8_t* codes, size_t n,
              float* sums);

}  // namespace sagitta::index
