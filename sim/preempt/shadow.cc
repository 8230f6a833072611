// SPDX-License-Identifier: Apache-2.0
#include "sim/preempt/shadow.h"

#include <algorithm>

namespace beach::sim::preempt {

Shadow::Page& Shadow::Look(std::uintptr_t number) {
  std::unique_ptr<Page>& page = pages_[number];
  if (page == nullptr) {
    page = std::make_unique<Page>();
    if (order_.size() < kPagesMax) {
      order_.push_back(number);
    } else {
      recent_[order_[oldest_] % kRecent] = Recent{};
      pages_.erase(order_[oldest_]);
      order_[oldest_] = number;
      oldest_ = (oldest_ + 1) % kPagesMax;
    }
  }
  recent_[number % kRecent] = {number, page.get()};
  return *page;
}

Shadow::Page* Shadow::Find(std::uintptr_t address) {
  const auto found = pages_.find(address / kPageBytes);
  return found == pages_.end() ? nullptr : found->second.get();
}

void Shadow::Clear(std::uintptr_t begin, std::size_t size) {
  if (size == 0) return;
  const std::uintptr_t end = begin + size;
  auto page = pages_.lower_bound(begin / kPageBytes);
  for (; page != pages_.end() && page->first * kPageBytes < end; ++page) {
    const std::uintptr_t page_begin = page->first * kPageBytes;
    const std::uintptr_t from = std::max(begin, page_begin) - page_begin;
    const std::uintptr_t to = std::min(end, page_begin + kPageBytes) - page_begin;
    const auto cells = page->second->cells.begin();
    std::fill(cells + static_cast<std::ptrdiff_t>(from / kCellBytes),
              cells + static_cast<std::ptrdiff_t>((to + kCellBytes - 1) / kCellBytes), Cell{});
  }
}

}  // namespace beach::sim::preempt
