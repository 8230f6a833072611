// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/format.h"

namespace beach::engine::sst {

BlockBuilder::BlockBuilder(std::uint64_t restart_interval) : restart_interval_(restart_interval) {
  BEACH_CHECK_GT(restart_interval, 0U);
}

void BlockBuilder::Add(ByteView internal_key, ByteView value) {
  BEACH_CHECK_GE(internal_key.size(), kInternalKeyTrailerSize);
  const bool ascending = empty() || CompareInternalKeys(last_key_, internal_key) < 0;
  BEACH_CHECK(ascending);
  std::size_t shared = 0;
  if (empty() || since_restart_ == restart_interval_) {
    BEACH_CHECK_LE(entries_.size(), std::numeric_limits<std::uint32_t>::max());
    restarts_.push_back(static_cast<std::uint32_t>(entries_.size()));
    since_restart_ = 0;
  } else {
    const std::size_t shared_max = std::min(last_key_.size(), internal_key.size());
    while (shared < shared_max && last_key_[shared] == internal_key[shared]) ++shared;
  }
  Encoder encoder(entries_);
  encoder.Varint(shared);
  encoder.Varint(internal_key.size() - shared);
  encoder.Varint(value.size());
  encoder.Raw(internal_key.substr(shared));
  encoder.Raw(value);
  ++since_restart_;
  last_key_.assign(internal_key);
}

Bytes BlockBuilder::Finish() {
  BEACH_CHECK(!empty());
  Encoder encoder(entries_);
  for (const std::uint32_t restart : restarts_) encoder.Fixed32(restart);
  encoder.Fixed32(static_cast<std::uint32_t>(restarts_.size()));
  restarts_.clear();
  since_restart_ = 0;
  last_key_.clear();
  return std::exchange(entries_, Bytes());
}

Result<std::shared_ptr<const Block>> Block::Parse(Bytes content, const std::string& path,
                                                  std::uint64_t offset) {
  if (content.size() < kRestartCountSize) return Damaged(path, offset, "a block without restarts");
  const std::size_t restarts_end = content.size() - kRestartCountSize;
  const auto count = LoadFixed<std::uint32_t>(content.data() + restarts_end);
  if (count == 0 || count > restarts_end / kRestartSize) {
    return Damaged(path, offset + restarts_end, "a block's number of restarts does not fit it");
  }
  auto block = std::shared_ptr<Block>(new Block);
  block->content_ = std::move(content);
  block->entries_size_ = restarts_end - count * kRestartSize;
  block->restart_count_ = count;
  block->path_ = path;
  block->offset_ = offset;

  // Restart 0 is the block's begin, so the others are behind it.
  const char* const restarts = block->content_.data() + block->entries_size_;
  std::uint32_t previous = 0;
  for (std::uint32_t restart = 0; restart < count; ++restart) {
    const auto at = LoadFixed<std::uint32_t>(restarts + restart * kRestartSize);
    const bool ascending = restart == 0 ? at == 0 : at > previous;
    if (!ascending || at >= block->entries_size_) [[unlikely]] {
      const std::size_t where = block->entries_size_ + restart * kRestartSize;
      return Damaged(path, offset + where, "a block's restarts do not ascend within it");
    }
    previous = at;
  }
  return std::shared_ptr<const Block>(std::move(block));
}

std::uint32_t Block::RestartOffset(std::uint32_t restart) const {
  BEACH_CHECK_LT(restart, restart_count_);
  return LoadFixed<std::uint32_t>(content_.data() + entries_size_ + restart * kRestartSize);
}

Status Block::CheckRestarts() const {
  Decoder decoder(ByteView(content_).substr(0, entries_size_));
  std::uint32_t restart = 0;
  while (decoder.ok() && !decoder.rest().empty() && restart < restart_count_) {
    const std::size_t begin = entries_size_ - decoder.rest().size();
    const std::uint64_t shared = decoder.Varint();
    const std::uint64_t unshared = decoder.Varint();
    const std::uint64_t value_size = decoder.Varint();
    decoder.Raw(static_cast<std::size_t>(unshared));
    decoder.Raw(static_cast<std::size_t>(value_size));
    if (RestartOffset(restart) > begin) continue;
    if (RestartOffset(restart) < begin || shared != 0) break;
    ++restart;
  }
  if (restart == restart_count_) return {};
  return Damaged(path_, offset_ + entries_size_ + restart * kRestartSize,
                 "a block's restart is not where an entry begins afresh");
}

// Stands at the entry [begin_, end_), its whole key in key_; begin_ == entries_size_ is invalid.
class BlockIterator final : public Iterator {
 public:
  BlockIterator(const Block& block, std::shared_ptr<const Block> pin)
      : block_(block), pin_(std::move(pin)), begin_(block.entries_size_) {}

  bool Valid() const override { return begin_ < block_.entries_size_; }

  void SeekToFirst() override {
    status_ = {};
    ReadRestart(0);
  }

  void SeekToLast() override {
    status_ = {};
    ReadRestart(block_.restart_count_ - 1);
    while (Valid() && end_ < block_.entries_size_) ReadEntry(end_);
  }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    status_ = {};
    if (!FindRestart(target)) return;
    while (Valid() && CompareInternalKeys(key_, target) < 0) ReadEntry(end_);
  }

  void SeekForPrevious(ByteView target) override {
    Seek(target);
    if (!status_) return;
    if (!Valid()) return SeekToLast();
    if (CompareInternalKeys(key_, target) != 0) Previous();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    ReadEntry(end_);
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    const std::size_t current = begin_;
    if (current == 0) return Invalidate();
    ReadRestart(LastRestartBefore(current));
    while (Valid() && end_ < current) ReadEntry(end_);
    if (Valid() && end_ != current) Damage(begin_, "an entry reaches into the one behind it");
  }

  ByteView key() const override {
    BEACH_CHECK(Valid());
    return key_;
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return value_;
  }
  Status status() const override { return status_; }

 private:
  // Stands at the last restart whose key is before the target, or the first restart. False on
  // damage.
  bool FindRestart(ByteView target) {
    std::uint32_t low = 0;
    std::uint32_t high = block_.restart_count_;  // restarts [high, count) are not before the target
    while (high - low > 1) {
      const std::uint32_t middle = low + (high - low) / 2;
      ReadRestart(middle);
      if (!Valid()) return false;
      (CompareInternalKeys(key_, target) < 0 ? low : high) = middle;
    }
    ReadRestart(low);
    return Valid();
  }

  std::uint32_t LastRestartBefore(std::size_t offset) const {
    std::uint32_t low = 0;
    std::uint32_t high = block_.restart_count_;
    while (high - low > 1) {
      const std::uint32_t middle = low + (high - low) / 2;
      (block_.RestartOffset(middle) < offset ? low : high) = middle;
    }
    return low;
  }

  void ReadRestart(std::uint32_t restart) {
    key_.clear();
    ReadEntry(block_.RestartOffset(restart));
  }

  // Moves to the entry at `offset`, whose key builds on the present one; to the end where there is
  // none.
  void ReadEntry(std::size_t offset) {
    BEACH_CHECK_LE(offset, block_.entries_size_);
    if (offset == block_.entries_size_) return Invalidate();
    Decoder decoder(ByteView(block_.content_).substr(offset, block_.entries_size_ - offset));
    const std::uint64_t shared = decoder.Varint();
    const std::uint64_t unshared = decoder.Varint();
    const std::uint64_t value_size = decoder.Varint();
    const ByteView key_rest = decoder.Raw(static_cast<std::size_t>(unshared));
    const ByteView value = decoder.Raw(static_cast<std::size_t>(value_size));
    if (!decoder.ok()) return Damage(offset, "an entry does not fit its block");
    if (shared > key_.size()) return Damage(offset, "an entry shares more than the key before it");
    key_.resize(static_cast<std::size_t>(shared));
    key_.append(key_rest);
    InternalKey parsed;
    if (!ParseInternalKey(key_, parsed)) return Damage(offset, "an entry's key is not a key");
    value_ = value;
    begin_ = offset;
    end_ = block_.entries_size_ - decoder.rest().size();
  }

  void Invalidate() { begin_ = block_.entries_size_; }

  void Damage(std::size_t offset, const char* what) {
    Invalidate();
    status_ = Damaged(block_.path_, block_.offset_ + offset, what);
  }

  const Block& block_;
  const std::shared_ptr<const Block> pin_;  // keeps block_ alive; may be null
  std::size_t begin_;
  std::size_t end_ = 0;
  Bytes key_;
  ByteView value_;
  Status status_;
};

std::unique_ptr<Iterator> Block::NewIterator() const {
  return std::make_unique<BlockIterator>(*this, nullptr);
}

std::unique_ptr<Iterator> NewBlockIterator(std::shared_ptr<const Block> block) {
  const Block& blocks = *block;
  return std::make_unique<BlockIterator>(blocks, std::move(block));
}

}  // namespace beach::engine::sst
