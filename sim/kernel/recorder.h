// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/artifact.h"
#include "env/events.h"
#include "sim/kernel/rolling_hash.h"
#include "sim/kernel/sim_thread.h"
#include "sim/run.h"

namespace beach::sim {

// What a run leaves behind besides its verdict: the count of events, their hash with checkpoints,
// and the last of them in words. Words are made when somebody asks for them.
class Recorder {
 public:
  explicit Recorder(bool keep_all) : keep_all_(keep_all), ring_(kRing) {
    checkpoints_.reserve(kMax + 1);
  }

  // One event, in the hash and the count only.
  void Count(std::uint64_t who, std::uint64_t what, std::uint64_t number) {
    hash_.Add(who, what, number);
    if (++events_ == checkpoint_next_) [[unlikely]]
      AddCheckpoint();
  }

  // The line of the event just counted. `kind` and `what` are literals.
  void Note(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what,
            std::uint64_t number);
  void NoteText(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what,
                const std::string& text);
  // An event of the code under test: counted, hashed with its fields, and noted.
  void Event(std::uint64_t now_ns, const Identity& who, Site event,
             std::span<const env::EventField> fields);

  // Tells of each line from now on. Borrowed.
  void Observe(RunObserver* observer) { observer_ = observer; }

  void AddText(std::string_view text) { hash_.AddText(text); }

  std::uint64_t events() const { return events_; }
  artifacts::RunHash hash() const { return hash_.Value(); }
  // Every 1024 events at first; as they become many, every second one is forgotten. The last one is
  // the end of the run.
  std::vector<artifacts::Checkpoint> Checkpoints() const;
  std::vector<artifacts::TraceEvent> Trace() const;

 private:
  static constexpr std::size_t kRing = 256;
  static constexpr std::size_t kMax = 256;
  static constexpr std::size_t kFields = 4;

  struct Line {
    std::uint64_t event = 0;
    std::uint64_t now_ns = 0;
    const Identity* who = nullptr;
    const char* kind = nullptr;
    const char* what = nullptr;
    std::size_t fields = 0;
    std::array<const char*, kFields> names{};
    std::array<std::uint64_t, kFields> numbers{};
    std::string text;
  };

  Line& NextLine(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what);
  void AddCheckpoint();
  void Tell(const Line& line);
  static artifacts::TraceEvent Words(const Line& line);

  const bool keep_all_;
  RunObserver* observer_ = nullptr;
  RollingHash hash_;
  std::uint64_t events_ = 0;
  std::uint64_t checkpoint_every_ = 1024;
  std::uint64_t checkpoint_next_ = 1024;
  std::vector<artifacts::Checkpoint> checkpoints_;
  std::uint64_t lines_ = 0;
  std::vector<Line> ring_;  // all lines when keep_all_
};

// The event of the first checkpoint on which two runs differ, as far as both have checkpoints. With
// `same_end`, a run that goes on where the recorded one has ended differs too.
std::optional<std::uint64_t> FirstDifference(const std::vector<artifacts::Checkpoint>& recorded,
                                             const std::vector<artifacts::Checkpoint>& now,
                                             bool same_end = true);

}  // namespace beach::sim
