// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "raft/message.h"

namespace beach::sim::scenarios::raft_core {

enum class EventKind : std::uint8_t {
  kMessage,    // `what`: where it is kept
  kTick,       // the deadline that the core had named
  kOutput,     // the driver has taken inputs for long enough
  kDisk,       // `what`: pieces of work
  kApply,      //
  kLoad,       //
  kPin,        //
  kSnapshot,   // `what`: where the transfer is kept
  kCrash,      // a leader that sends a snapshot
  kStart,      // and comes back
  kOperation,  // the next of the workload; of no node
};

struct Event {
  std::uint64_t at_ns = 0;
  std::uint64_t number = 0;  // of two at one time the older is first
  std::uint32_t what = 0;
  std::uint32_t life = 0;  // of the node, for what ends with it
  std::uint8_t node = 0;
  EventKind kind{};
};

// What is to happen, the earliest first.
class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }
  std::uint64_t next_ns() const { return heap_.front().at_ns; }

  void Add(Event event) {
    event.number = ++numbers_;
    heap_.push_back(event);
    std::push_heap(heap_.begin(), heap_.end(), IsLater());
  }
  Event Take() {
    std::pop_heap(heap_.begin(), heap_.end(), IsLater());
    const Event event = heap_.back();
    heap_.pop_back();
    return event;
  }

 private:
  struct IsLater {
    bool operator()(const Event& a, const Event& b) const {
      return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.number > b.number;
    }
  };

  std::vector<Event> heap_;
  std::uint64_t numbers_ = 0;
};

// Things on their way, too large to be moved about in a heap.
template <class Thing>
class Places {
 public:
  std::uint32_t Put(Thing&& thing) {
    if (free_.empty()) {
      things_.push_back(std::move(thing));
      return static_cast<std::uint32_t>(things_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    things_[place] = std::move(thing);
    return place;
  }
  const Thing& At(std::uint32_t place) const { return things_[place]; }
  Thing Take(std::uint32_t place) {
    free_.push_back(place);
    return std::move(things_[place]);
  }

 private:
  std::vector<Thing> things_;
  std::vector<std::uint32_t> free_;
};

}  // namespace beach::sim::scenarios::raft_core
