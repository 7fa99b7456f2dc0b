#include "compactor/storage_menu.h"

#include <algorithm>
#include <cmath>

#include "base/names.h"

namespace sagitta::compactor {
namespace {

constexpr uint64_t kListRows = 50'000;  // from there on inverted lists save more than they cost
constexpr float kFewBits = 2.5f;        // a element: with so few, more candidates are ranked
constexpr double kLink = sizeof(uint32_t);

class Menu {
 public:
  Menu(const engine::FieldLayout& layout, Dtype row) : dim_(layout.dim), metric_(layout.metric) {
    vectors_ = static_cast<double>(VectorBytes(row, dim_));
  }

  void AddVectors() {
    Add("FLAT, vectors in memory", "FLAT", IndexKind::kFlat, vectors_);
    for (const uint32_t m : {8u, 16u, 32u}) {
      Add("HNSW of " + std::to_string(2 * m) + " links, vectors in memory", "HNSW",
          IndexKind::kHnsw, vectors_ + 2 * m * kLink)
          .hnsw.m = m;
    }
    AddGraphs(Residency::kMemory, "GRAPH in memory", ", vectors in memory", vectors_);
  }

  void AddGraphs(Residency residency, const std::string& family, const char* where, double more) {
    constexpr double kLine = 64;
    struct Form {
      uint32_t bits, degree;
    };
    for (const Form form : {Form{1, 16}, Form{1, 32}, Form{4, 32}, Form{8, 32}}) {
      // Codes may have fewer dimensions than vectors: this is no more than a first guess.
      const double codes = std::ceil(dim_ * form.bits / 8.0 / 2 / kLine) * kLine;
      IndexParams& index = Add("GRAPH of " + std::to_string(form.bits) + "-bit codes, " +
                                   std::to_string(form.degree) + " links" + where,
                               family, IndexKind::kGraph, codes + form.degree * kLink + more);
      index.graph.code_bits = form.bits;
      index.graph.degree = form.degree;
      index.residency = residency;
    }
  }

  void AddCodes(double room) {
    AddCodec({.kind = CodecKind::kBf16}, 2.0 * dim_, 16);
    AddCodec({.kind = CodecKind::kF16}, 2.0 * dim_, 16);
    AddCodec({.kind = CodecKind::kRowScaled}, dim_ + 2.0 + norm(), 8);
    AddCodec({.kind = CodecKind::kSign}, Packed(1) + 2 + norm(), 1);
    for (const uint32_t bits : {4u, 6u, 8u}) {
      AddCodec({.kind = CodecKind::kScalar, .bits = bits}, Packed(bits) + norm(), bits);
    }
    for (const uint32_t bits : {1u, 2u, 3u, 4u}) {
      AddCodec({.kind = CodecKind::kRecurrent, .bits = bits}, Turned(bits), bits);
    }
    for (const uint32_t bits : {1u, 2u, 3u, 4u, 6u, 8u}) {
      AddCodec({.kind = CodecKind::kRotated, .bits = bits}, Centred(bits), bits);
    }
    for (const CodecKind kind : {CodecKind::kProduct, CodecKind::kRotatedProduct}) {
      for (const uint32_t divisor : {8u, 4u, 2u, 1u}) {
        // Trainings that take longest; rotated codes of as many bytes find more.
        const bool slow = kind == CodecKind::kRotatedProduct && divisor <= 2;
        if (slow || dim_ % divisor != 0) continue;
        const uint32_t pieces = dim_ / divisor;
        AddCodec({.kind = kind, .bits = 4, .pieces = pieces}, (pieces + 1) / 2 + 2 + norm(),
                 4.0f / divisor);
      }
    }
    AddTransforms(IndexKind::kFlatCodes, room);
  }

  void AddTransforms(IndexKind kind, double room) {
    constexpr double kLeast = 7;  // that a schema takes
    const double most = dim_ + 2 + norm();
    std::vector<double> sizes;
    for (const double bits : {0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0}) {
      sizes.push_back(std::ceil(dim_ * bits / 8) + 2 + norm());
    }
    // In lists a row has its number, too.
    const double listed = kind == IndexKind::kIvfCodes ? kLink : 0;
    sizes.push_back(std::floor(0.98 * (room - listed)));
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
    for (const double size : sizes) {
      if (size < kLeast || size > most) continue;
      const auto bytes = static_cast<uint32_t>(size);
      const float bits = 8.0f * (bytes - 2 - norm()) / static_cast<float>(dim_);
      AddCodec({.kind = CodecKind::kAllocated, .bytes = bytes}, size + listed, bits, kind);
    }
  }

  std::vector<MenuEntry> Take() { return std::move(entries_); }

 private:
  uint32_t norm() const { return metric_ == Metric::kL2 ? 4 : 0; }
  double Packed(uint32_t bits) const { return std::ceil(dim_ * bits / 8.0); }
  // Of codes of a rotated vector, whose highest bits have a factor of their own.
  double Turned(uint32_t bits) const {
    const uint32_t factors = bits > 1 && dim_ % 8 == 0 ? 2 : 1;
    return Packed(bits) + 2 * factors + norm();
  }
  // These are of vectors less their mean, and have what that adds to products.
  double Centred(uint32_t bits) const {
    const bool offset = bits > 1 && dim_ % 8 == 0 && norm() == 0;
    return Turned(bits) + (offset ? sizeof(float) : 0);
  }

  IndexParams& Add(const std::string& name, const std::string& family, IndexKind kind,
                   double bytes) {
    entries_.push_back({.name = name, .family = family, .index = {}, .bytes = bytes});
    IndexParams& index = entries_.back().index;
    index.kind = kind;
    index.residency = Residency::kMemory;
    return index;
  }

  void AddCodec(CodecParams codec, double bytes, float bits,
                IndexKind kind = IndexKind::kFlatCodes) {
    codec.oversampling = bits <= kFewBits ? 10.0f : 4.0f;
    const std::string codec_name(base::CodecKindName(codec.kind));
    std::string name = std::string(base::IndexKindName(kind)) + ", " + codec_name;
    if (codec.kind == CodecKind::kAllocated) {
      name += " of " + std::to_string(codec.bytes) + " bytes";
    } else if (codec.pieces != 0) {
      name += " of " + std::to_string(codec.pieces) + " pieces";
    } else if (codec.bits != 0) {
      name += " of " + std::to_string(codec.bits) + " bits";
    }
    const bool listed = kind == IndexKind::kIvfCodes;
    IndexParams& index = Add(name, (listed ? "IVF " : "") + codec_name, kind, bytes);
    index.codec = codec;
    index.residency = Residency::kDisk;
  }

  const uint32_t dim_;
  const Metric metric_;
  double vectors_ = 0;
  std::vector<MenuEntry> entries_;
};

}  // namespace

std::vector<MenuEntry> StorageMenu(const engine::FieldLayout& layout, Dtype row, uint64_t rows,
                                   double room) {
  Menu menu(layout, row);
  menu.AddVectors();
  // L1 has no codes.
  if (layout.metric != Metric::kL1) {
    menu.AddGraphs(Residency::kDisk, "GRAPH", "", 0);
    menu.AddCodes(room);
    if (rows >= kListRows) menu.AddTransforms(IndexKind::kIvfCodes, room);
  }
  return menu.Take();
}

}  // namespace sagitta::compactor
