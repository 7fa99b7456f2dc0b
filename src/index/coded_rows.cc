#include "index/coded_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/ivf_train.h"
#include "index/shared_codec.h"
#include "index/workers.h"

namespace sagitta::index {
namespace {

constexpr size_t kSample = 20'000;      // rows trained on; more hardly change a codec
constexpr size_t kEncodeBlock = 4'096;  // rows, a multiple of 64

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "codec: " + what);
}

Result<CodedHeader> ReadHeader(const std::string& prefix, const base::SectionFileReader& file) {
  CodedHeader header;
  SAGITTA_ASSIGN_OR_RETURN(const auto bytes, file.Section(prefix + "codec.header"));
  if (bytes.size() != sizeof header) return Damaged(prefix, "header has a wrong size");
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.version == 1) return header;
  return Damaged(prefix, "unknown version " + std::to_string(header.version));
}

bool IsProduct(CodecKind kind) {
  return kind == CodecKind::kProduct || kind == CodecKind::kRotatedProduct;
}

uint32_t UsualBits(CodecKind kind) {
  switch (kind) {
    case CodecKind::kScalar:
      return 8;
    case CodecKind::kRecurrent:
      return 2;
    case CodecKind::kSign:
      return 1;
    default:
      return 4;
  }
}

// The largest divisor of `dims` of at most two bits an element, at least 1.
uint32_t UsualPieces(uint32_t dims, uint32_t bits) {
  uint32_t pieces = std::max(1u, 2 * dims / bits);
  while (dims % pieces != 0) --pieces;
  return pieces;
}

// The first floats of a vector, of length one for COSINE.
void Shorten(Metric metric, uint32_t dims, uint32_t dim, float* vector) {
  if (metric != Metric::kCosine || dims == dim) return;
  const float key =
      kernels::Distances(Dtype::kF32, Metric::kInnerProduct).query_row(vector, vector, dims);
  const float squared = std::abs(key);
  if (!(squared > 0.0f)) return;
  const float length = std::sqrt(squared);
  for (uint32_t d = 0; d < dims; ++d) vector[d] /= length;
}

// Rows at positions[0 … n), or from `first` on without positions.
std::vector<float> Floats(const VectorRows& rows, uint32_t dims, const uint32_t* positions,
                          size_t first, size_t n) {
  std::vector<float> floats(n * dims);
  for (size_t i = 0; i < n; ++i) {
    float* to = floats.data() + i * dims;
    RowAsFloats(rows, positions == nullptr ? first + i : positions[i], 0, dims, to);
    Shorten(rows.metric, dims, rows.dim, to);
  }
  return floats;
}

// The codec of a model that was trained before.
Result<std::unique_ptr<codec::Codec>> FindModel(const VectorRows& rows, const CodecParams& params,
                                                uint32_t dims, const BuildContext& context) {
  if (context.codecs == nullptr) {
    return Status::FailedPrecondition("there are no models here to find '" + params.model + "' in");
  }
  SAGITTA_ASSIGN_OR_RETURN(auto codec, context.codecs->FindCodec(params.model));
  if (codec->dim() == dims && codec->metric() == rows.metric) return codec;
  return Status::FailedPrecondition("model '" + params.model + "' is of dim " +
                                    std::to_string(codec->dim()) +
                                    " or of a metric that is not the field's");
}

Result<std::unique_ptr<codec::Codec>> TrainOn(const VectorRows& rows, const CodecParams& params,
                                              uint32_t dims, const BuildContext& context) {
  codec::CodecSpec spec = ResolveCodec(params, rows.dim, rows.metric);
  spec.seed = context.seed;
  const std::vector<uint32_t> sample = SamplePositions(rows.n, kSample, context.seed);
  const std::vector<float> floats = Floats(rows, dims, sample.data(), 0, sample.size());
  return codec::TrainCodec(spec, floats.data(), sample.size(), dims, context.cancel);
}

Result<std::shared_ptr<const codec::Codec>> ReadCodec(std::string_view bytes, bool of_a_model) {
  if (of_a_model) return ShareCodec(bytes);
  SAGITTA_ASSIGN_OR_RETURN(auto codec, codec::Codec::Deserialize(bytes));
  return std::shared_ptr<const codec::Codec>(std::move(codec));
}

std::vector<size_t> Starts(const codec::Codec& codec, std::span<const uint64_t> offsets) {
  std::vector<size_t> starts(offsets.size());
  for (size_t run = 0; run + 1 < offsets.size(); ++run) {
    starts[run + 1] = starts[run] + codec.stored_bytes(offsets[run + 1] - offsets[run]);
  }
  return starts;
}

// A part of a run that is encoded at once.
struct Piece {
  size_t run, begin, n;
};

std::vector<Piece> Pieces(const CodeRuns& runs) {
  std::vector<Piece> pieces;
  for (size_t run = 0; run < runs.size(); ++run) {
    const size_t length = runs.length(run);
    for (size_t begin = 0; begin < length; begin += kEncodeBlock) {
      pieces.push_back({run, begin, std::min(kEncodeBlock, length - begin)});
    }
  }
  return pieces;
}

Status EncodeAll(const VectorRows& rows, const codec::Codec& codec, const CodeRuns& runs,
                 const BuildContext& context, std::vector<uint8_t>* stored) {
  const std::vector<size_t> starts = Starts(codec, runs.offsets);
  stored->resize(starts.back());
  const std::vector<Piece> pieces = Pieces(runs);
  return ForBlocks(context, pieces.size(), 1, [&](size_t i, size_t) {
    const Piece& piece = pieces[i];
    const size_t entry = runs.offsets[piece.run] + piece.begin;
    const uint32_t* positions = runs.positions.empty() ? nullptr : &runs.positions[entry];
    const std::vector<float> floats = Floats(rows, codec.dim(), positions, entry, piece.n);
    std::vector<uint8_t> codes(piece.n * codec.code_bytes());
    codec.Encode(floats.data(), piece.n, codes.data());
    codec.Store(codes.data(), piece.n,
                stored->data() + starts[piece.run] + codec.stored_bytes(piece.begin));
  });
}

std::vector<uint32_t> FirstMembers(const SharedCodes& shared) {
  std::vector<uint32_t> first(shared.slots());
  for (size_t slot = 0; slot < first.size(); ++slot) {
    first[slot] = shared.members[shared.member_offsets[slot]];
  }
  return first;
}

}  // namespace

codec::CodecSpec ResolveCodec(const CodecParams& params, uint32_t dim, Metric metric) {
  const uint32_t dims = params.dims == 0 ? dim : params.dims;
  codec::CodecSpec spec{.kind = params.kind, .metric = metric};
  spec.bits = params.bits == 0 ? UsualBits(params.kind) : params.bits;
  if (IsProduct(params.kind)) {
    spec.pieces = params.pieces == 0 ? UsualPieces(dims, spec.bits) : params.pieces;
  }
  spec.transform = params.transform;
  spec.width = params.width;
  const uint32_t trailer = metric == Metric::kL2 ? 6 : 2;
  spec.bytes = params.bytes == 0 ? (dims + 1) / 2 + trailer : params.bytes;
  return spec;
}

size_t LeastCodedRows(const CodecParams& params, uint32_t dim) {
  constexpr size_t kRowsPerDimension = 4;  // else components of small variance look smaller yet
  constexpr size_t kRowsPerWord = 4;
  const codec::CodecSpec spec = ResolveCodec(params, dim, Metric::kL2);
  const bool components = params.kind == CodecKind::kAllocated ||
                          params.transform == CodecTransform::kPca ||
                          params.transform == CodecTransform::kWhitening;
  if (components) {
    return kRowsPerDimension * (params.dims == 0 ? dim : params.dims);
  }
  return IsProduct(params.kind) ? kRowsPerWord << spec.bits : 1;
}

Status BuildCodedRows(const VectorRows& rows, const CodecParams& params, const CodeRuns& runs,
                      const BuildContext& context, const std::string& prefix,
                      base::SectionFileWriter* out) {
  const uint32_t dims = params.dims == 0 ? rows.dim : params.dims;
  const bool learned = params.kind == CodecKind::kLearned;
  SAGITTA_ASSIGN_OR_RETURN(const auto codec, learned ? FindModel(rows, params, dims, context)
                                                     : TrainOn(rows, params, dims, context));
  Report(context, 0.5);
  SharedCodes shared;
  SAGITTA_RETURN_IF_ERROR(ShareCodes(rows, runs, params.near_duplicates, context, &shared));
  const bool shares = shared.Saves(codec->code_bytes());
  const std::vector<uint32_t> coded = shares ? FirstMembers(shared) : std::vector<uint32_t>();
  const CodeRuns slots = shares ? CodeRuns{shared.run_offsets, coded} : runs;
  Report(context, 0.6);
  std::vector<uint8_t> stored;
  SAGITTA_RETURN_IF_ERROR(EncodeAll(rows, *codec, slots, Phase(context, 0.6, 1.0), &stored));
  CodedHeader header;
  header.slots = shares ? shared.slots() : 0;
  header.kind = static_cast<uint32_t>(params.kind);
  header.n = rows.n;
  header.dims = dims;
  header.metric = static_cast<uint32_t>(rows.metric);
  header.runs = runs.size();
  SAGITTA_RETURN_IF_ERROR(
      out->Write(prefix + "codec.header", std::as_bytes(std::span(&header, 1))));
  SAGITTA_RETURN_IF_ERROR(out->WriteString(prefix + "codec.model", codec->Serialize()));
  if (shares) SAGITTA_RETURN_IF_ERROR(WriteSharedCodes(shared, prefix, out));
  return out->WriteArray(prefix + "codec.codes", std::span<const uint8_t>(stored));
}

Result<CodedRows> CodedRows::Open(const VectorRows& rows, std::span<const uint64_t> offsets,
                                  const std::string& prefix, const base::SectionFileReader& file) {
  CodedRows coded;
  SAGITTA_ASSIGN_OR_RETURN(const CodedHeader header, ReadHeader(prefix, file));
  if (header.n != rows.n || header.runs + 1 != offsets.size() || header.dims > rows.dim ||
      header.metric != static_cast<uint32_t>(rows.metric)) {
    return Damaged(prefix, "rows, lists, dim or metric are not the segment's");
  }
  SAGITTA_ASSIGN_OR_RETURN(const auto model, file.Section(prefix + "codec.model"));
  const bool learned = header.kind == static_cast<uint32_t>(CodecKind::kLearned);
  auto codec = ReadCodec({reinterpret_cast<const char*>(model.data()), model.size()}, learned);
  if (!codec.ok()) return Damaged(prefix, codec.status().message());
  coded.codec_ = std::move(*codec);
  if (coded.codec_->dim() != header.dims || coded.codec_->metric() != rows.metric ||
      static_cast<uint32_t>(coded.codec_->kind()) != header.kind) {
    return Damaged(prefix, "the codec is not the one of its header");
  }
  SAGITTA_ASSIGN_OR_RETURN(coded.codes_, file.Section(prefix + "codec.codes"));
  coded.dim_ = rows.dim;
  if (header.slots != 0) {
    SAGITTA_ASSIGN_OR_RETURN(coded.shared_,
                             SharedCodesView::Open(offsets, header.slots, prefix, file));
    offsets = coded.shared_.run_offsets;
  }
  coded.offsets_.assign(offsets.begin(), offsets.end());
  coded.starts_ = Starts(*coded.codec_, offsets);
  if (coded.codes_.size() != coded.starts_.back()) {
    return Damaged(prefix, "there are " + std::to_string(coded.codes_.size()) +
                               " bytes of codes, " + std::to_string(coded.starts_.back()) +
                               " are needed");
  }
  coded.bytes_ =
      sizeof(CodedHeader) + model.size() + coded.codes_.size() + coded.shared_.bytes();
  return coded;
}

std::unique_ptr<codec::CodecQuery> CodedRows::Prepare(const float* query) const {
  const uint32_t dims = codec_->dim();
  std::vector<float> shortened(query, query + dims);
  Shorten(codec_->metric(), dims, dim_, shortened.data());
  return codec_->Prepare(shortened.data());
}

codec::StoredRows CodedRows::Part(size_t run, size_t begin, size_t n) const {
  const auto* data = reinterpret_cast<const uint8_t*>(codes_.data()) + starts_[run];
  return {.data = data + codec_->stored_bytes(begin),
          .n = std::min(n, length(run) - begin),
          .first = static_cast<uint32_t>(offsets_[run] + begin)};
}

}  // namespace sagitta::index
