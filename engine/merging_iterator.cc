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

// Knows where its iterator stands, so that a step asks only the source that moved.
class Source {
 public:
  explicit Source(std::unique_ptr<Iterator> iterator) : iterator_(std::move(iterator)) {}

  bool valid() const { return valid_; }
  ByteView key() const { return key_; }  // REQUIRES: valid()
  ByteView value() const { return iterator_->value(); }
  Status status() const { return iterator_->status(); }

  template <class Step>
  void Move(Step step) {
    step(*iterator_);
    valid_ = iterator_->Valid();
    key_ = valid_ ? iterator_->key() : ByteView();
  }

 private:
  std::unique_ptr<Iterator> iterator_;
  bool valid_ = false;
  ByteView key_;  // lives until the next move
};

class MergingIterator final : public Iterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<Iterator>> iterators) {
    sources_.reserve(iterators.size());
    for (std::unique_ptr<Iterator>& iterator : iterators) {
      sources_.emplace_back(std::move(iterator));
    }
  }

  bool Valid() const override { return current_ != nullptr; }

  void SeekToFirst() override {
    for (Source& source : sources_) source.Move([](Iterator& at) { at.SeekToFirst(); });
    PickSmallest();
  }

  void SeekToLast() override {
    for (Source& source : sources_) source.Move([](Iterator& at) { at.SeekToLast(); });
    PickLargest();
  }

  void Seek(ByteView target) override {
    for (Source& source : sources_) source.Move([&](Iterator& at) { at.Seek(target); });
    PickSmallest();
  }

  void SeekForPrevious(ByteView target) override {
    for (Source& source : sources_) source.Move([&](Iterator& at) { at.SeekForPrevious(target); });
    PickLargest();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kBackward && !TurnForward()) return;
    current_->Move([](Iterator& at) { at.Next(); });
    PickSmallest();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    if (direction_ == Direction::kForward && !TurnBackward()) return;
    current_->Move([](Iterator& at) { at.Previous(); });
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
    for (Source& source : sources_) {
      if (&source == current_) {
        before_current = false;
        continue;
      }
      source.Move([&](Iterator& at) { at.Seek(current_->key()); });
      const bool tied = source.valid() && source.key() == current_->key();
      if (tied && before_current) source.Move([](Iterator& at) { at.Next(); });
      if (!CheckSource(source)) return false;
    }
    return true;
  }

  bool TurnBackward() {
    bool before_current = true;
    for (Source& source : sources_) {
      if (&source == current_) {
        before_current = false;
        continue;
      }
      source.Move([&](Iterator& at) { at.SeekForPrevious(current_->key()); });
      const bool tied = source.valid() && source.key() == current_->key();
      if (tied && !before_current) source.Move([](Iterator& at) { at.Previous(); });
      if (!CheckSource(source)) return false;
    }
    return true;
  }

  void PickSmallest() {
    direction_ = Direction::kForward;
    Source* smallest = nullptr;
    for (Source& source : sources_) {
      if (!source.valid()) {
        if (!CheckSource(source)) return;
        continue;
      }
      const bool is_smaller =
          smallest == nullptr || CompareInternalKeys(source.key(), smallest->key()) < 0;
      if (is_smaller) smallest = &source;
    }
    SetCurrent(smallest);
  }

  void PickLargest() {
    direction_ = Direction::kBackward;
    Source* largest = nullptr;
    for (Source& source : sources_) {
      if (!source.valid()) {
        if (!CheckSource(source)) return;
        continue;
      }
      const bool is_larger =
          largest == nullptr || CompareInternalKeys(source.key(), largest->key()) >= 0;
      if (is_larger) largest = &source;
    }
    SetCurrent(largest);
  }

  bool CheckSource(const Source& source) {
    if (source.valid()) return true;
    status_ = source.status();
    if (!status_) current_ = nullptr;
    return status_.has_value();
  }

  void SetCurrent(Source* current) {
    current_ = current;
    status_ = {};
  }

  std::vector<Source> sources_;
  Source* current_ = nullptr;  // one of sources_, or null
  Direction direction_ = Direction::kForward;
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewMergingIterator(std::vector<std::unique_ptr<Iterator>> sources) {
  for (const auto& source : sources) BEACH_CHECK(source != nullptr);
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace beach::engine
