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
    for (const auto& source : sources_) {
      if (!CheckSource(*source)) return;
      if (!source->Valid()) continue;
      const bool is_smaller =
          smallest == nullptr || CompareInternalKeys(source->key(), smallest->key()) < 0;
      if (is_smaller) smallest = source.get();
    }
    SetCurrent(smallest);
  }

  void PickLargest() {
    direction_ = Direction::kBackward;
    Iterator* largest = nullptr;
    for (const auto& source : sources_) {
      if (!CheckSource(*source)) return;
      if (!source->Valid()) continue;
      const bool is_larger =
          largest == nullptr || CompareInternalKeys(source->key(), largest->key()) >= 0;
      if (is_larger) largest = source.get();
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
