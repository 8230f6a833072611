// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/version.h"

namespace beach::engine {
namespace {

// Stands where current_ does, which walks tables_[at_]. One that ends goes on in the next table
// with an entry, unless that cannot be read: a table may hold range deletes alone, and its bounds
// reach as far as they do.
class LevelIterator final : public Iterator {
 public:
  LevelIterator(std::span<const TablePointer> tables, const TableReadOptions& options)
      : tables_(tables), options_(options) {}

  void SeekToFirst() override {
    if (Enter(0)) current_->SeekToFirst();
    GoAhead();
  }

  void SeekToLast() override {
    if (Enter(tables_.size() - 1)) current_->SeekToLast();
    GoBack();
  }

  void Seek(ByteView target) override {
    const auto table =
        std::partition_point(tables_.begin(), tables_.end(), [target](const TablePointer& t) {
          return CompareInternalKeys(t->info.largest, target) < 0;
        });
    if (Enter(static_cast<std::size_t>(table - tables_.begin()))) current_->Seek(target);
    GoAhead();
  }

  void SeekForPrevious(ByteView target) override {
    const auto table =
        std::partition_point(tables_.begin(), tables_.end(), [target](const TablePointer& t) {
          return CompareInternalKeys(t->info.smallest, target) <= 0;
        });
    // One in front of the first is none: the index wraps beyond the end.
    if (Enter(static_cast<std::size_t>(table - tables_.begin()) - 1)) {
      current_->SeekForPrevious(target);
    }
    GoBack();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    current_->Next();
    if (current_->Valid()) [[likely]]
      return StandAt(current_->key());
    GoAhead();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    current_->Previous();
    if (current_->Valid()) [[likely]]
      return StandAt(current_->key());
    GoBack();
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return current_->value();
  }
  Status status() const override { return status_; }

 private:
  // False where there is no such table: the walk is over.
  bool Enter(std::size_t index) {
    if (index >= tables_.size()) {
      current_.reset();
      return false;
    }
    if (current_ == nullptr || index != at_) {
      current_ = tables_[index]->reader->NewIterator(options_);
    }
    at_ = index;
    return true;
  }

  bool AtEnd() const {
    return current_ != nullptr && !current_->Valid() && current_->status().has_value();
  }
  void GoAhead() {
    while (AtEnd() && Enter(at_ + 1)) current_->SeekToFirst();
    Settle();
  }
  void GoBack() {
    while (AtEnd() && Enter(at_ - 1)) current_->SeekToLast();
    Settle();
  }
  void Settle() {
    status_ = current_ == nullptr ? Status() : current_->status();
    if (current_ == nullptr || !current_->Valid()) return StandNowhere();
    StandAt(current_->key());
  }

  const std::span<const TablePointer> tables_;
  const TableReadOptions options_;
  std::size_t at_ = 0;
  std::unique_ptr<Iterator> current_;
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewLevelIterator(std::span<const TablePointer> tables,
                                           const TableReadOptions& options) {
  if (tables.size() == 1) return tables[0]->reader->NewIterator(options);
  return std::make_unique<LevelIterator>(tables, options);
}

}  // namespace beach::engine
