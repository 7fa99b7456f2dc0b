#include "index/resolve.h"

#include <gtest/gtest.h>

#include "index/coded_rows.h"

namespace sagitta::index {
namespace {

TEST(Resolve, AutoIsFlatBelowTwentyThousandRows) {
  EXPECT_EQ(ResolveKind({}, 0, Dtype::kF32), IndexKind::kFlat);
  EXPECT_EQ(ResolveKind({}, 19'999, Dtype::kF32), IndexKind::kFlat);
  EXPECT_EQ(ResolveKind({}, 20'000, Dtype::kF32), IndexKind::kGraph);
  EXPECT_EQ(ResolveKind({}, 19'999, Dtype::kBits), IndexKind::kBinaryFlat);
  EXPECT_EQ(ResolveKind({}, 20'000, Dtype::kBits), IndexKind::kBinaryHnsw);
  IndexParams hnsw;
  hnsw.kind = IndexKind::kHnsw;
  EXPECT_EQ(ResolveKind(hnsw, 3, Dtype::kF32), IndexKind::kHnsw);
}

TEST(Resolve, NlistIsBoundedByRows) {
  EXPECT_EQ(ResolveNlist({.nlist = 0}, IndexKind::kIvfFlat, 38), 0u);
  EXPECT_EQ(ResolveNlist({.nlist = 0}, IndexKind::kIvfFlat, 39), 1u);
  EXPECT_EQ(ResolveNlist({.nlist = 0}, IndexKind::kIvfFlat, 1'000'000), 4000u);
  EXPECT_EQ(ResolveNlist({.nlist = 1000}, IndexKind::kIvfFlat, 3900), 100u);
  EXPECT_EQ(ResolveNlist({.nlist = 10}, IndexKind::kIvfFlat, 1'000'000), 10u);
}

TEST(Resolve, NprobeComesFromTheQueryThenTheIndexThenTheDefault) {
  SearchParams query;
  EXPECT_EQ(ResolveNprobe({}, query, 4000), 250u);
  EXPECT_EQ(ResolveNprobe({}, query, 5), 5u);
  EXPECT_EQ(ResolveNprobe({.nlist = 0, .nprobe = 20}, query, 4000), 20u);
  EXPECT_EQ(ResolveCodesNprobe({}, query, 195), 97u);
  EXPECT_EQ(ResolveCodesNprobe({}, query, 4000), 505u);
  EXPECT_EQ(ResolveCodesNprobe({}, query, 5), 5u);
  EXPECT_EQ(ResolveCodesNprobe({.nlist = 0, .nprobe = 20}, query, 4000), 20u);
  query.nprobe = 70'000;
  EXPECT_EQ(ResolveNprobe({.nlist = 0, .nprobe = 20}, query, 4000), 4000u);
}

TEST(Resolve, PqPiecesDivideDim) {
  EXPECT_EQ(ResolvePqM({}, 784), 196u);
  EXPECT_EQ(ResolvePqM({}, 7), 1u);
  EXPECT_EQ(ResolvePqM({}, 1), 1u);
  EXPECT_EQ(ResolvePqM({.m = 8}, 64), 8u);
}

TEST(Resolve, TooFewRowsToTrainGiveFlat) {
  IndexParams params;
  params.kind = IndexKind::kIvfFlat;
  EXPECT_EQ(BuiltKind(params, {.n = 38, .dim = 64}), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, {.n = 39, .dim = 64}), IndexKind::kIvfFlat);
  params.kind = IndexKind::kIvfPq;
  EXPECT_EQ(BuiltKind(params, {.n = 255, .dim = 64}), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, {.n = 256, .dim = 64}), IndexKind::kIvfPq);
  params.kind = IndexKind::kHnsw;
  EXPECT_EQ(BuiltKind(params, {.n = 0, .dim = 64}), IndexKind::kFlat);
  params.kind = IndexKind::kIvfCodes;
  EXPECT_EQ(BuiltKind(params, {.n = 255, .dim = 64}), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, {.n = 255, .dim = 32}), IndexKind::kFlatCodes);
  EXPECT_EQ(BuiltKind(params, {.n = 256, .dim = 64}), IndexKind::kIvfCodes);
  params.codec = {.kind = CodecKind::kProduct, .bits = 8};
  EXPECT_EQ(BuiltKind(params, {.n = 1023, .dim = 64}), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, {.n = 1024, .dim = 64}), IndexKind::kIvfCodes);
}

TEST(Resolve, CodecsFillInWhatIsNotGiven) {
  EXPECT_EQ(ResolveCodec({}, 384, Metric::kInnerProduct).bytes, 194u);
  EXPECT_EQ(ResolveCodec({}, 384, Metric::kL2).bytes, 198u);
  EXPECT_EQ(ResolveCodec({.dims = 128}, 384, Metric::kCosine).bytes, 66u);
  EXPECT_EQ(ResolveCodec({.kind = CodecKind::kScalar}, 384, Metric::kL2).bits, 8u);
  EXPECT_EQ(ResolveCodec({.kind = CodecKind::kRecurrent}, 384, Metric::kL2).bits, 2u);
  EXPECT_EQ(ResolveCodec({.kind = CodecKind::kProduct}, 384, Metric::kL2).pieces, 192u);
  EXPECT_EQ(ResolveCodec({.kind = CodecKind::kProduct, .bits = 8}, 384, Metric::kL2).pieces, 96u);
  EXPECT_EQ(ResolveCodec({.kind = CodecKind::kProduct}, 7, Metric::kL2).pieces, 1u);
}

TEST(Resolve, OnlyWhatIsBuiltInCallsForARebuild) {
  IndexParams built;
  built.kind = IndexKind::kHnsw;
  IndexParams wanted = built;
  wanted.hnsw.ef_search = 999;
  wanted.pq.m = 3;
  EXPECT_TRUE(Satisfies(built, IndexKind::kHnsw, wanted, {.n = 50'000, .dim = 64}));
  wanted.hnsw.m = 32;
  EXPECT_FALSE(Satisfies(built, IndexKind::kHnsw, wanted, {.n = 50'000, .dim = 64}));
  wanted.kind = IndexKind::kAuto;
  EXPECT_FALSE(Satisfies(built, IndexKind::kHnsw, wanted, {.n = 50'000, .dim = 64}));

  wanted.graph.ef_search = 999;
  wanted.graph.oversampling = 9;
  EXPECT_TRUE(Satisfies(built, IndexKind::kGraph, wanted, {.n = 50'000, .dim = 64}));
  EXPECT_FALSE(Satisfies(built, IndexKind::kGraph, wanted, {.n = 10'000, .dim = 64}));
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlat, wanted, {.n = 10'000, .dim = 64}));
  for (const auto change : {+[](GraphParams& p) { p.degree = 48; },
                            +[](GraphParams& p) { p.build_width = 200; },
                            +[](GraphParams& p) { p.alpha = 1.1f; },
                            +[](GraphParams& p) { p.code_bits = 8; }}) {
    IndexParams changed = wanted;
    change(changed.graph);
    EXPECT_FALSE(Satisfies(built, IndexKind::kGraph, changed, {.n = 50'000, .dim = 64}));
  }

  built.kind = wanted.kind = IndexKind::kIvfPq;
  wanted = built;
  wanted.ivf.nprobe = 77;
  wanted.pq.oversampling = 9;
  EXPECT_TRUE(Satisfies(built, IndexKind::kIvfPq, wanted, {.n = 50'000, .dim = 64}));
  wanted.ivf.nlist = ResolveNlist(built.ivf, IndexKind::kIvfPq, 50'000);
  EXPECT_TRUE(Satisfies(built, IndexKind::kIvfPq, wanted, {.n = 50'000, .dim = 64}));
  wanted.ivf.nlist += 1;
  EXPECT_FALSE(Satisfies(built, IndexKind::kIvfPq, wanted, {.n = 50'000, .dim = 64}));
  wanted = built;
  wanted.pq.nbits = 4;
  EXPECT_FALSE(Satisfies(built, IndexKind::kIvfPq, wanted, {.n = 50'000, .dim = 64}));
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlat, wanted, {.n = 10, .dim = 64}));
}

TEST(Resolve, BadParametersAreNamed) {
  IndexParams params;
  params.hnsw.m = 1;
  EXPECT_EQ(CheckParams(params, IndexKind::kHnsw, 8, Dtype::kF32).field(), "index.hnsw.m");
  params.hnsw = {.m = 16, .ef_construction = 5000};
  EXPECT_EQ(CheckParams(params, IndexKind::kHnsw, 8, Dtype::kF32).field(),
            "index.hnsw.ef_construction");
  params.pq.nbits = 9;
  EXPECT_EQ(CheckParams(params, IndexKind::kIvfPq, 8, Dtype::kF32).field(), "index.pq.nbits");
  params.pq = {.m = 3};
  EXPECT_EQ(CheckParams(params, IndexKind::kIvfPq, 8, Dtype::kF32).field(), "index.pq.m");
  params.graph.degree = 7;
  EXPECT_EQ(CheckParams(params, IndexKind::kGraph, 8, Dtype::kF32).field(), "index.graph.degree");
  params.graph = {.build_width = 5000};
  EXPECT_EQ(CheckParams(params, IndexKind::kGraph, 8, Dtype::kF32).field(),
            "index.graph.build_width");
  params.graph = {.alpha = 0.5f};
  EXPECT_EQ(CheckParams(params, IndexKind::kGraph, 8, Dtype::kF32).field(), "index.graph.alpha");
  params.graph = {.code_bits = 5};
  EXPECT_EQ(CheckParams(params, IndexKind::kGraph, 8, Dtype::kF32).field(),
            "index.graph.code_bits");
  params.graph = {};
  EXPECT_TRUE(CheckParams(params, IndexKind::kGraph, 8, Dtype::kF32).ok());
  EXPECT_EQ(CheckParams(params, IndexKind::kBinary, 8, Dtype::kF32).field(), "index.kind");
  EXPECT_TRUE(CheckParams(params, IndexKind::kFlat, 8, Dtype::kF32).ok());
}

TEST(Resolve, OnlyAnotherCodecCallsForARebuild) {
  IndexParams built;
  built.kind = IndexKind::kFlatCodes;
  IndexParams wanted = built;
  wanted.codec.oversampling = 9;
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlatCodes, wanted, {.n = 50'000, .dim = 64}));
  wanted.codec.dims = 64;
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlatCodes, wanted, {.n = 50'000, .dim = 64}));
  for (const auto change : {+[](CodecParams& p) { p.kind = CodecKind::kScalar; },
                            +[](CodecParams& p) { p.bytes = 30; },
                            +[](CodecParams& p) { p.model = "codes@2"; },
                            +[](CodecParams& p) { p.dims = 32; }}) {
    IndexParams changed = wanted;
    change(changed.codec);
    EXPECT_FALSE(Satisfies(built, IndexKind::kFlatCodes, changed, {.n = 50'000, .dim = 64}));
    changed.kind = built.kind = IndexKind::kIvfCodes;
    EXPECT_FALSE(Satisfies(built, IndexKind::kIvfCodes, changed, {.n = 50'000, .dim = 64}));
    built.kind = IndexKind::kFlatCodes;
  }
  built.codec.kind = wanted.codec.kind = CodecKind::kScalar;
  wanted.codec.bits = 8;
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlatCodes, wanted, {.n = 50'000, .dim = 64}));
  wanted.codec.bits = 4;
  EXPECT_FALSE(Satisfies(built, IndexKind::kFlatCodes, wanted, {.n = 50'000, .dim = 64}));
}

}  // namespace
}  // namespace sagitta::index
