// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/preempt/shadow.h"
#include "sim/preempt/vector_clock.h"

namespace beach::sim::preempt {

// The order that an atomic operation asks for, on its load side and on its store side.
struct Order {
  bool acquires = false;
  bool releases = false;
};

enum class AtomicKind : std::uint8_t { kLoad, kStore, kReadModifyWrite };

// Two accesses of which one writes, not both atomic, by threads of one process, in an order that
// nothing but chance made.
struct Race {
  struct Side {
    ThreadIndex thread = 0;
    Place place;
    std::uint8_t kind = 0;  // bits of Access
    std::size_t size = 0;   // bytes of the same eight
  };
  Side before;
  Side now;
};

// Finds data races among the threads of one process, by vector clocks (Flanagan and Freund,
// "FastTrack", PLDI 2009; the layout of the shadow as in ThreadSanitizer): every access is compared
// with the last four that touched the same eight bytes. Knows what the language calls
// happens-before: locks, thread starts and joins, atomics by their order, release sequences,
// fences. Each call is told which thread makes it. Never switches, never looks at the memory
// itself; what it does not depend on where that lies.
class RaceDetector {
 public:
  // A thread begins; whatever `parent` did before happens before it.
  ThreadIndex Begin(std::optional<ThreadIndex> parent);
  // `waiter` has seen the end of `thread`.
  void Join(ThreadIndex waiter, ThreadIndex thread);

  // Locks: what is released under a key happens before who acquires it later.
  void Acquire(ThreadIndex thread, std::uintptr_t key);
  void Release(ThreadIndex thread, std::uintptr_t key);

  // Bytes of any size and alignment; `kind` as in Access. Returns the first race it completes.
  std::optional<Race> Touch(ThreadIndex thread, std::uintptr_t address, std::size_t size,
                            std::uint8_t kind, Place place);
  // The access and the edges of an atomic operation that has just been made. A compare-exchange
  // that failed is a load.
  std::optional<Race> Atomic(ThreadIndex thread, std::uintptr_t address, std::size_t size,
                             AtomicKind kind, Order order, Place place);
  void Fence(ThreadIndex thread, Order order);

  // Fresh memory: nobody has touched it.
  void Fresh(std::uintptr_t address, std::size_t size);
  // A block is given back: a write of all of it that was ever touched.
  std::optional<Race> Free(ThreadIndex thread, std::uintptr_t address, std::size_t size,
                           Place place);

 private:
  struct Thread {
    VectorClock clock;
    Epoch epoch = 1;            // clock.Of(itself)
    VectorClock fence_release;  // what its relaxed stores publish since a release fence
    VectorClock loads_relaxed;  // what an acquire fence will know
  };

  void Advance(ThreadIndex thread);
  std::optional<Race> TouchCell(Cell& cell, const Access& access, const VectorClock& clock);

  std::vector<Thread> threads_;
  Shadow shadow_;
  // What acquiring under that key tells: locks, and atomics by their address.
  std::map<std::uintptr_t, VectorClock> published_;
  std::uint32_t victim_ = 0;  // which of four accesses is forgotten next
};

}  // namespace beach::sim::preempt
