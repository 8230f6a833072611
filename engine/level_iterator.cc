// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/version.h"

namespace beach::engine {
namespace {

// Valid exactly when current_ is, and then current_ walks tables_[at_]. A table is never empty, so
// one step from its end is a step into the next one, unless that cannot be read.
class LevelIterator final : public Iterator {
 public:
  LevelIterator(std::vector<TablePointer> tables, const TableReadOptions& options)
      : tables_(std::move(tables)), options_(options) {}

  bool Valid() const override { return current_ != nullptr && current_->Valid(); }

  void SeekToFirst() override {
    if (Enter(0)) current_->SeekToFirst();
    Settle();
  }

  void SeekToLast() override {
    if (Enter(tables_.size() - 1)) current_->SeekToLast();
    Settle();
  }

  void Seek(ByteView target) override {
    const auto table =
        std::partition_point(tables_.begin(), tables_.end(), [target](const TablePointer& t) {
          return CompareInternalKeys(t->info.largest, target) < 0;
        });
    if (Enter(static_cast<std::size_t>(table - tables_.begin()))) current_->Seek(target);
    Settle();
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
    Settle();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    current_->Next();
    if (!current_->Valid() && current_->status() && Enter(at_ + 1)) current_->SeekToFirst();
    Settle();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    current_->Previous();
    if (!current_->Valid() && current_->status() && Enter(at_ - 1)) current_->SeekToLast();
    Settle();
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

  void Settle() { status_ = current_ == nullptr ? Status() : current_->status(); }

  const std::vector<TablePointer> tables_;
  const TableReadOptions options_;
  std::size_t at_ = 0;
  std::unique_ptr<Iterator> current_;
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewLevelIterator(std::vector<TablePointer> tables,
                                           const TableReadOptions& options) {
  return std::make_unique<LevelIterator>(std::move(tables), options);
}

}  // namespace beach::engine
