#include "compactor/residency.h"

#include <gtest/gtest.h>

namespace sagitta::compactor {
namespace {

using Bools = std::vector<bool>;

VectorsInPlace Auto(uint64_t bytes, double use) { return {.bytes = bytes, .use = use}; }

VectorsInPlace Wish(uint64_t bytes, Residency wish) { return {.bytes = bytes, .wish = wish}; }

TEST(PlanResidency, EverythingIsInMemoryWhereThereIsRoom) {
  const std::vector<VectorsInPlace> vectors = {Auto(100, 0), Auto(200, 5)};
  EXPECT_EQ(PlanResidency(vectors, 300), (Bools{false, false}));
  EXPECT_EQ(PlanResidency(vectors, UINT64_MAX), (Bools{false, false}));
  EXPECT_EQ(PlanResidency({}, 10), Bools{});
}

TEST(PlanResidency, MostSearchedForItsSizeFirst) {
  const std::vector<VectorsInPlace> vectors = {Auto(100, 1), Auto(100, 9), Auto(400, 20)};
  EXPECT_EQ(PlanResidency(vectors, 100), (Bools{true, false, true}));
  EXPECT_EQ(PlanResidency(vectors, 500), (Bools{true, false, false}));
  // What is too large leaves its room to smaller ones.
  EXPECT_EQ(PlanResidency(vectors, 200), (Bools{false, false, true}));
  EXPECT_EQ(PlanResidency(vectors, 0), (Bools{true, true, true}));
}

TEST(PlanResidency, WishesComeFirst) {
  const std::vector<VectorsInPlace> vectors = {Wish(100, Residency::kDisk), Auto(100, 9),
                                               Wish(100, Residency::kMemory)};
  EXPECT_EQ(PlanResidency(vectors, 1000), (Bools{true, false, false}));
  EXPECT_EQ(PlanResidency(vectors, 150), (Bools{true, true, false})) << "MEMORY takes its room";
  EXPECT_EQ(PlanResidency(vectors, 50), (Bools{true, true, false})) << "and more than there is";
}

TEST(PlanResidency, VectorsThatSearchesWalkComeBeforeThoseOfCandidates) {
  std::vector<VectorsInPlace> vectors = {Auto(100, 50), Auto(100, 1)};
  vectors[1].walks_vectors = true;
  EXPECT_EQ(PlanResidency(vectors, 100), (Bools{true, false}));
}

TEST(PlanResidency, PlacesChangeOnlyForMuchMoreUse) {
  std::vector<VectorsInPlace> vectors = {Auto(100, 10), Auto(100, 12)};
  vectors[1].on_disk = true;
  EXPECT_EQ(PlanResidency(vectors, 100), (Bools{false, true}));
  vectors[1].use = 16;
  EXPECT_EQ(PlanResidency(vectors, 100), (Bools{true, false}));
}

}  // namespace
}  // namespace sagitta::compactor
