// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/preempt/race_detector.h"

namespace beach::sim::preempt {

// What the instrumented code of a preemption build tells of each access (runtime.h). The run that
// is under way on the OS thread implements it.
class Watcher {
 public:
  // Before an access: a possible switch. May never return, if the process is killed meanwhile.
  virtual void BeforePlain(std::uintptr_t address, std::size_t size, bool write, Place place) = 0;
  virtual void BeforeAtomic() = 0;
  // After an atomic operation, with no switch in between.
  virtual void AfterAtomic(std::uintptr_t address, std::size_t size, AtomicKind kind, Order order,
                           Place place) = 0;
  virtual void Fence(Order order) = 0;
  // Code at that place gives the next block back that is given back.
  virtual void BeforeFree(Place place) = 0;

 protected:
  ~Watcher() = default;
};

// The state that the entry points of the runtime find by themselves, since they are told nothing.
// Set by a run for its time, on its OS thread; null: nobody watches.
extern constinit thread_local Watcher* current_watcher;
// Whether instrumented code is linked into this program: then, and only then, do runs watch.
extern constinit bool instrumented;

// Functions and lines for places, innermost first, inlined ones too.
struct NamedFrame {
  std::string function;
  std::string place;
};
using NamePlaces = std::vector<std::vector<NamedFrame>> (*)(std::span<const std::uint32_t> places);
// Null: there are only numbers.
extern constinit NamePlaces name_places;

}  // namespace beach::sim::preempt
