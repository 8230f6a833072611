// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/fibers/sanitizer.h"

// Whose memory `new` takes from. The archive beach_sim_memory replaces the global operator new and
// delete; it has state outside of a run, because these operators can be told nothing.
// One simulation at a time per OS process.

namespace beach::sim::memory {

// The memory of one simulated process: an arena in ordinary builds, a list of malloc'ed blocks
// under AddressSanitizer, which then sees uses of what a killed process had.
class Owner;

// A fresh, zeroed memory, placed as `placement` says: equal placements give equal addresses as long
// as what lives beside it is equal too.
Owner* Open(std::uint64_t placement);
// From now on what the simulation's heap and owners opened later hand out comes in another order
// and is full of some byte instead of zeros, and so is the top of fresh fibers' stacks: what
// depends on addresses or on memory that nobody wrote shows. 0: as usual. Nothing but that may
// change.
void Stir(std::uint64_t salt);
std::uint64_t Stirred();
// Everything that was allocated from it is gone, at once, without destructors. REQUIRES: not
// current.
void Drop(Owner* owner);
// Bytes asked for and not deleted.
std::uint64_t LiveBytes(const Owner* owner);

// Why an allocation failed.
enum class Refusal : std::uint8_t {
  kLimit,  // it would have gone beyond the limit
  kDrawn,  // RefuseAfter said so
};
// Told of each within the allocation that fails, whose owner is current.
class RefusalListener {
 public:
  virtual void OnRefusal(Refusal why) = 0;

 protected:
  ~RefusalListener() = default;
};
// From now on it never has more live bytes than that. The listener, which may be null, is borrowed.
void SetLimit(Owner* owner, std::uint64_t bytes, RefusalListener* listener);
// Refuses one allocation: the one after so many more.
void RefuseAfter(Owner* owner, std::uint64_t allocations);
// How many allocations have failed.
std::uint64_t Refusals(const Owner* owner);

// Told of each block of an owner after it is taken, and before it is given back.
class BlockListener {
 public:
  virtual void OnTake(const void* block, std::size_t size) = 0;
  virtual void OnReturn(const void* block, std::size_t size) = 0;

 protected:
  ~BlockListener() = default;
};
// Borrowed, until the owner is dropped. Builds under AddressSanitizer tell nothing.
void SetBlockListener(Owner* owner, BlockListener* listener);
// Whether an address lies in the memory of some process.
bool IsProcessMemory(std::uintptr_t address);

// Null: the simulation's own heap.
Owner* Current();
// Makes `owner` the current one; returns the former.
Owner* Exchange(Owner* owner);

// True; a reference to it links the replaced operators.
bool OperatorsReplaced();

// What the operators do. Allocate returns null for an owner where SetLimit or RefuseAfter say so,
// and then `new` throws; exhaustion of an arena is a failed check. Release finds the owner by
// itself; deleting memory of a dropped one is a failed check.
void* Allocate(std::size_t size, std::size_t alignment);
void Release(void* pointer);

}  // namespace beach::sim::memory
