// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace beach::env {

// The timers of a loop, by deadline and then by order of Add: a binary heap whose entries know
// their places, so that cancelling costs what adding does. Not thread-safe.
class TimerQueue {
 public:
  using Id = std::uint64_t;  // never 0, and not used again for a long time

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  Id Add(std::uint64_t deadline_ns, std::function<void()> work);
  // The timer's work, and it will not come; empty where it has come. Its destructor may use the
  // queue.
  [[nodiscard]] std::function<void()> Remove(Id timer);

  // kNever where there is none.
  std::uint64_t next_deadline() const;
  // The number of Add calls: of the next timer.
  std::uint64_t next_sequence() const { return next_sequence_; }
  // Takes the next timer into `work`, if it is due at `now` and came before `sequence_end`.
  bool TakeDue(std::uint64_t now, std::uint64_t sequence_end, std::function<void()>* work);

  bool empty() const { return heap_.empty(); }

 private:
  struct Entry {
    std::uint64_t deadline_ns;
    std::uint64_t sequence;
    std::uint32_t slot;
  };
  struct Slot {
    std::function<void()> work;
    std::size_t place = 0;         // in heap_, while it is in use
    std::uint32_t generation = 0;  // of its use: part of the id
    bool used = false;
  };

  static bool Before(const Entry& a, const Entry& b);
  void Place(std::size_t place, const Entry& entry);
  void MoveUp(std::size_t place);
  void MoveDown(std::size_t place);
  std::function<void()> TakeFrom(std::size_t place);

  std::vector<Entry> heap_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace beach::env
