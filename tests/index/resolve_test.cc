#include "index/resolve.h"

#include <gtest/gtest.h>

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
  EXPECT_EQ(ResolveNlist({.nlist = 0}, 38), 0u);
  EXPECT_EQ(ResolveNlist({.nlist = 0}, 39), 1u);
  EXPECT_EQ(ResolveNlist({.nlist = 0}, 1'000'000), 4000u);
  EXPECT_EQ(ResolveNlist({.nlist = 1000}, 3900), 100u);
  EXPECT_EQ(ResolveNlist({.nlist = 10}, 1'000'000), 10u);
}

TEST(Resolve, NprobeComesFromTheQueryThenTheIndexThenTheDefault) {
  SearchParams query;
  EXPECT_EQ(ResolveNprobe({}, query, 4000), 250u);
  EXPECT_EQ(ResolveNprobe({}, query, 5), 5u);
  EXPECT_EQ(ResolveNprobe({.nlist = 0, .nprobe = 20}, query, 4000), 20u);
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
  EXPECT_EQ(BuiltKind(params, 38, Dtype::kF32), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, 39, Dtype::kF32), IndexKind::kIvfFlat);
  params.kind = IndexKind::kIvfPq;
  EXPECT_EQ(BuiltKind(params, 255, Dtype::kF32), IndexKind::kFlat);
  EXPECT_EQ(BuiltKind(params, 256, Dtype::kF32), IndexKind::kIvfPq);
  params.kind = IndexKind::kHnsw;
  EXPECT_EQ(BuiltKind(params, 0, Dtype::kF32), IndexKind::kFlat);
}

TEST(Resolve, OnlyWhatIsBuiltInCallsForARebuild) {
  IndexParams built;
  built.kind = IndexKind::kHnsw;
  IndexParams wanted = built;
  wanted.hnsw.ef_search = 999;
  wanted.pq.m = 3;
  EXPECT_TRUE(Satisfies(built, IndexKind::kHnsw, wanted, 50'000, Dtype::kF32));
  wanted.hnsw.m = 32;
  EXPECT_FALSE(Satisfies(built, IndexKind::kHnsw, wanted, 50'000, Dtype::kF32));
  wanted.kind = IndexKind::kAuto;
  EXPECT_FALSE(Satisfies(built, IndexKind::kHnsw, wanted, 50'000, Dtype::kF32));

  wanted.graph.ef_search = 999;
  wanted.graph.oversampling = 9;
  EXPECT_TRUE(Satisfies(built, IndexKind::kGraph, wanted, 50'000, Dtype::kF32));
  EXPECT_FALSE(Satisfies(built, IndexKind::kGraph, wanted, 10'000, Dtype::kF32));
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlat, wanted, 10'000, Dtype::kF32));
  for (const auto change :
       {+[](GraphParams& p) { p.degree = 48; }, +[](GraphParams& p) { p.build_width = 200; },
        +[](GraphParams& p) { p.alpha = 1.1f; }, +[](GraphParams& p) { p.code_bits = 8; }}) {
    IndexParams changed = wanted;
    change(changed.graph);
    EXPECT_FALSE(Satisfies(built, IndexKind::kGraph, changed, 50'000, Dtype::kF32));
  }

  built.kind = wanted.kind = IndexKind::kIvfPq;
  wanted = built;
  wanted.ivf.nprobe = 77;
  wanted.pq.oversampling = 9;
  EXPECT_TRUE(Satisfies(built, IndexKind::kIvfPq, wanted, 50'000, Dtype::kF32));
  wanted.ivf.nlist = ResolveNlist(built.ivf, 50'000);
  EXPECT_TRUE(Satisfies(built, IndexKind::kIvfPq, wanted, 50'000, Dtype::kF32));
  wanted.ivf.nlist += 1;
  EXPECT_FALSE(Satisfies(built, IndexKind::kIvfPq, wanted, 50'000, Dtype::kF32));
  wanted = built;
  wanted.pq.nbits = 4;
  EXPECT_FALSE(Satisfies(built, IndexKind::kIvfPq, wanted, 50'000, Dtype::kF32));
  EXPECT_TRUE(Satisfies(built, IndexKind::kFlat, wanted, 10, Dtype::kF32));
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

}  // namespace
}  // namespace sagitta::index
