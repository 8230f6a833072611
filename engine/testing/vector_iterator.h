// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/iterator.h"

namespace beach::engine::testing {

// Entries in internal-key order.
using EntryList = std::vector<std::pair<Bytes, Bytes>>;

inline void SortEntries(EntryList& entries) {
  std::sort(entries.begin(), entries.end(), [](const auto& left, const auto& right) {
    return CompareInternalKeys(left.first, right.first) < 0;
  });
}

// Walks a list, and fails on any move that reaches the entry numbered `failing`. Keys are handed
// out as copies that a move overwrites, so that a user who keeps a view too long is found out.
class VectorIterator final : public Iterator {
 public:
  static constexpr std::size_t kNoFailure = ~std::size_t{0};

  explicit VectorIterator(EntryList entries, std::size_t failing = kNoFailure)
      : entries_(std::move(entries)), failing_(failing), at_(entries_.size()) {}

  void SeekToFirst() override { MoveTo(0); }
  void SeekToLast() override { MoveTo(entries_.empty() ? 0 : entries_.size() - 1); }
  void Seek(ByteView target) override {
    std::size_t at = 0;
    while (at < entries_.size() && CompareInternalKeys(entries_[at].first, target) < 0) ++at;
    MoveTo(at);
  }
  void SeekForPrevious(ByteView target) override {
    std::size_t end = 0;
    while (end < entries_.size() && CompareInternalKeys(entries_[end].first, target) <= 0) ++end;
    MoveTo(end == 0 ? entries_.size() : end - 1);
  }
  void Next() override {
    BEACH_CHECK(Valid());
    MoveTo(at_ + 1);
  }
  void Previous() override {
    BEACH_CHECK(Valid());
    MoveTo(at_ == 0 ? entries_.size() : at_ - 1);
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return value_;
  }
  Status status() const override { return status_; }

 private:
  void MoveTo(std::size_t at) {
    status_ = {};
    at_ = at;
    key_.assign(key_.size(), '#');
    value_.assign(value_.size(), '#');
    if (at == failing_ && at < entries_.size()) {
      at_ = entries_.size();
      status_ = Fail(Error(ErrorCode::kCorruption, "made to fail").At("vector", at));
    }
    if (at_ >= entries_.size()) return StandNowhere();
    key_ = entries_[at_].first;
    value_ = entries_[at_].second;
    StandAt(key_);
  }

  const EntryList entries_;
  const std::size_t failing_;
  std::size_t at_;
  Bytes key_;
  Bytes value_;
  Status status_;
};

}  // namespace beach::engine::testing
