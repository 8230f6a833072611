// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/cache_line.h"
#include "engine/view.h"
#include "env/threads.h"

namespace beach::engine {

// The view that reads begin with. They take it without a lock and without a counter that they
// share: each says in a slot of its own, a cache line, what it looks at, and a view that was
// replaced is let go when no slot names it.
//
// Why this is safe: a reader writes the slot, and then looks whether that view is still the current
// one; who replaces it changes the current one, and then looks at the slots. All of that is
// sequentially consistent, so that at least one of them sees the other. (Hazard pointers: Michael,
// "Safe memory reclamation for lock-free objects", IEEE TPDS 2004.)
class CurrentView {
 public:
  using Views = std::vector<std::shared_ptr<const View>>;

  static constexpr std::size_t kSlots = 64;

  explicit CurrentView(std::shared_ptr<const View> first);
  // REQUIRES: no pin is left.
  ~CurrentView();
  CurrentView(const CurrentView&) = delete;
  CurrentView& operator=(const CurrentView&) = delete;

 private:
  struct alignas(kCacheLineSize) Slot {
    std::atomic<const View*> pinned{nullptr};
    std::atomic<std::uint64_t> merged{0};
  };

 public:
  // Keeps what was current when it was made. Of one thread, and short: what it keeps takes memory.
  // With all slots taken, as by more readers at once than there are, it takes the lock instead.
  class Pin {
   public:
    explicit Pin(CurrentView& current);
    ~Pin();
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;

    const View& operator*() const { return *view_; }
    const View* operator->() const { return view_; }
    // Keeps another view instead.
    void Turn(std::shared_ptr<const View> other);
    // Counts tables of level 0 that a cursor merges. Now and then true: TakeMerged may have become
    // worth a look.
    bool CountMerged(std::uint64_t tables);
    // What may outlive the pin.
    std::shared_ptr<const View> Share() const { return view_->weak_from_this().lock(); }

   private:
    CurrentView& current_;
    Slot* slot_ = nullptr;                // null: all were taken, or it is another view, and
    std::shared_ptr<const View> shared_;  // is what keeps it
    const View* view_ = nullptr;
  };

  // Reads that begin from now on see `next`. Returns views that nobody looks at any more.
  // Thread-safe.
  [[nodiscard]] Views Replace(std::shared_ptr<const View> next);
  // Views that were replaced and are still pinned. Thread-safe.
  std::size_t pinned_count();
  // What was counted since the last call, by all pins. Thread-safe.
  std::uint64_t TakeMerged();
  // For a caller that holds no lock: with views go memtables and open files.
  static void Drop(Views views);

 private:
  Slot* Claim(const View*& view);
  void Release(Slot& slot);
  // Under mutex_.
  Views TakeUnpinned();

  std::atomic<const View*> current_;
  // Of retired_: a reader that lets go of a slot looks whether it was what somebody waits for.
  std::atomic<std::size_t> retired_count_{0};
  std::array<Slot, kSlots> slots_;

  env::Mutex mutex_;  // innermost: nothing is locked under it
  // Both under mutex_.
  std::shared_ptr<const View> owner_;  // of what current_ points to
  Views retired_;                      // replaced, and perhaps pinned
};

}  // namespace beach::engine
