// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "raft/core.h"

namespace beach::bench {

// The parts of the work of consensus.
enum class Phase : std::uint8_t {
  kPropose,  // an entry enters the leader's log
  kOutput,   // what inputs have brought is taken: messages are made
  kStep,     // a message arrives
  kPersist,  // storage reports, and the leader counts itself
  kApply,    // the state machine reports, and the log is dropped
};
inline constexpr std::size_t kPhases = 5;
const char* NameOf(Phase phase);

// What was done, and how long each part took; times only where they were asked for.
struct CoreCosts {
  std::uint64_t entries = 0;
  std::uint64_t messages = 0;
  std::uint64_t wall_ns = 0;
  std::array<std::uint64_t, kPhases> phase_ns{};
  std::array<std::uint64_t, kPhases> phase_calls{};
};

// Cores of consensus that hand each other their messages in memory: no disk, no network, no bytes.
// The first one leads. Disks and state machines are done at once.
class Cores {
 public:
  explicit Cores(std::uint64_t nodes);

  // Entries of `bytes` each, `batch` of them before the leader's output is taken, until all of them
  // are committed and applied everywhere. With `timed`, clocks are read around each call, and what
  // that costs is taken off.
  CoreCosts Replicate(std::uint64_t entries, std::uint64_t bytes, std::uint64_t batch, bool timed);
  // Rounds of heartbeats with their answers.
  CoreCosts Heartbeats(std::uint64_t rounds);

 private:
  raft::Core& leader() { return *cores_[0]; }
  bool Pump(std::size_t place);
  void Settle();
  template <class Call>
  void Timed(Phase phase, Call call);

  std::vector<std::unique_ptr<raft::Core>> cores_;
  raft::Output output_;
  std::uint64_t now_ns_ = 0;
  bool timed_ = false;
  std::uint64_t clock_ns_ = 0;  // what it costs to read one
  CoreCosts costs_;
};

}  // namespace beach::bench
