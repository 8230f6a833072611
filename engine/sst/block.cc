// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block.h"

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/block_entry.h"
#include "engine/sst/format.h"
#include "engine/sst/key_hash.h"

namespace beach::engine::sst {

Result<std::shared_ptr<const Block>> Block::Parse(Bytes content, const std::string& path,
                                                  std::uint64_t offset) {
  if (content.size() < kBlockTailSize) return Damaged(path, offset, "a block without restarts");
  const std::size_t tail = content.size() - kBlockTailSize;
  const auto count = LoadFixed<std::uint32_t>(content.data() + tail + kBlockRestartCountOffset);
  const auto buckets = LoadFixed<std::uint32_t>(content.data() + tail + kBlockBucketCountOffset);
  if (buckets > tail || count == 0 || count > (tail - buckets) / kRestartSize ||
      (buckets > 0 && count > kHashedRestartsMax)) {
    return Damaged(path, offset + tail, "a block's number of restarts does not fit it");
  }
  auto block = std::shared_ptr<Block>(new Block);
  block->content_ = std::move(content);
  block->entries_size_ = tail - buckets - count * kRestartSize;
  block->restart_count_ = count;
  block->bucket_count_ = buckets;
  block->path_ = path;
  block->offset_ = offset;

  // Restart 0 is the block's begin, so the others are behind it.
  std::uint32_t previous = 0;
  for (std::uint32_t restart = 0; restart < count; ++restart) {
    const std::uint32_t at = block->RestartOffset(restart);
    const bool ascending = restart == 0 ? at == 0 : at > previous;
    if (!ascending || at >= block->entries_size_) [[unlikely]] {
      const std::size_t where = block->entries_size_ + restart * kRestartSize;
      return Damaged(path, offset + where, "a block's restarts do not ascend within it");
    }
    previous = at;
  }
  const char* const bucket = block->content_.data() + tail - buckets;
  for (std::uint32_t i = 0; i < buckets; ++i) {
    const auto restart = static_cast<std::uint8_t>(bucket[i]);
    if (restart >= count && restart < kBucketSearch) [[unlikely]] {
      return Damaged(path, offset + tail - buckets + i,
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
  if (bucket != kBucketSearch) {
    if (restart + 1 < restart_count_) end = RestartOffset(restart + 1);
  } else {
    restart = 0;
    std::uint32_t high = restart_count_;  // restarts [high, count) are not before what is sought
    while (high - restart > 1) {
      const std::uint32_t middle = restart + (high - restart) / 2;
      const std::uint32_t at = RestartOffset(middle);
      if (!DecodeBlockEntry(entries, at, entry)) {
        return Damaged(path_, offset_ + at, "an entry does not fit its block");
      }
      InternalKey key;
      if (entry.shared != 0 || !ParseInternalKey(entry.key_rest, key)) {
        return Damaged(path_, offset_ + at, "an entry's key is not a key");
      }
      const int order = key.user_key.compare(user_key);
      const bool before = order < 0 || (order == 0 && TrailerOf(entry.key_rest) > trailer);
      (before ? restart : high) = middle;
    }
  }
  // The key of each entry, built from those before it: in place while it is small.
  constexpr std::size_t kSmall = 256;
  char small[kSmall];
  Bytes large;
  char* bytes = small;
  std::size_t size = 0;
  std::size_t capacity = kSmall;
  for (std::size_t at = RestartOffset(restart); at < end; at = entry.end) {
    if (!DecodeBlockEntry(entries, at, entry)) {
      return Damaged(path_, offset_ + at, "an entry does not fit its block");
    }
    if (entry.shared > size) {
      return Damaged(path_, offset_ + at, "an entry shares more than the key before it");
    }
    const auto shared = static_cast<std::size_t>(entry.shared);
    size = shared + entry.key_rest.size();
    if (size > capacity) [[unlikely]] {
      Bytes grown(bytes, shared);
      ResizeUnfilled(grown, size * 2);
      large = std::move(grown);
      bytes = large.data();
      capacity = large.size();
    }
    entry.key_rest.copy(bytes + shared, entry.key_rest.size());
    InternalKey key;
    if (!ParseInternalKey(ByteView(bytes, size), key)) {
      return Damaged(path_, offset_ + at, "an entry's key is not a key");
    }
    const int order = key.user_key.compare(user_key);
    if (order < 0 || (order == 0 && TrailerOf(ByteView(bytes, size)) > trailer)) continue;
    if (order > 0) return std::nullopt;
    return VersionFound{.sequence = key.sequence, .kind = key.kind, .value = Bytes(entry.value)};
  }
  beyond = bucket == kBucketSearch;
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
  return Damaged(path_, offset_ + entries_size_ + restart * kRestartSize,
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
      return Damaged(path_, offset_ + begin + i, "a block's hash index does not lead to its keys");
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
