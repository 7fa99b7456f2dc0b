#include "base/machine_limits.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "base/memory_budget.h"

namespace sagitta::base {

namespace {

std::string_view FirstWord(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \n");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  return text.substr(0, text.find_first_of(" \n"));
}

// None for "max", "-1" and anything else that is no count.
std::optional<uint64_t> ParseCount(std::string_view text) {
  const std::string_view word = FirstWord(text);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size()) return {};
  return value;
}

std::string ReadOrEmpty(const std::string& path) {
  auto content = ReadFile(path);
  return content.ok() ? *std::move(content) : std::string();
}

void ApplyCores(std::optional<uint64_t> quota, std::optional<uint64_t> period,
                CgroupLimits* limits) {
  if (!quota || !period || *quota == 0 || *period == 0) return;
  limits->cores =
      std::min(limits->cores, static_cast<double>(*quota) / static_cast<double>(*period));
}

void ReadGroup(const std::string& v2, const std::string& v1_memory, const std::string& v1_cpu,
               CgroupLimits* limits) {
  const auto memory = ParseCount(
      ReadOrEmpty(v2.empty() ? v1_memory + "/memory.limit_in_bytes" : v2 + "/memory.max"));
  if (memory) limits->memory_bytes = std::min(limits->memory_bytes, *memory);
  if (v2.empty()) {
    ApplyCores(ParseCount(ReadOrEmpty(v1_cpu + "/cpu.cfs_quota_us")),
               ParseCount(ReadOrEmpty(v1_cpu + "/cpu.cfs_period_us")), limits);
    return;
  }
  const std::string max = ReadOrEmpty(v2 + "/cpu.max");  // "<quota or max> <period>"
  const size_t space = max.find(' ');
  if (space == std::string::npos) return;
  ApplyCores(ParseCount(max), ParseCount(std::string_view(max).substr(space)), limits);
}

}  // namespace

CgroupLimits ReadCgroupLimits(std::string_view membership, const std::string& root) {
  CgroupLimits limits;
  while (!membership.empty()) {
    const std::string_view line = membership.substr(0, membership.find('\n'));
    membership.remove_prefix(std::min(membership.size(), line.size() + 1));
    const size_t first = line.find(':');
    const size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string path(line.substr(second + 1));
    const bool v2 = controllers.empty();
    if (!v2 && controllers.find("memory") == std::string_view::npos &&
        controllers.find("cpu") == std::string_view::npos) {
      continue;
    }
    if (path == "/") path.clear();
    while (true) {  // a limit of any group above binds too
      ReadGroup(v2 ? root + path : "", root + "/memory" + path, root + "/cpu" + path, &limits);
      if (path.empty()) break;
      path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
    }
  }
  return limits;
}

uint64_t AvailableMemoryBytes() {
  const uint64_t machine = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                           static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  const CgroupLimits limits = ReadCgroupLimits(ReadOrEmpty("/proc/self/cgroup"), "/sys/fs/cgroup");
  return std::min(machine, limits.memory_bytes);
}

uint32_t AvailableCores() {
  uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  cpu_set_t affinity;
  CPU_ZERO(&affinity);
  // Fails on machines with more than CPU_SETSIZE cores; then the machine's count stands.
  if (::sched_getaffinity(0, sizeof(affinity), &affinity) == 0) {
    cores = std::max(1u, static_cast<uint32_t>(CPU_COUNT(&affinity)));
  }
  const CgroupLimits limits = ReadCgroupLimits(ReadOrEmpty("/proc/self/cgroup"), "/sys/fs/cgroup");
  if (limits.cores < cores) cores = static_cast<uint32_t>(std::max(1.0, std::ceil(limits.cores)));
  return cores;
}

uint64_t ProcessResidentBytes() {
  std::istringstream pages(ReadOrEmpty("/proc/self/statm"));
  uint64_t size = 0, resident = 0;
  if (!(pages >> size >> resident)) return 0;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace sagitta::base
