// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/cache_line.h"
#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/block_entry.h"
#include "engine/sst/format.h"
#include "engine/sst/key_hash.h"

namespace beach::engine::sst {

namespace {

constexpr std::size_t kPrefetchMax = 1024;

// The ends first, where keys that are neighbours differ.
inline bool SameKey(ByteView left, ByteView right) {
  if (left.size() != right.size()) return false;
  if (left.size() < sizeof(std::uint64_t)) return left == right;
  const std::size_t end = left.size() - sizeof(std::uint64_t);
  return LoadFixed<std::uint64_t>(left.data() + end) ==
             LoadFixed<std::uint64_t>(right.data() + end) &&
         std::memcmp(left.data(), right.data(), end) == 0;
}

}  // namespace

class Block::Maker {};

Result<std::shared_ptr<const Block>> Block::Parse(Bytes content,
                                                  std::shared_ptr<const std::string> path,
                                                  std::uint64_t offset) {
  if (content.size() < kBlockTailSize) return Damaged(*path, offset, "a block without restarts");
  const std::size_t tail = content.size() - kBlockTailSize;
  const auto count = LoadFixed<std::uint32_t>(content.data() + tail + kBlockRestartCountOffset);
  const auto buckets = LoadFixed<std::uint32_t>(content.data() + tail + kBlockBucketCountOffset);
  if (buckets > tail || count == 0 || count > (tail - buckets) / kRestartSize ||
      (buckets > 0 && count > kHashedRestartsMax)) {
    return Damaged(*path, offset + tail, "a block's number of restarts does not fit it");
  }
  auto block = std::make_shared<Block>(Maker(), std::move(content));
  block->entries_size_ = tail - buckets - count * kRestartSize;
  block->restart_count_ = count;
  block->bucket_count_ = buckets;
  block->path_ = std::move(path);
  block->offset_ = offset;

  // Restart 0 is the block's begin, so the others are behind it.
  std::uint32_t previous = 0;
  for (std::uint32_t restart = 0; restart < count; ++restart) {
    const std::uint32_t at = block->RestartOffset(restart);
    const bool ascending = restart == 0 ? at == 0 : at > previous;
    if (!ascending || at >= block->entries_size_) [[unlikely]] {
      const std::size_t where = block->entries_size_ + restart * kRestartSize;
      return Damaged(*block->path_, offset + where, "a block's restarts do not ascend within it");
    }
    previous = at;
  }
  const char* const bucket = block->content_.data() + tail - buckets;
  for (std::uint32_t i = 0; i < buckets; ++i) {
    const auto restart = static_cast<std::uint8_t>(bucket[i]);
    if (restart >= count && restart < kBucketSearch) [[unlikely]] {
      return Damaged(*block->path_, offset + tail - buckets + i,
                     "a bucket names a restart that is not there");
    }
  }
  return std::shared_ptr<const Block>(std::move(block));
}

std::uint8_t Block::Bucket(std::uint64_t hash) const {
  if (bucket_count_ == 0) return kBucketSearch;
  const std::size_t begin = content_.size() - kBlockTailSize - bucket_count_;
  return static_cast<std::uint8_t>(content_[begin + ReduceHash(hash, bucket_count_)]);
}

// From the restart that the hash index names, or that a search finds, entry by entry. The run of a
// restart that the index named ends where the next one begins: behind it there is no such key.
Result<std::optional<VersionFound>> Block::Get(ByteView user_key, SequenceNumber sequence,
                                               std::uint64_t hash, bool& beyond) const {
  beyond = false;
  const std::uint8_t bucket = Bucket(hash);
  if (bucket == kBucketNone) return std::nullopt;
  const std::uint64_t trailer = PackTrailer(sequence, kKindFirst);
  const ByteView entries = ByteView(content_).substr(0, entries_size_);
  BlockEntry entry;
  std::uint32_t restart = bucket;
  std::size_t end = entries_size_;
  const bool by_hash = bucket != kBucketSearch;
  if (by_hash) {
    if (restart + 1 < restart_count_) end = RestartOffset(restart + 1);
  } else {
    restart = 0;
    std::uint32_t high = restart_count_;  // restarts [high, count) are not before what is sought
    while (high - restart > 1) {
      const std::uint32_t middle = restart + (high - restart) / 2;
      const std::uint32_t at = RestartOffset(middle);
      if (!DecodeBlockEntry(entries, at, entry)) {
        return Damaged(*path_, offset_ + at, "an entry does not fit its block");
      }
      InternalKey key;
      if (entry.shared != 0 || !ParseInternalKey(entry.key_rest, key)) {
        return Damaged(*path_, offset_ + at, "an entry's key is not a key");
      }
      const int order = key.user_key.compare(user_key);
      const bool before = order < 0 || (order == 0 && TrailerOf(entry.key_rest) > trailer);
      (before ? restart : high) = middle;
    }
  }
  const std::size_t begin = RestartOffset(restart);
  Prefetch(entries.data() + begin, std::min<std::size_t>(end - begin, kPrefetchMax));
  KeyBuffer built;
  for (std::size_t at = begin; at < end; at = entry.end) {
    if (!DecodeBlockEntry(entries, at, entry)) {
      return Damaged(*path_, offset_ + at, "an entry does not fit its block");
    }
    if (entry.shared > built.size()) {
      return Damaged(*path_, offset_ + at, "an entry shares more than the key before it");
    }
    built.Build(static_cast<std::size_t>(entry.shared), entry.key_rest,
                RoomAt(entry.key_rest, content_));
    InternalKey key;
    if (!ParseInternalKey(built.view(), key)) {
      return Damaged(*path_, offset_ + at, "an entry's key is not a key");
    }
    // In the run that the hash index names, one that is not equal needs no order.
    if (by_hash && !SameKey(key.user_key, user_key)) continue;
    const int order = by_hash ? 0 : key.user_key.compare(user_key);
    if (order < 0 || (order == 0 && TrailerOf(built.view()) > trailer)) continue;
    if (order > 0) return std::nullopt;
    if (!IsEntry(built.view(), entry.value)) {
      return Damaged(*path_, offset_ + at, "an entry's value is none of its kind");
    }
    return VersionFound{.sequence = key.sequence, .kind = key.kind, .value = Bytes(entry.value)};
  }
  beyond = !by_hash;
  return std::nullopt;
}

Status Block::CheckRestarts() const {
  const ByteView entries = ByteView(content_).substr(0, entries_size_);
  BlockEntry entry;
  std::uint32_t restart = 0;
  for (std::size_t at = 0; at < entries_size_ && restart < restart_count_; at = entry.end) {
    if (!DecodeBlockEntry(entries, at, entry)) break;
    if (RestartOffset(restart) > at) continue;
    if (RestartOffset(restart) < at || entry.shared != 0) break;
    ++restart;
  }
  if (restart == restart_count_) return {};
  return Damaged(*path_, offset_ + entries_size_ + restart * kRestartSize,
                 "a block's restart is not where an entry begins afresh");
}

Status Block::CheckBuckets() const {
  if (bucket_count_ == 0) return {};
  Bytes expected(bucket_count_, static_cast<char>(kBucketNone));
  BlockIterator iterator;
  iterator.Reset(*this, nullptr);
  std::uint32_t restart = 0;
  const ByteView entries = ByteView(content_).substr(0, entries_size_);
  std::size_t at = 0;
  for (iterator.SeekToFirst(); iterator.Valid(); iterator.Next()) {
    while (restart + 1 < restart_count_ && RestartOffset(restart + 1) <= at) ++restart;
    const std::uint64_t hash = HashUserKey(UserKeyOf(iterator.key()));
    char& bucket = expected[ReduceHash(hash, bucket_count_)];
    const auto now = static_cast<std::uint8_t>(bucket);
    const bool alone = now == kBucketNone || now == restart;
    bucket = static_cast<char>(alone ? restart : kBucketSearch);
    BlockEntry entry;
    const bool decoded = DecodeBlockEntry(entries, at, entry);
    BEACH_CHECK(decoded);
    at = entry.end;
  }
  BEACH_TRY(iterator.status());
  const std::size_t begin = content_.size() - kBlockTailSize - bucket_count_;
  for (std::size_t i = 0; i < bucket_count_; ++i) {
    if (content_[begin + i] != expected[i]) {
      return Damaged(*path_, offset_ + begin + i, "a block's hash index does not lead to its keys");
    }
  }
  return {};
}

std::unique_ptr<Iterator> Block::NewIterator() const {
  auto iterator = std::make_unique<BlockIterator>();
  iterator->Reset(*this, nullptr);
  return iterator;
}

std::unique_ptr<Iterator> NewBlockIterator(std::shared_ptr<const Block> block) {
  auto iterator = std::make_unique<BlockIterator>();
  const Block& content = *block;
  iterator->Reset(content, std::move(block));
  return iterator;
}

}  // namespace beach::engine::sst
