// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "sim/kernel/sim_thread.h"

namespace beach::sim {

// Threads by ascending key, equal keys in order of insertion. Each thread knows its place
// (`Position`), so that it can be taken out from the middle: O(log n) for everything.
template <std::uint32_t SimThread::*Position>
class ThreadHeap {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::uint64_t top_key() const { return entries_.front().key; }
  SimThread& top() const { return *entries_.front().thread; }
  bool Contains(const SimThread& thread) const { return thread.*Position != SimThread::kNowhere; }

  // Room for that many threads, so that Push never allocates: it may run in a process's memory.
  void Reserve(std::size_t threads) {
    if (threads > entries_.capacity()) entries_.reserve(2 * threads);
  }

  // REQUIRES: room was reserved.
  void Push(SimThread& thread, std::uint64_t key) {
    BEACH_CHECK(!Contains(thread));
    BEACH_CHECK_LT(entries_.size(), entries_.capacity());
    entries_.push_back(Entry{key, ++insertions_, &thread});
    thread.*Position = static_cast<std::uint32_t>(entries_.size() - 1);
    SiftUp(entries_.size() - 1);
  }

  SimThread& Pop() {
    SimThread& thread = top();
    Remove(thread);
    return thread;
  }

  void Remove(SimThread& thread) {
    BEACH_CHECK(Contains(thread));
    const std::size_t hole = thread.*Position;
    thread.*Position = SimThread::kNowhere;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (hole == entries_.size()) return;
    Place(hole, last);
    SiftUp(hole);
    SiftDown(last.thread->*Position);
  }

 private:
  struct Entry {
    std::uint64_t key;
    std::uint64_t insertion;
    SimThread* thread;

    bool Before(const Entry& other) const {
      return key != other.key ? key < other.key : insertion < other.insertion;
    }
  };

  void Place(std::size_t index, const Entry& entry) {
    entries_[index] = entry;
    entry.thread->*Position = static_cast<std::uint32_t>(index);
  }

  void SiftUp(std::size_t index) {
    const Entry entry = entries_[index];
    while (index > 0) {
      const std::size_t parent = (index - 1) / 2;
      if (!entry.Before(entries_[parent])) break;
      Place(index, entries_[parent]);
      index = parent;
    }
    Place(index, entry);
  }

  void SiftDown(std::size_t index) {
    const Entry entry = entries_[index];
    for (;;) {
      std::size_t child = 2 * index + 1;
      if (child >= entries_.size()) break;
      if (child + 1 < entries_.size() && entries_[child + 1].Before(entries_[child])) ++child;
      if (!entries_[child].Before(entry)) break;
      Place(index, entries_[child]);
      index = child;
    }
    Place(index, entry);
  }

  std::vector<Entry> entries_;
  std::uint64_t insertions_ = 0;
};

}  // namespace beach::sim
