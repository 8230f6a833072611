// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/child.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <type_traits>

#include "bench/machine.h"
#include "bench/signals.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kGlanceNs = 10'000'000;

// In memory that both processes see.
struct Shared {
  enum class Outcome : std::uint8_t { kNone, kFine, kFailed };

  Progress progress = 0;
  Outcome outcome = Outcome::kNone;
  CellResult result;
  ErrorCode code = ErrorCode::kIo;
  std::array<char, 1024> message = {};  // cut there; ends in a zero
};
static_assert(std::is_trivially_copyable_v<CellResult>);
static_assert(Progress::is_always_lock_free);

[[noreturn]] void RunAndExit(const std::function<Result<CellResult>(Progress&)>& work,
                             Shared& shared) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  HeldSignals::GiveFree();
  const Result<CellResult> result = work(shared.progress);
  if (result) {
    shared.result = *result;
    shared.outcome = Shared::Outcome::kFine;
  } else {
    const std::string text = result.error().ToString();
    shared.code = result.error().code();
    std::memcpy(shared.message.data(), text.data(),
                std::min(text.size(), shared.message.size() - 1));
    shared.outcome = Shared::Outcome::kFailed;
  }
  ::_exit(0);
}

// The wait status of the process, which is killed after `limit_ns`.
int AwaitEnd(pid_t child, const Shared& shared, const std::function<void(std::uint64_t)>& watch,
             std::uint64_t limit_ns) {
  const std::uint64_t begin_ns = NowNs();
  bool killed = false;
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) {
      watch(shared.progress.load(std::memory_order_relaxed));
      return status;
    }
    if (ended < 0 && errno != EINTR) return -1;
    if (!killed && NowNs() - begin_ns >= limit_ns) {
      ::kill(child, SIGKILL);
      killed = true;
    }
    watch(shared.progress.load(std::memory_order_relaxed));
    if (HeldSignals::AwaitFor(kGlanceNs)) {
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
}

}  // namespace

Result<CellResult> RunInChild(const std::function<Result<CellResult>(Progress&)>& work,
                              const std::function<void(std::uint64_t)>& watch,
                              std::uint64_t limit_ns) {
  void* const memory =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Fail(ErrnoError(errno, "mmap", "shared memory"));
  Shared& shared = *new (memory) Shared();
  std::fflush(nullptr);  // else both processes print what waits
  const pid_t child = ::fork();
  if (child == 0) RunAndExit(work, shared);
  Result<CellResult> result = Fail(ErrorCode::kIo, "fork failed");
  if (child > 0) {
    const int status = AwaitEnd(child, shared, watch, limit_ns);
    if (WIFSIGNALED(status)) {
      result = Fail(
          ErrorCode::kIo,
          "the process was ended by signal " + std::to_string(WTERMSIG(status)) +
              (WTERMSIG(status) == SIGKILL ? ": out of time or of memory, or asked to end" : ""));
    } else if (shared.outcome == Shared::Outcome::kFine) {
      result = shared.result;
    } else if (shared.outcome == Shared::Outcome::kFailed) {
      result = Fail(shared.code, shared.message.data());
    } else {
      result = Fail(ErrorCode::kIo, "the process ended without a result");
    }
  }
  ::munmap(memory, sizeof(Shared));
  return result;
}

}  // namespace beach::bench
