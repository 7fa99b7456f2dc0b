#include "learn/adapter.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/floats.h"
#include "kernels/kernels.h"

namespace sagitta::learn {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::array<std::string_view, 5> kNames = {"", "centre", "procrustes", "ridge", "mlp"};

void PutMatrix(const Matrix& matrix, std::string* out) {
  base::PutVarint(*out, matrix.n);
  base::PutVarint(*out, matrix.dim);
  codec::PutFloats(matrix.values, out);
}

bool GetMatrix(std::string_view& in, Matrix* matrix) {
  uint64_t n, dim;
  if (!base::GetVarint(in, &n) || !base::GetVarint(in, &dim) || n > UINT32_MAX ||
      dim > UINT32_MAX || !codec::GetFloats(in, &matrix->values)) {
    return false;
  }
  matrix->n = n;
  matrix->dim = dim;
  return matrix->values.size() == n * dim;
}

void Subtract(const std::vector<float>& mean, Matrix* rows) {
  for (size_t i = 0; i < rows->n; ++i) {
    for (size_t d = 0; d < rows->dim; ++d) rows->row(i)[d] -= mean[d];
  }
}

// out[i] of `matrix` (n × dim) times `x`.
std::vector<float> Products(const Matrix& matrix, const float* x) {
  std::vector<float> out(matrix.n);
  const auto& table = kernels::Distances(Dtype::kF32, Metric::kInnerProduct);
  table.query_many(x, matrix.values.data(), matrix.dim * sizeof(float), matrix.n, matrix.dim,
                   out.data());
  for (float& value : out) value = -value;  // keys are negated
  return out;
}

void NormaliseRow(std::vector<float>* row) {
  Matrix one;
  one.n = 1;
  one.dim = row->size();
  one.values.swap(*row);
  NormaliseRows(&one);
  row->swap(one.values);
}

Status WrongDim(const std::string& field, size_t dim, size_t wanted) {
  return Status::InvalidArgument(
      field, "has dim " + std::to_string(dim) + "; the adapter takes " + std::to_string(wanted));
}

}  // namespace

std::string_view AdapterName(AdapterKind kind) {
  const auto number = static_cast<size_t>(kind);
  return number >= 1 && number < kNames.size() ? kNames[number] : "unknown";
}

Result<Matrix> Adapter::Apply(RowsView rows) const {
  if (rows.dim != from_dim()) return WrongDim("rows", rows.dim, from_dim());
  Matrix centred(rows.n, rows.dim), out;
  std::copy_n(rows.values, rows.n * rows.dim, centred.values.data());
  if (unit_from_) NormaliseRows(&centred);
  Subtract(from_mean_, &centred);
  if (matrix_.values.empty()) {
    out = centred;
  } else {
    MultiplyT(centred, matrix_, &out);
  }
  if (!mlp_.second_bias.empty()) {
    Matrix hidden;
    MultiplyT(centred, mlp_.first, &hidden);
    for (size_t i = 0; i < hidden.n; ++i) {
      for (size_t h = 0; h < hidden.dim; ++h) {
        hidden.row(i)[h] = std::max(0.0f, hidden.row(i)[h] + mlp_.first_bias[h]);
      }
    }
    MultiplyT(hidden, mlp_.second, &out, 1, 1);
  }
  for (size_t i = 0; i < out.n; ++i) {
    for (size_t d = 0; d < out.dim; ++d) {
      if (!mlp_.second_bias.empty()) out.row(i)[d] += mlp_.second_bias[d];
      if (frame_ == AdapterFrame::kTarget) out.row(i)[d] += to_mean_[d];
    }
  }
  if (unit_to_) NormaliseRows(&out);
  return out;
}

std::vector<float> Adapter::ApplyOne(const float* row) const {
  std::vector<float> centred(row, row + from_dim());
  if (unit_from_) NormaliseRow(&centred);
  for (size_t d = 0; d < centred.size(); ++d) centred[d] -= from_mean_[d];
  std::vector<float> out = matrix_.values.empty() ? centred : Products(matrix_, centred.data());
  if (!mlp_.second_bias.empty()) {
    std::vector<float> hidden = Products(mlp_.first, centred.data());
    for (size_t h = 0; h < hidden.size(); ++h) {
      hidden[h] = std::max(0.0f, hidden[h] + mlp_.first_bias[h]);
    }
    const std::vector<float> added = Products(mlp_.second, hidden.data());
    for (size_t d = 0; d < out.size(); ++d) out[d] += added[d] + mlp_.second_bias[d];
  }
  if (frame_ == AdapterFrame::kTarget) {
    for (size_t d = 0; d < out.size(); ++d) out[d] += to_mean_[d];
  }
  if (unit_to_) NormaliseRow(&out);
  return out;
}

Result<Matrix> Adapter::CentreTargets(RowsView documents) const {
  if (documents.dim != to_dim()) return WrongDim("documents", documents.dim, to_dim());
  Matrix out(documents.n, documents.dim);
  std::copy_n(documents.values, documents.n * documents.dim, out.values.data());
  if (frame_ == AdapterFrame::kCentred) Subtract(to_mean_, &out);
  NormaliseRows(&out);
  return out;
}

Result<Adapter::Affine> Adapter::AsAffine() const {
  if (!mlp_.second_bias.empty()) {
    return Status::FailedPrecondition("an adapter of kind mlp is no affine map");
  }
  Affine affine{matrix_, std::vector<float>(to_dim(), 0.0f)};
  if (matrix_.values.empty()) {
    affine.matrix = Matrix(to_dim(), from_dim());
    for (size_t d = 0; d < to_dim(); ++d) affine.matrix.row(d)[d] = 1.0f;
  }
  for (size_t d = 0; d < to_dim(); ++d) {
    double bias = frame_ == AdapterFrame::kTarget ? to_mean_[d] : 0.0;
    for (size_t j = 0; j < from_dim(); ++j) {
      bias -= double{affine.matrix.row(d)[j]} * from_mean_[j];
    }
    affine.bias[d] = static_cast<float>(bias);
  }
  return affine;
}

bool Adapter::HasRightSizes() const {
  if (from_mean_.empty() || to_mean_.empty()) return false;
  const bool identity = matrix_.values.empty();
  if (identity && (kind_ != AdapterKind::kCentre || from_dim() != to_dim())) return false;
  if (!identity && (matrix_.n != to_dim() || matrix_.dim != from_dim())) return false;
  if (mlp_.second_bias.empty()) return mlp_.first.n == 0 && mlp_.second.n == 0;
  return mlp_.second_bias.size() == to_dim() && mlp_.second.n == to_dim() &&
         mlp_.first.dim == from_dim() && mlp_.second.dim == mlp_.first.n &&
         mlp_.first_bias.size() == mlp_.first.n && kind_ == AdapterKind::kMlp;
}

// Byte for byte: version, kind, frame, what is of unit length (1: what it takes, 2: what it gives;
// a byte each), both means, the matrix, the MLP's first
// matrix, its bias, its second, its bias (matrices: two varints, then their numbers; lists of
// floats as in codec/floats.h), CRC32C of all.
std::string Adapter::Serialize() const {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  out.push_back(static_cast<char>(kind_));
  out.push_back(static_cast<char>(frame_));
  out.push_back(static_cast<char>((unit_from_ ? 1 : 0) | (unit_to_ ? 2 : 0)));
  codec::PutFloats(from_mean_, &out);
  codec::PutFloats(to_mean_, &out);
  PutMatrix(matrix_, &out);
  PutMatrix(mlp_.first, &out);
  codec::PutFloats(mlp_.first_bias, &out);
  PutMatrix(mlp_.second, &out);
  codec::PutFloats(mlp_.second_bias, &out);
  base::PutLe(out, base::Crc32c(out));
  return out;
}

Result<Adapter> Adapter::Deserialize(std::string_view bytes) {
  const Status damaged = Status::DataLoss("the bytes of an adapter are damaged");
  uint32_t checksum;
  if (bytes.size() < sizeof checksum) return damaged;
  std::string_view tail = bytes.substr(bytes.size() - sizeof checksum);
  std::string_view in = bytes.substr(0, bytes.size() - sizeof checksum);
  uint8_t version, kind, frame, unit;
  base::GetLe(tail, &checksum);
  if (base::Crc32c(in) != checksum || !base::GetLe(in, &version)) return damaged;
  if (version != kVersion) {
    return Status::DataLoss("an adapter of format " + std::to_string(version) +
                            " cannot be read; this version reads format " +
                            std::to_string(kVersion));
  }
  Adapter adapter;
  if (!base::GetLe(in, &kind) || kind < 1 || kind >= kNames.size() || !base::GetLe(in, &frame) ||
      frame > static_cast<uint8_t>(AdapterFrame::kCentred) || !base::GetLe(in, &unit) || unit > 3 ||
      !codec::GetFloats(in, &adapter.from_mean_) || !codec::GetFloats(in, &adapter.to_mean_) ||
      !GetMatrix(in, &adapter.matrix_) || !GetMatrix(in, &adapter.mlp_.first) ||
      !codec::GetFloats(in, &adapter.mlp_.first_bias) || !GetMatrix(in, &adapter.mlp_.second) ||
      !codec::GetFloats(in, &adapter.mlp_.second_bias) || !in.empty()) {
    return damaged;
  }
  adapter.kind_ = static_cast<AdapterKind>(kind);
  adapter.frame_ = static_cast<AdapterFrame>(frame);
  adapter.unit_from_ = (unit & 1) != 0;
  adapter.unit_to_ = (unit & 2) != 0;
  if (!adapter.HasRightSizes()) return damaged;
  return adapter;
}

Result<Retrieval> EvaluateAdapter(const Adapter& adapter, RowsView queries, RowsView documents,
                                  const std::vector<uint32_t>& own, const CancelToken& cancel) {
  if (own.size() != queries.n) {
    return Status::InvalidArgument("own", "has " + std::to_string(own.size()) +
                                              " numbers; there are " + std::to_string(queries.n) +
                                              " queries");
  }
  for (const uint32_t row : own) {
    if (row < documents.n) continue;
    return Status::InvalidArgument("own", std::to_string(row) + " is no row of the documents");
  }
  SAGITTA_ASSIGN_OR_RETURN(const Matrix mapped, adapter.Apply(queries));
  SAGITTA_ASSIGN_OR_RETURN(const Matrix targets, adapter.CentreTargets(documents));
  return MeasureOwn(mapped, targets, own, cancel);
}

}  // namespace sagitta::learn
