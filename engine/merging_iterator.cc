// SPDX-License-Identifier: Apache-2.0
#include "engine/merging_iterator.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"

// Entries are ordered by key, and equal keys by the number of their source, so that the walk is the
// same both ways. In direction kForward every source stands at its first entry not before the
// current one in that order; in kBackward at its last one not behind it. The sources that stand at
// an entry are kept in the order in which the walk will come to them: the first is the current one,
// and a step finds its place anew by comparing it with few others.

namespace beach::engine {
namespace {

struct Source {
  std::unique_ptr<Iterator> iterator;
  std::size_t number;

  // REQUIRES: both valid.
  bool IsBefore(const Source& other) const {
    const auto order = CompareInternalKeys(iterator->key(), other.iterator->key());
    return order != 0 ? order < 0 : number < other.number;
  }
};

class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> iterators) {
    sources_.reserve(iterators.size());
    order_.reserve(iterators.size());
    for (std::unique_ptr<Iterator>& iterator : iterators) {
      sources_.push_back({.iterator = std::move(iterator), .number = sources_.size()});
    }
  }

  void SeekToFirst() override {
    for (Source& source : sources_) source.iterator->SeekToFirst();
    Arrange(Direction::kForward);
  }

  void SeekToLast() override {
    for (Source& source : sources_) source.iterator->SeekToLast();
    Arrange(Direction::kBackward);
  }

  void Seek(ByteView target) override {
    for (Source& source : sources_) source.iterator->Seek(target);
    Arrange(Direction::kForward);
  }

  void SeekForPrevious(ByteView target) override {
    for (Source& source : sources_) source.iterator->SeekForPrevious(target);
    Arrange(Direction::kBackward);
  }

  void Next() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kBackward) return TurnForward();
    order_.front()->iterator->Next();
    Replace();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kForward) return TurnBackward();
    order_.front()->iterator->Previous();
    Replace();
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return order_.front()->iterator->value();
  }
  Status status() const override { return status_; }

 private:
  enum class Direction : std::uint8_t { kForward, kBackward };

  // Both move every source in front of (behind) the current entry, or to none.
  void TurnForward() {
    Source& current = *order_.front();
    for (Source& source : sources_) {
      if (&source == &current) continue;
      source.iterator->Seek(key());
      const bool tied = source.iterator->Valid() && source.iterator->key() == key();
      if (tied && source.IsBefore(current)) source.iterator->Next();
      if (!CheckSource(source)) return;
    }
    current.iterator->Next();
    Arrange(Direction::kForward);
  }

  void TurnBackward() {
    Source& current = *order_.front();
    for (Source& source : sources_) {
      if (&source == &current) continue;
      source.iterator->SeekForPrevious(key());
      const bool tied = source.iterator->Valid() && source.iterator->key() == key();
      if (tied && current.IsBefore(source)) source.iterator->Previous();
      if (!CheckSource(source)) return;
    }
    current.iterator->Previous();
    Arrange(Direction::kBackward);
  }

  bool ComesBefore(const Source* left, const Source* right) const {
    return direction_ == Direction::kForward ? left->IsBefore(*right) : right->IsBefore(*left);
  }

  // After all sources have moved.
  void Arrange(Direction direction) {
    direction_ = direction;
    order_.clear();
    for (Source& source : sources_) {
      if (!CheckSource(source)) return;
      if (source.iterator->Valid()) order_.push_back(&source);
    }
    std::ranges::sort(order_, [this](auto* left, auto* right) { return ComesBefore(left, right); });
    status_ = {};
    Show();
  }

  // After the first of them alone has moved. It often stays the first, where sources hold different
  // ranges of keys.
  void Replace() {
    Source* const moved = order_.front();
    if (!CheckSource(*moved)) return;
    const auto others = order_.begin() + 1;
    auto place = others;
    if (!moved->iterator->Valid()) {
      place = order_.end();
    } else if (others != order_.end() && ComesBefore(*others, moved)) {
      const auto before = [this](auto* left, auto* right) { return ComesBefore(left, right); };
      place = std::lower_bound(others + 1, order_.end(), moved, before);
    }
    std::move(others, place, order_.begin());
    if (moved->iterator->Valid()) {
      *(place - 1) = moved;
    } else {
      order_.pop_back();
    }
    Show();
  }

  void Show() {
    if (order_.empty()) return StandNowhere();
    StandAt(order_.front()->iterator->key());
  }

  // False, and invalid, when the source has failed.
  bool CheckSource(const Source& source) {
    if (source.iterator->Valid()) return true;
    status_ = source.iterator->status();
    if (!status_) StandNowhere();
    return status_.has_value();
  }

  std::vector<Source> sources_;
  std::vector<Source*> order_;  // those of sources_ that are valid, in the direction of the walk
  Direction direction_ = Direction::kForward;
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> sources) {
  for (const auto& source : sources) BEACH_CHECK(source != nullptr);
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace beach::engine
