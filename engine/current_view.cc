// SPDX-License-Identifier: Apache-2.0
#include "engine/current_view.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/marks.h"

namespace beach::engine {
namespace {

// A reader asks for a look after so many.
constexpr std::uint64_t kMergedStep = 256;

}  // namespace

CurrentView::CurrentView(std::shared_ptr<const View> first)
    : current_(first.get()), owner_(std::move(first)) {
  BEACH_CHECK(owner_ != nullptr);
}

CurrentView::~CurrentView() {
  for (const Slot& slot : slots_) BEACH_CHECK(slot.pinned.load() == nullptr);
}

CurrentView::Pin::Pin(CurrentView& current) : current_(current), view_(current.current_.load()) {
  slot_ = current.Claim(view_);
  if (slot_ != nullptr) return;
  const env::MutexLock lock(current.mutex_);
  shared_ = current.owner_;
  view_ = shared_.get();
}

CurrentView::Pin::~Pin() {
  if (slot_ != nullptr) current_.Release(*slot_);
}

void CurrentView::Pin::Turn(std::shared_ptr<const View> other) {
  shared_ = std::move(other);
  view_ = shared_.get();
  if (slot_ != nullptr) current_.Release(*std::exchange(slot_, nullptr));
}

// In the reader's own cache line.
bool CurrentView::Pin::CountMerged(std::uint64_t tables) {
  if (slot_ == nullptr || tables == 0) return false;
  const std::uint64_t before = slot_->merged.fetch_add(tables, std::memory_order_relaxed);
  return before / kMergedStep != (before + tables) / kMergedStep || BEACH_BUGGIFY("view.ask_often");
}

// A slot that keeps `view`, which becomes what is current then. Null when all are taken.
CurrentView::Slot* CurrentView::Claim(const View*& view) {
  if (BEACH_BUGGIFY("view.no_slot")) return nullptr;
  const std::uint64_t begin = env::ThreadHint();
  for (std::size_t i = 0; i < kSlots; ++i) {
    Slot& slot = slots_[(begin + i) % kSlots];
    const View* free = nullptr;
    if (!slot.pinned.compare_exchange_strong(free, view)) continue;
    // It may have been replaced, and let go, before the slot said anything.
    for (const View* now = current_.load(); now != view; now = current_.load()) {
      view = now;
      slot.pinned.store(view);
    }
    return &slot;
  }
  return nullptr;
}

void CurrentView::Release(Slot& slot) {
  slot.pinned.store(nullptr);
  if (retired_count_.load() == 0) return;
  Views dropped;  // outlives the lock
  const env::MutexLock lock(mutex_);
  dropped = TakeUnpinned();
  BEACH_SOMETIMES("view.dropped_by_last_reader", !dropped.empty());
}

CurrentView::Views CurrentView::Replace(std::shared_ptr<const View> next) {
  BEACH_CHECK(next != nullptr);
  const env::MutexLock lock(mutex_);
  current_.store(next.get());
  retired_.push_back(std::exchange(owner_, std::move(next)));
  retired_count_.store(retired_.size());
  return TakeUnpinned();
}

std::size_t CurrentView::pinned_count() {
  const env::MutexLock lock(mutex_);
  return retired_.size();
}

std::uint64_t CurrentView::TakeMerged() {
  std::uint64_t taken = 0;
  for (Slot& slot : slots_) taken += slot.merged.exchange(0, std::memory_order_relaxed);
  return taken;
}

void CurrentView::Drop(Views views) { views.clear(); }

CurrentView::Views CurrentView::TakeUnpinned() {
  mutex_.AssertHeld();
  const auto pinned = [this](const std::shared_ptr<const View>& view) {
    return std::ranges::any_of(slots_,
                               [&](const Slot& slot) { return slot.pinned.load() == view.get(); });
  };
  const auto kept = std::partition(retired_.begin(), retired_.end(), pinned);
  Views dropped(std::make_move_iterator(kept), std::make_move_iterator(retired_.end()));
  retired_.erase(kept, retired_.end());
  retired_count_.store(retired_.size());
  return dropped;
}

}  // namespace beach::engine
