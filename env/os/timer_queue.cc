// SPDX-License-Identifier: Apache-2.0
#include "env/os/timer_queue.h"

#include <utility>

#include "base/check.h"

namespace beach::env {
namespace {

std::uint64_t ToId(std::uint32_t slot, std::uint32_t generation) {
  return (std::uint64_t{generation} << 32) | (std::uint64_t{slot} + 1);
}

}  // namespace

TimerQueue::Id TimerQueue::Add(std::uint64_t deadline_ns, std::function<void()> work) {
  if (free_slots_.empty()) {
    BEACH_CHECK_LT(slots_.size(), std::size_t{0xffff'fffe});
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  Slot& slot = slots_[index];
  BEACH_CHECK(!slot.used);
  slot.work = std::move(work);
  slot.used = true;
  ++slot.generation;
  const Entry entry{.deadline_ns = deadline_ns, .sequence = next_sequence_++, .slot = index};
  heap_.push_back(entry);
  Place(heap_.size() - 1, entry);
  MoveUp(heap_.size() - 1);
  return ToId(index, slot.generation);
}

std::function<void()> TimerQueue::Remove(Id timer) {
  const std::uint64_t number = timer & 0xffff'ffffU;
  if (number == 0 || number > slots_.size()) return {};
  const Slot& slot = slots_[number - 1];
  if (!slot.used || slot.generation != timer >> 32) return {};
  return TakeFrom(slot.place);
}

std::uint64_t TimerQueue::next_deadline() const {
  return heap_.empty() ? kNever : heap_.front().deadline_ns;
}

bool TimerQueue::TakeDue(std::uint64_t now, std::uint64_t sequence_end,
                         std::function<void()>* work) {
  if (heap_.empty()) return false;
  const Entry& first = heap_.front();
  if (first.deadline_ns > now || first.sequence >= sequence_end) return false;
  *work = TakeFrom(0);
  return true;
}

bool TimerQueue::Before(const Entry& a, const Entry& b) {
  if (a.deadline_ns != b.deadline_ns) return a.deadline_ns < b.deadline_ns;
  return a.sequence < b.sequence;
}

void TimerQueue::Place(std::size_t place, const Entry& entry) {
  heap_[place] = entry;
  slots_[entry.slot].place = place;
}

void TimerQueue::MoveUp(std::size_t place) {
  const Entry moving = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!Before(moving, heap_[parent])) break;
    Place(place, heap_[parent]);
    place = parent;
  }
  Place(place, moving);
}

void TimerQueue::MoveDown(std::size_t place) {
  const Entry moving = heap_[place];
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], moving)) break;
    Place(place, heap_[child]);
    place = child;
  }
  Place(place, moving);
}

std::function<void()> TimerQueue::TakeFrom(std::size_t place) {
  BEACH_CHECK_LT(place, heap_.size());
  Slot& slot = slots_[heap_[place].slot];
  BEACH_CHECK_EQ(slot.place, place);
  std::function<void()> work = std::move(slot.work);
  slot.work = nullptr;
  slot.used = false;
  free_slots_.push_back(heap_[place].slot);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (place < heap_.size()) {
    Place(place, last);
    MoveUp(place);
    MoveDown(slots_[last.slot].place);
  }
  return work;
}

}  // namespace beach::env
