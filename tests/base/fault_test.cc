#include "base/fault.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace sagitta::base {
namespace {

Status Pass() {
  SAGITTA_FAULT("test.point");
  return Status::Ok();
}

Result<int> PassInResult() {
  SAGITTA_FAULT("test.other");
  return 7;
}

class FaultTest : public ::testing::Test {
 protected:
  void TearDown() override {
    unsetenv("SAGITTA_FAULTS");
    RecordFaultPoints(false);
    ClearFaults();
  }
};

TEST_F(FaultTest, FreeWhenNothingIsArmed) {
  EXPECT_FALSE(g_faults_active.load());
  EXPECT_TRUE(Pass().ok());
}

TEST_F(FaultTest, FailsAfterSkipsUntilCleared) {
  ArmFault("test.point", FaultAction::kIoError, 2);
  EXPECT_TRUE(Pass().ok());
  EXPECT_TRUE(PassInResult().ok());
  EXPECT_TRUE(Pass().ok());
  EXPECT_EQ(Pass().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Pass().code(), StatusCode::kUnavailable);
  EXPECT_NE(Pass().message().find("test.point"), std::string::npos);
  ClearFaults();
  EXPECT_TRUE(Pass().ok());
  EXPECT_FALSE(g_faults_active.load());
}

TEST_F(FaultTest, NoSpace) {
  ArmFault("test.other", FaultAction::kNoSpace);
  EXPECT_EQ(PassInResult().status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(Pass().ok());
}

TEST_F(FaultTest, Records) {
  RecordFaultPoints(true);
  EXPECT_TRUE(Pass().ok());
  EXPECT_TRUE(PassInResult().ok());
  EXPECT_TRUE(Pass().ok());
  EXPECT_EQ(RecordedFaultPoints(), (std::vector<std::string>{"test.other", "test.point"}));
  ClearFaults();
  EXPECT_TRUE(RecordedFaultPoints().empty());
}

TEST_F(FaultTest, Environment) {
  setenv("SAGITTA_FAULTS", "test.point=enospc:1,test.other=io", 1);
  ASSERT_TRUE(ArmFaultsFromEnvironment().ok());
  EXPECT_TRUE(Pass().ok());
  EXPECT_EQ(Pass().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(PassInResult().status().code(), StatusCode::kUnavailable);
}

TEST_F(FaultTest, BadEnvironmentArmsNothing) {
  for (const char* text : {"test.point", "test.point=boom", "=io", "test.point=io:", "a=io:-1",
                           "a=io:2x", "test.point=io,,b=io", "test.point=io,b"}) {
    setenv("SAGITTA_FAULTS", text, 1);
    const Status status = ArmFaultsFromEnvironment();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.field(), "SAGITTA_FAULTS");
    EXPECT_FALSE(g_faults_active.load()) << text;
  }
}

TEST_F(FaultTest, KillEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        ArmFault("test.point", FaultAction::kKill, 1);
        if (Pass().ok() && Pass().ok()) std::_Exit(0);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

}  // namespace
}  // namespace sagitta::base
