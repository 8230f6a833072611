// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "artifacts/artifact.h"
#include "sim/run.h"

namespace beach::sim {

// Compares a run, while it goes on, with the recording that it replays: the hash at each recorded
// checkpoint, and each recorded event. What stands in the recording is compared only as far as its
// verdict: to go on beyond a failure is what a repair is for.
class Follower {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  // Null to follow nothing. Both borrowed; the observer, if any, is told of the first divergence.
  Follower(const artifacts::Artifact* recorded, RunObserver* observer);

  // The event of the next recorded checkpoint, and the first from which lines are wanted.
  std::uint64_t checkpoint_event() const { return checkpoint_event_; }
  std::uint64_t lines_from() const { return lines_from_; }

  // Called at the event that checkpoint_event gives.
  void AtCheckpoint(const artifacts::RunHash& hash);
  // Called for each line from lines_from on, in order.
  void AtLine(const artifacts::TraceEvent& line);
  // The run is known to have left the recording at `event`.
  void Diverged(std::uint64_t event);

  // Judges a run that has come to its end, and gives the first divergence before the recorded
  // verdict.
  std::optional<std::uint64_t> Finish(const RunReport& report);

 private:
  void CompareHead();
  void NextCheckpoint();
  void EndLines() { lines_from_ = kNever; }

  const artifacts::Artifact* const recorded_;
  RunObserver* const observer_;
  std::size_t next_checkpoint_ = 0;
  std::size_t checkpoints_count_ = 0;  // without the end of the run
  std::uint64_t checkpoint_event_ = kNever;

  // The recorded lines without the verdict's. Of the first recorded event some lines may be
  // missing, since only the last so many are kept: those that are there end the event.
  std::size_t lines_count_ = 0;
  std::size_t head_count_ = 0;
  std::size_t next_line_ = 0;  // 0 while at the head
  std::vector<artifacts::TraceEvent> head_;
  std::uint64_t lines_from_ = kNever;
  std::optional<std::uint64_t> first_;
};

}  // namespace beach::sim
