// What the control group of this process allows. Thread-safe, pure but for the files read.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace sagitta::base {

struct CgroupLimits {
  uint64_t memory_bytes = std::numeric_limits<uint64_t>::max();
  double cores = std::numeric_limits<double>::infinity();
};

// The tightest limits from the process's group up to the root. `membership` is the text of
// /proc/self/cgroup (v2 "0::/path", v1 "4:memory:/path"), `root` the mount point, /sys/fs/cgroup.
CgroupLimits ReadCgroupLimits(std::string_view membership, const std::string& root);

}  // namespace sagitta::base
