// SPDX-License-Identifier: Apache-2.0
#include "engine/merging_iterator.h"

#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"

// Entries are ordered by key, and equal keys by the number of their source, so that the walk is the
// same both ways. In direction kForward every source stands at its first entry not before the
// current one in that order; in kBackward at its last one not behind it. The current source is the
// one that stands at the least (greatest) of these.

namespace beach::engine {
namespace {

class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> sources)
      : sources_(std::move(sources)) {}

  bool Valid() const override { return current_ != nullptr; }

  void SeekToFirst() override {
    for (const auto& source : sources_) source->SeekToFirst();
    PickSmallest();
  }

  void SeekToLast() override {
    for (const auto& source : sources_) source->SeekToLast();
    PickLargest();
  }

  void Seek(ByteView target) override {
    for (const auto& source : sources_) source->Seek(target);
    PickSmallest();
  }

  void SeekForPrevious(ByteView target) override {
    for (const auto& source : sources_) source->SeekForPrevious(target);
    PickLargest();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kBackward && !TurnForward()) return;
    current_->Next();
    PickSmallest();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kForward && !TurnBackward()) return;
    current_->Previous();
    PickLargest();
  }

  ByteView key() const override {
    BEACH_CHECK(Valid());
    return current_->key();
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return current_->value();
  }
  Status status() const override { return status_; }

 private:
  enum class Direction : std::uint8_t { kForward, kBackward };

  // Both move every source but the current one behind (in front of) the current entry. False, and
  // invalid, when one of them fails.
  bool TurnForward() {
    bool before_current = true;
    for (const auto& source : sources_) {
      if (source.get() == current_) {
        before_current = false;
        continue;
      }
      source->Seek(current_->key());
      const bool tied = source->Valid() && source->key() == current_->key();
      if (tied && before_current) source->Next();
      if (!CheckSource(*source)) return false;
    }
    return true;
  }

  bool TurnBackward() {
    bool before_current = true;
    for (const auto& source : sources_) {
      if (source.get() == current_) {
        before_current = false;
        continue;
      }
      source->SeekForPrevious(current_->key());
      const bool tied = source->Valid() && source->key() == current_->key();
      if (tied && !before_current) source->Previous();
      if (!CheckSource(*source)) return false;
    }
    return true;
  }

  void PickSmallest() {
    direction_ = Direction::kForward;
    Iterator* smallest = nullptr;
    ByteView smallest_key;
    for (const auto& source : sources_) {
      if (!source->Valid()) {
        if (!CheckSource(*source)) return;
        continue;
      }
      const ByteView key = source->key();
      if (smallest != nullptr && CompareInternalKeys(key, smallest_key) >= 0) continue;
      smallest = source.get();
      smallest_key = key;
    }
    SetCurrent(smallest);
  }

  void PickLargest() {
    direction_ = Direction::kBackward;
    Iterator* largest = nullptr;
    ByteView largest_key;
    for (const auto& source : sources_) {
      if (!source->Valid()) {
        if (!CheckSource(*source)) return;
        continue;
      }
      const ByteView key = source->key();
      if (largest != nullptr && CompareInternalKeys(key, largest_key) < 0) continue;
      largest = source.get();
      largest_key = key;
    }
    SetCurrent(largest);
  }

  bool CheckSource(const Iterator& source) {
    if (source.Valid()) return true;
    status_ = source.status();
    if (!status_) current_ = nullptr;
    return status_.has_value();
  }

  void SetCurrent(Iterator* current) {
    current_ = current;
    status_ = {};
  }

  const std::vector<std::unique_ptr<Iterator>> sources_;
  Iterator* current_ = nullptr;
  Direction direction_ = Direction::kForward;
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> sources) {
  for (const auto& source : sources) BEACH_CHECK(source != nullptr);
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace beach::engine
