// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/thread_heap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/random.h"

namespace beach::sim {
namespace {

TEST(ThreadHeap, PopsAscendingAndTiesInOrderOfArrival) {
  RandomStream random(1);
  std::vector<std::unique_ptr<SimThread>> threads;
  for (int i = 0; i < 200; ++i) threads.push_back(std::make_unique<SimThread>());
  struct Entry {
    std::uint64_t key;
    std::uint64_t order;
    SimThread* thread;
  };
  ThreadHeap<&SimThread::run_position> heap;
  heap.Reserve(threads.size());
  std::vector<Entry> model;
  std::uint64_t order = 0;
  for (int i = 0; i < 20'000; ++i) {
    SimThread& thread = *threads[random.Below(threads.size())];
    if (!heap.Contains(thread)) {
      const std::uint64_t key = random.Below(20);
      heap.Push(thread, key);
      model.push_back({key, ++order, &thread});
    } else if (random.Chance(1, 2)) {
      heap.Remove(thread);
      std::erase_if(model, [&](const Entry& entry) { return entry.thread == &thread; });
    } else {
      const auto least = std::ranges::min_element(model, [](const Entry& a, const Entry& b) {
        return a.key != b.key ? a.key < b.key : a.order < b.order;
      });
      ASSERT_EQ(heap.top_key(), least->key);
      ASSERT_EQ(&heap.Pop(), least->thread);
      model.erase(least);
    }
    ASSERT_EQ(heap.size(), model.size());
  }
}

}  // namespace
}  // namespace beach::sim
