// SPDX-License-Identifier: Apache-2.0
#include "sim/preempt/race_detector.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"

namespace beach::sim::preempt {

ThreadIndex RaceDetector::Begin(std::optional<ThreadIndex> parent) {
  BEACH_CHECK_LT(threads_.size(), std::size_t{std::numeric_limits<ThreadIndex>::max()});
  const auto index = static_cast<ThreadIndex>(threads_.size());
  Thread thread;
  if (parent) {
    thread.clock = threads_[*parent].clock;
    Advance(*parent);
  }
  thread.clock.Set(index, thread.epoch);
  threads_.push_back(std::move(thread));
  return index;
}

void RaceDetector::Join(ThreadIndex waiter, ThreadIndex thread) {
  threads_[waiter].clock.Join(threads_[thread].clock);
}

// What it does from now on is not covered by what was published so far.
void RaceDetector::Advance(ThreadIndex index) {
  Thread& thread = threads_[index];
  BEACH_CHECK_LT(thread.epoch, std::numeric_limits<Epoch>::max());
  thread.clock.Set(index, ++thread.epoch);
}

void RaceDetector::Acquire(ThreadIndex thread, std::uintptr_t key) {
  const auto found = published_.find(key);
  if (found != published_.end()) threads_[thread].clock.Join(found->second);
}

void RaceDetector::Release(ThreadIndex thread, std::uintptr_t key) {
  published_[key] = threads_[thread].clock;
  Advance(thread);
}

std::optional<Race> RaceDetector::Touch(ThreadIndex thread, std::uintptr_t address,
                                        std::size_t size, std::uint8_t kind, Place place) {
  const Thread& me = threads_[thread];
  Access access{.epoch = me.epoch,
                .place = place,
                .thread = thread,
                .kind = static_cast<std::uint8_t>(kind | Access::kUsed)};
  const std::uintptr_t end = address + size;
  while (address < end) {
    Shadow::Page& page = shadow_.At(address);
    const std::size_t offset = address % Shadow::kCellBytes;
    const std::size_t length = std::min<std::size_t>(end - address, Shadow::kCellBytes - offset);
    access.bytes = static_cast<std::uint8_t>(((1U << length) - 1) << offset);
    Cell& cell = page.cells[address % Shadow::kPageBytes / Shadow::kCellBytes];
    if (const auto race = TouchCell(cell, access, me.clock)) return race;
    address += length;
  }
  return std::nullopt;
}

std::optional<Race> RaceDetector::TouchCell(Cell& cell, const Access& access,
                                            const VectorClock& clock) {
  Access* place = nullptr;  // where this one is kept
  for (Access& old : cell.accesses) {
    if (old.kind == 0) {
      if (place == nullptr) place = &old;
      break;  // they are filled from the front
    }
    if (old.thread == access.thread) {
      if (old.bytes == access.bytes && old.kind == access.kind) {
        if (old.epoch == access.epoch) return std::nullopt;
        place = &old;
      } else if ((old.bytes & ~access.bytes) == 0 && old.atomic() == access.atomic() &&
                 (access.write() || !old.write())) {
        if (place == nullptr) place = &old;  // whoever races with it races with this one too
      }
      continue;
    }
    if ((old.bytes & access.bytes) == 0) continue;
    if (!old.write() && !access.write()) continue;
    if (old.atomic() && access.atomic()) continue;
    if (old.epoch <= clock.Of(old.thread)) continue;
    const auto size = [](const Access& of) {
      return static_cast<std::size_t>(std::popcount(of.bytes));
    };
    return Race{.before = {old.thread, old.place, old.kind, size(old)},
                .now = {access.thread, access.place, access.kind, size(access)}};
  }
  if (place == nullptr) place = &cell.accesses[victim_++ % cell.accesses.size()];
  *place = access;
  return std::nullopt;
}

std::optional<Race> RaceDetector::Atomic(ThreadIndex thread, std::uintptr_t address,
                                         std::size_t size, AtomicKind kind, Order order,
                                         Place place) {
  Thread& me = threads_[thread];
  const bool loads = kind != AtomicKind::kStore;
  const bool stores = kind != AtomicKind::kLoad;
  if (loads) {
    const auto found = published_.find(address);
    if (found != published_.end()) {
      (order.acquires ? me.clock : me.loads_relaxed).Join(found->second);
    }
  }
  const auto write = static_cast<std::uint8_t>(stores ? Access::kIsWrite : 0);
  const auto race =
      Touch(thread, address, size, static_cast<std::uint8_t>(Access::kIsAtomic | write), place);
  if (race || !stores) return race;
  const VectorClock& told = order.releases ? me.clock : me.fence_release;
  if (kind == AtomicKind::kReadModifyWrite) {
    if (!told.empty()) published_[address].Join(told);  // it carries on the release sequence
  } else if (told.empty()) {
    published_.erase(address);
  } else {
    published_[address] = told;
  }
  if (order.releases) Advance(thread);
  return std::nullopt;
}

void RaceDetector::Fence(ThreadIndex thread, Order order) {
  Thread& me = threads_[thread];
  if (order.acquires) me.clock.Join(me.loads_relaxed);
  if (order.releases) {
    me.fence_release = me.clock;
    Advance(thread);
  }
}

void RaceDetector::Fresh(std::uintptr_t address, std::size_t size) {
  shadow_.Clear(address, size);
  published_.erase(published_.lower_bound(address), published_.lower_bound(address + size));
}

std::optional<Race> RaceDetector::Free(ThreadIndex thread, std::uintptr_t address, std::size_t size,
                                       Place place) {
  const Thread& me = threads_[thread];
  const Access access{.epoch = me.epoch,
                      .place = place,
                      .thread = thread,
                      .bytes = 0xff,
                      .kind = Access::kIsWrite | Access::kIsFree | Access::kUsed};
  const std::uintptr_t end = address + size;
  while (address < end) {
    const std::uintptr_t page_begin = address - address % Shadow::kPageBytes;
    Shadow::Page* const page = shadow_.Find(address);
    for (; address < end && address < page_begin + Shadow::kPageBytes;
         address = address - address % Shadow::kCellBytes + Shadow::kCellBytes) {
      if (page == nullptr) continue;
      Cell& cell = page->cells[(address - page_begin) / Shadow::kCellBytes];
      if (cell.accesses[0].kind == 0) continue;
      if (const auto race = TouchCell(cell, access, me.clock)) return race;
    }
  }
  return std::nullopt;
}

}  // namespace beach::sim::preempt
