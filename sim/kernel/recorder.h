// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/artifact.h"
#include "env/events.h"
#include "sim/kernel/close_up.h"
#include "sim/kernel/follower.h"
#include "sim/kernel/rolling_hash.h"
#include "sim/kernel/sim_thread.h"
#include "sim/run.h"

namespace beach::sim {

// What a run leaves behind besides its verdict: the count of events, their hash with checkpoints,
// and the last of them in words. Words are made when somebody asks for them.
class Recorder {
 public:
  explicit Recorder(bool keep_all) : keep_all_(keep_all), ring_(kRing), rich_(kRing) {
    checkpoints_.reserve(kMax + 1);
    early_.reserve(kGrid / kEvery);
  }

  // One event, in the hash and the count only.
  void Count(std::uint64_t who, std::uint64_t what, std::uint64_t number) {
    hash_.Add(who, what, number);
    if (++events_ == checkpoint_next_) [[unlikely]]
      PassCheckpoint(what, number);
  }

  // The line of the event just counted. `kind` and `what` are literals.
  void Note(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what,
            std::uint64_t number) {
    Line& line = NextLine(now_ns, who, kind, what);
    line.number = number;
    if (told()) [[unlikely]]
      Tell(line);
  }
  void NoteText(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what,
                const std::string& text);
  // An event of the code under test: counted, hashed with its fields, and noted.
  void Event(std::uint64_t now_ns, const Identity& who, Site event,
             std::span<const env::EventField> fields);

  // A line of what the scenario shows: nothing of the run, so nobody but the reader of the trace is
  // told. REQUIRES: all lines are kept. `name` is a literal.
  void NoteShown(std::uint64_t now_ns, const Identity& who, const char* name,
                 std::span<const env::EventField> fields);

  // Tells of each line from now on. Borrowed.
  void Observe(RunObserver* observer) { observer_ = observer; }
  // Shows it each line from now on. Borrowed.
  void ShowTo(Spectator* spectator) { spectator_ = spectator; }
  // Shows it the run as far as it wants to see it; before the first event. Borrowed.
  void Follow(Follower* follower);

  // Takes down the events of a stretch; before the first event. Borrowed.
  void Watch(CloseUp* close_up);

  void AddText(std::string_view text) {
    hash_.AddText(text);
    if (close_up_ != nullptr) [[unlikely]]
      Amend();
  }

  std::uint64_t events() const { return events_; }
  artifacts::RunHash hash() const { return hash_.Value(); }
  // At 16, 32, ... 512; then every 1024 events at first; as they become many, every second one of
  // those is forgotten. Two of the last hundred events follow, and the last one is the end.
  std::vector<artifacts::Checkpoint> Checkpoints() const;
  std::vector<artifacts::TraceEvent> Trace() const;

 private:
  static constexpr std::size_t kRing = 256;
  static constexpr std::size_t kMax = 256;
  static constexpr std::uint64_t kEvery = 16;
  static constexpr std::uint64_t kGrid = 1024;
  static constexpr std::uint64_t kRecentEvery = 64;
  static constexpr std::size_t kFields = 4;

  // Mostly a number is all that there is to say; the rest lies apart, so that the last lines stay
  // in the processor's cache.
  struct Line {
    std::uint64_t event = 0;
    std::uint64_t now_ns = 0;
    const Identity* who = nullptr;
    const char* kind = nullptr;
    const char* what = nullptr;
    std::uint64_t number = 0;
    bool is_rich = false;  // what it says stands in its Rich
  };
  struct Rich {
    std::size_t fields = 0;
    std::array<const char*, kFields> names{};
    std::array<std::uint64_t, kFields> numbers{};
    std::string text;
  };

  Line& NextLine(std::uint64_t now_ns, const Identity& who, const char* kind, const char* what) {
    if (keep_all_ && lines_ == ring_.size()) [[unlikely]]
      GrowLines();
    Line& line = ring_[keep_all_ ? lines_ : lines_ % kRing];
    ++lines_;
    line = {.event = events_, .now_ns = now_ns, .who = &who, .kind = kind, .what = what};
    return line;
  }
  void GrowLines();
  // Empty, for a line just begun.
  Rich& Enrich(Line& line);
  std::size_t PlaceOf(const Line& line) const {
    return static_cast<std::size_t>(&line - ring_.data());
  }
  bool told() const {
    return observer_ != nullptr || spectator_ != nullptr || follower_ != nullptr;
  }
  // At events that are a multiple of kEvery, from kGrid on of kRecentEvery, and where the follower
  // or the close-up wants it.
  void PassCheckpoint(std::uint64_t what, std::uint64_t number);
  void Amend();
  std::uint64_t NextCheckpoint() const;
  void AddToGrid();
  void Tell(const Line& line);
  void Show(const Line& line) const;
  artifacts::TraceEvent Words(const Line& line) const;

  const bool keep_all_;
  RunObserver* observer_ = nullptr;
  Spectator* spectator_ = nullptr;
  RollingHash hash_;
  std::uint64_t events_ = 0;
  std::uint64_t grid_ = kGrid;
  std::uint64_t checkpoint_next_ = kEvery;
  std::vector<artifacts::Checkpoint> early_;
  std::vector<artifacts::Checkpoint> checkpoints_;
  std::array<artifacts::Checkpoint, 2> recent_{};  // an event of 0: none
  Follower* follower_ = nullptr;
  CloseUp* close_up_ = nullptr;
  std::uint64_t lines_ = 0;
  std::vector<Line> ring_;  // all lines when keep_all_
  std::vector<Rich> rich_;  // in the same places
};

}  // namespace beach::sim
