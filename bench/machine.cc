// SPDX-License-Identifier: Apache-2.0
#include "bench/machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>

namespace beach::bench {
namespace {

constexpr std::uint64_t kGlanceNs = 50'000'000;
constexpr unsigned kGlancesOfRest = 4;
constexpr std::uint64_t kRestProcessorNs = kGlanceNs / 20;

std::uint64_t Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// The number after `name` in a file of /proc; 0 where there is none.
std::uint64_t NumberIn(const char* path, const std::string& name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    if (word != name) continue;
    std::uint64_t number = 0;
    file >> number;
    return number;
  }
  return 0;
}

}  // namespace

std::uint64_t NowNs() { return Read(CLOCK_MONOTONIC); }
std::uint64_t ProcessorNs() { return Read(CLOCK_PROCESS_CPUTIME_ID); }

void SleepNs(std::uint64_t duration_ns) {
  timespec duration{.tv_sec = static_cast<time_t>(duration_ns / 1'000'000'000),
                    .tv_nsec = static_cast<long>(duration_ns % 1'000'000'000)};
  while (nanosleep(&duration, &duration) != 0 && errno == EINTR) {
  }
}

std::uint64_t PeakRssBytes() { return NumberIn("/proc/self/status", "VmHWM:") * 1024; }
std::uint64_t RssBytes() { return NumberIn("/proc/self/status", "VmRSS:") * 1024; }
std::uint64_t WrittenBytes() { return NumberIn("/proc/self/io", "write_bytes:"); }

std::uint64_t DiskBytes(const std::string& directory) {
  std::uint64_t bytes = 0;
  std::error_code ignored;  // a file that goes meanwhile takes nothing
  for (std::filesystem::recursive_directory_iterator at(directory, ignored), end; at != end;
       at.increment(ignored)) {
    struct stat status = {};
    if (::stat(at->path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

Result<std::uint64_t> FreeBytes(const std::string& directory) {
  struct statvfs status = {};
  if (::statvfs(directory.c_str(), &status) != 0) {
    return Fail(ErrnoError(errno, "statvfs", directory));
  }
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

void SyncAll(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  ::syncfs(fd);
  ::close(fd);
}

std::uint64_t AwaitRest(std::uint64_t limit_ns) {
  const std::uint64_t begin_ns = NowNs();
  std::uint64_t busy_until_ns = begin_ns;
  std::uint64_t processor_ns = ProcessorNs();
  std::uint64_t written = WrittenBytes();
  for (unsigned rested = 0; rested < kGlancesOfRest && NowNs() - begin_ns < limit_ns;) {
    SleepNs(kGlanceNs);
    const std::uint64_t processor_now_ns = ProcessorNs();
    const std::uint64_t written_now = WrittenBytes();
    const bool rests = processor_now_ns - processor_ns < kRestProcessorNs && written_now == written;
    processor_ns = processor_now_ns;
    written = written_now;
    rested = rests ? rested + 1 : 0;
    if (!rests) busy_until_ns = NowNs();
  }
  return busy_until_ns - begin_ns;
}

}  // namespace beach::bench
