// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_iterator.h"

#include <utility>

#include "base/check.h"

namespace beach::engine::sst {
namespace {

// Valid exactly when index_ and block_ are, and then block_ is the one index_ points at. A block is
// never empty, so one step of the index is enough to leave it.
class TableIterator final : public Iterator {
 public:
  TableIterator(std::unique_ptr<Iterator> index, BlockSource& blocks)
      : index_(std::move(index)), blocks_(blocks) {}

  bool Valid() const override { return block_ != nullptr && block_->Valid(); }

  void SeekToFirst() override {
    index_->SeekToFirst();
    if (LoadBlock()) block_->SeekToFirst();
    Settle();
  }

  void SeekToLast() override {
    index_->SeekToLast();
    if (LoadBlock()) block_->SeekToLast();
    Settle();
  }

  void Seek(ByteView target) override {
    index_->Seek(target);  // index keys are the last keys of their blocks
    if (LoadBlock()) block_->Seek(target);
    Settle();
  }

  void SeekForPrevious(ByteView target) override {
    index_->Seek(target);
    if (!index_->Valid() && index_->status()) return SeekToLast();
    if (LoadBlock()) block_->SeekForPrevious(target);
    // The target may lie in front of all keys of the block that could hold it.
    if (block_ != nullptr && !block_->Valid() && block_->status()) return ToBlockBefore();
    Settle();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    block_->Next();
    if (block_->Valid() || !block_->status()) return Settle();
    index_->Next();
    if (LoadBlock()) block_->SeekToFirst();
    Settle();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    block_->Previous();
    if (block_->Valid() || !block_->status()) return Settle();
    ToBlockBefore();
  }

  ByteView key() const override {
    BEACH_CHECK(Valid());
    return block_->key();
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return block_->value();
  }
  Status status() const override { return status_; }

 private:
  void ToBlockBefore() {
    index_->Previous();
    if (LoadBlock()) block_->SeekToLast();
    Settle();
  }

  // The block at the index's position, to be positioned itself. False, with status_ set, where
  // there is none or it cannot be read. Moves within one block read it once.
  bool LoadBlock() {
    status_ = index_->status();
    if (index_->Valid() && block_ != nullptr && index_->value() == handle_) return true;
    block_ = nullptr;
    if (!index_->Valid()) return false;
    handle_.assign(index_->value());
    auto block = blocks_.Load(index_->value());
    if (!block) {
      status_ = Fail(std::move(block).error());
      return false;
    }
    block_ = NewBlockIterator(*std::move(block));
    return true;
  }

  // After a move within a block that must have led to an entry.
  void Settle() {
    if (block_ == nullptr || block_->Valid()) return;
    status_ = block_->status();
    if (status_) status_ = blocks_.IndexDamage();
    block_ = nullptr;
  }

  const std::unique_ptr<Iterator> index_;
  BlockSource& blocks_;
  std::unique_ptr<Iterator> block_;
  Bytes handle_;  // of block_, where there is one
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewTableIterator(std::unique_ptr<Iterator> index, BlockSource& blocks) {
  return std::make_unique<TableIterator>(std::move(index), blocks);
}

}  // namespace beach::engine::sst
