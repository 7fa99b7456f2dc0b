#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "tests/model/driver.h"

namespace sagitta::model {
namespace {

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(Model, RandomOperationsLeaveNoDifference) {
  const uint64_t seed = FromEnvironment("SAGITTA_MODEL_SEED", 20240601);
  const uint64_t operations = FromEnvironment("SAGITTA_MODEL_OPS", 200'000);
  std::cout << "SAGITTA_MODEL_SEED=" << seed << " SAGITTA_MODEL_OPS=" << operations << std::endl;
  char directory[] = "/tmp/sagitta-model-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  {
    Driver driver(std::string(directory) + "/data", seed);
    driver.Run(operations);
  }
  if (!HasFailure()) {
    std::filesystem::remove_all(directory);
  } else {
    std::cout << "the data directory is left in " << directory << std::endl;
  }
}

}  // namespace
}  // namespace sagitta::model
