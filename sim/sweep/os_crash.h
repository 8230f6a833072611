// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// What a dying worker says about itself. Handlers run on a stack of their own, since a stack
// overflow is one of the things to report, allocate nothing, and write fixed-size records to a
// pipe.

namespace beach::sim::sweep {

struct CrashRecord {
  static constexpr std::uint32_t kMagic = 0x48435242;
  static constexpr std::uint32_t kFramesMax = 60;
  std::uint32_t magic = kMagic;
  std::int32_t signal = 0;
  std::uint64_t program = 0;      // where the program lies: LoadOffset()
  std::uint64_t instruction = 0;  // where the signal struck
  std::uint32_t frames_count = 0;
  std::uint32_t request = 0;              // the worker's n-th, from 0
  std::uint64_t frames[kFramesMax] = {};  // return addresses, innermost first
};
static_assert(sizeof(CrashRecord) == 512, "below PIPE_BUF: written whole or not at all");

inline constexpr int kHangExitStatus = 113;
// How many stacks of a hang are taken; what they have in common is where it hangs.
inline constexpr int kHangSamples = 12;

// From now on this process reports its death to `pipe`: SIGABRT, SIGSEGV, SIGBUS, SIGFPE and SIGILL
// as they come, then dies of them; SIGPROF (the processor-time limit, or the parent's patience) for
// kHangSamples times, then exits with kHangExitStatus. For worker processes only.
void InstallCrashHandlers(int pipe);

// Starts (or, with 0, stops) the clock of the processor-time limit for the worker's n-th request.
void ArmCpuLimit(std::uint64_t milliseconds, std::uint32_t request);

}  // namespace beach::sim::sweep
