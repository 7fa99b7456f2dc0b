#include "base/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace sagitta::base {
namespace {

TEST(SystemError, CodesByErrno) {
  const struct {
    int error;
    StatusCode code;
  } cases[] = {{ENOSPC, StatusCode::kResourceExhausted}, {EDQUOT, StatusCode::kResourceExhausted},
               {ENOENT, StatusCode::kNotFound},          {EBADF, StatusCode::kInternal},
               {EINVAL, StatusCode::kInternal},          {EIO, StatusCode::kUnavailable},
               {EACCES, StatusCode::kUnavailable},       {EMFILE, StatusCode::kUnavailable}};
  for (const auto& [error, code] : cases) {
    const Status status = SystemError("write", "data/file", error);
    EXPECT_EQ(status.code(), code) << error;
    EXPECT_EQ(status.message().rfind("write data/file: ", 0), 0u) << status.message();
  }
}

}  // namespace
}  // namespace sagitta::base
