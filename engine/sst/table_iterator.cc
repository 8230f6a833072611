// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/table_iterator.h"

#include <utility>

#include "base/check.h"

namespace beach::engine::sst {
namespace {

// Stands where entry_ does, which is in block number block_. A block is never empty, so one step of
// the index is enough to leave it.
class TableIterator final : public Iterator {
 public:
  TableIterator(const TableIndex& index, BlockSource& blocks, Walk walk)
      : index_(index), blocks_(blocks), walk_(std::move(walk)) {}

  void SeekToFirst() override {
    if (Load(0)) entry_.SeekToFirst(), Settle();
  }

  void SeekToLast() override {
    if (index_.count() == 0) return End();
    if (Load(index_.count() - 1)) entry_.SeekToLast(), Settle();
  }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    // Index keys are the last keys of their blocks.
    if (Load(index_.Find(target))) entry_.Seek(target), Settle();
  }

  void SeekForPrevious(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    const std::size_t block = index_.Find(target);
    if (block == index_.count()) return SeekToLast();
    if (!Load(block)) return;
    entry_.SeekForPrevious(target);
    // The target may lie in front of all keys of the block that could hold it.
    if (!entry_.Valid() && entry_.ok()) return ToBlockBefore();
    Settle();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    entry_.Next();
    if (entry_.Valid()) [[likely]]
      return StandAt(entry_.key());
    if (!entry_.ok()) return Settle();
    if (Load(block_ + 1)) entry_.Expect(), entry_.SeekToFirst(), Settle();
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    entry_.Previous();
    if (entry_.Valid()) return StandAt(entry_.key());
    if (!entry_.ok()) return Settle();
    ToBlockBefore();
  }

  ByteView value() const override { return entry_.value(); }
  Status status() const override { return status_; }

 private:
  void ToBlockBefore() {
    if (block_ == 0) return End();
    if (Load(block_ - 1)) entry_.SeekToLast(), Settle();
  }

  // Behind the last entry, or in front of the first: no damage.
  void End() {
    if (!status_) status_ = {};
    Leave();
  }

  void Leave() {
    entry_.Release();
    loaded_ = false;
    StandNowhere();
  }

  // The block of that number, to be positioned in. False, with status_ set, where there is none or
  // it cannot be read. Moves within one block read it once.
  bool Load(std::size_t block) {
    if (block >= index_.count()) return End(), false;
    if (!status_) status_ = {};
    if (loaded_ && block_ == block) return true;
    walk_.readahead.Visit(block);
    auto read = blocks_.Load(block, walk_);
    if (!read) {
      status_ = Fail(std::move(read).error());
      Leave();
      return false;
    }
    const Block& content = **read;
    entry_.Reset(content, *std::move(read));
    block_ = block;
    loaded_ = true;
    return true;
  }

  // After a move within a block that must have led to an entry.
  void Settle() {
    if (entry_.Valid()) [[likely]]
      return StandAt(entry_.key());
    status_ = entry_.status();
    if (status_) status_ = blocks_.IndexDamage();
    blocks_.Met(status_.error());
    Leave();
  }

  const TableIndex& index_;
  BlockSource& blocks_;
  Walk walk_;
  BlockIterator entry_;
  std::size_t block_ = 0;
  bool loaded_ = false;  // entry_ is in block_
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewTableIterator(const TableIndex& index, BlockSource& blocks,
                                           Walk walk) {
  return std::make_unique<TableIterator>(index, blocks, std::move(walk));
}

}  // namespace beach::engine::sst
