// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "base/cache_line.h"
#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_entry.h"
#include "engine/sst/format.h"

namespace beach::engine::sst {
namespace {

constexpr std::size_t kExpectedMax = std::size_t{8} * 1024;  // of a larger block, its begin
// What a search reads from the restart on, and a short walk behind it.
constexpr std::size_t kSoughtMax = std::size_t{2} * 1024;

}  // namespace

void BlockIterator::Reset(const Block& block, std::shared_ptr<const Block> pin) {
  block_ = &block;
  pin_ = std::move(pin);
  entries_size_ = block.entries_size_;
  StandNowhere();
  key_.Clear();
  if (!status_) status_ = {};
}

void BlockIterator::Release() {
  block_ = nullptr;
  pin_ = nullptr;
  entries_size_ = 0;
  StandNowhere();
  if (!status_) status_ = {};
}

void BlockIterator::Expect() const {
  Prefetch(entries().data(), std::min(entries_size_, kExpectedMax));
}

void BlockIterator::SeekToFirst() {
  if (!status_) status_ = {};
  ReadRestart(0);
}

void BlockIterator::SeekToLast() {
  if (!status_) status_ = {};
  ReadRestart(block_->restart_count_ - 1);
  while (Valid() && end_ < entries_size_) ReadEntry(end_);
}

void BlockIterator::Seek(ByteView target) {
  BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
  if (!status_) status_ = {};
  if (!FindRestart(target)) return;
  while (Valid() && CompareInternalKeys(key_.view(), target) < 0) ReadEntry(end_);
}

void BlockIterator::SeekForPrevious(ByteView target) {
  Seek(target);
  if (!status_) return;
  if (!Valid()) return SeekToLast();
  if (CompareInternalKeys(key_.view(), target) != 0) Previous();
}

void BlockIterator::Next() {
  BEACH_CHECK(Valid());
  ReadEntry(end_);
}

void BlockIterator::Previous() {
  BEACH_CHECK(Valid());
  const std::size_t current = begin_;
  if (current == 0) return StandNowhere();
  ReadRestart(LastRestartBefore(current));
  while (Valid() && end_ < current) ReadEntry(end_);
  if (Valid() && end_ != current) Damage(begin_, "an entry reaches into the one behind it");
}

ByteView BlockIterator::value() const {
  BEACH_CHECK(Valid());
  return value_;
}

// Stands at the last restart whose key is before the target, or the first restart. False on
// damage.
bool BlockIterator::FindRestart(ByteView target) {
  std::uint32_t low = 0;
  std::uint32_t high = block_->restart_count_;  // restarts [high, count) are not before the target
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    const std::uint32_t at = block_->RestartOffset(middle);
    BlockEntry entry;
    if (!DecodeBlockEntry(entries(), at, entry)) {
      return Damage(at, "an entry does not fit its block"), false;
    }
    if (entry.shared > 0) {
      return Damage(at, "an entry shares more than the key before it"), false;
    }
    if (!IsInternalKey(entry.key_rest)) return Damage(at, "an entry's key is not a key"), false;
    (CompareInternalKeys(entry.key_rest, target) < 0 ? low : high) = middle;
  }
  const std::size_t begin = block_->RestartOffset(low);
  Prefetch(entries().data() + begin, std::min(entries_size_ - begin, kSoughtMax));
  ReadRestart(low);
  return Valid();
}

std::uint32_t BlockIterator::LastRestartBefore(std::size_t offset) const {
  std::uint32_t low = 0;
  std::uint32_t high = block_->restart_count_;
  while (high - low > 1) {
    const std::uint32_t middle = low + (high - low) / 2;
    (block_->RestartOffset(middle) < offset ? low : high) = middle;
  }
  return low;
}

void BlockIterator::ReadRestart(std::uint32_t restart) {
  key_.Clear();
  ReadEntry(block_->RestartOffset(restart));
}

// Moves to the entry at `offset`, whose key builds on the present one; to the end where there is
// none.
void BlockIterator::ReadEntry(std::size_t offset) {
  BEACH_CHECK_LE(offset, entries_size_);
  if (offset == entries_size_) return StandNowhere();
  BlockEntry entry;
  if (!DecodeBlockEntry(entries(), offset, entry)) {
    return Damage(offset, "an entry does not fit its block");
  }
  if (entry.shared > key_.size()) {
    return Damage(offset, "an entry shares more than the key before it");
  }
  key_.Build(static_cast<std::size_t>(entry.shared), entry.key_rest,
             RoomAt(entry.key_rest, block_->content_));
  if (!IsEntry(key_.view(), entry.value)) {
    return Damage(offset, IsInternalKey(key_.view()) ? "an entry's value is none of its kind"
                                                     : "an entry's key is not a key");
  }
  value_ = entry.value;
  begin_ = offset;
  end_ = entry.end;
  StandAt(key_.view());
}

void BlockIterator::Damage(std::size_t offset, const char* what) {
  StandNowhere();
  status_ = Damaged(*block_->path_, block_->offset_ + offset, what);
}

}  // namespace beach::engine::sst
