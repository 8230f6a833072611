// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/hash_index.h"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace beach::engine {
namespace {

// An entry takes about this much with all that belongs to it.
constexpr std::uint64_t kBytesPerBucket = 128;
constexpr std::uint64_t kBucketsMin = 8;
constexpr std::uint64_t kBucketsMax = std::uint64_t{1} << 23;

std::uint64_t BucketCount(std::uint64_t size_bytes) {
  return std::bit_floor(std::clamp(size_bytes / kBytesPerBucket, kBucketsMin, kBucketsMax));
}

std::uint64_t HashOf(ByteView user_key) {
  std::uint64_t hash = Mix64(user_key.size());
  for (std::size_t at = 0; at < user_key.size(); at += 8) {
    hash = Mix64(hash ^ KeyWord(user_key, at));
  }
  return hash;
}

}  // namespace

HashIndex::HashIndex(std::uint64_t size_bytes, std::shared_ptr<ChunkPool> chunks)
    : arena_(std::move(chunks)),
      bucket_count_(BucketCount(size_bytes)),
      buckets_(reinterpret_cast<Bucket*>(arena_.Allocate(bucket_count_ * sizeof(Bucket)))) {
  for (std::uint64_t i = 0; i < bucket_count_; ++i) new (buckets_ + i) Bucket(nullptr);
}

void HashIndex::Insert(const EntryKey& key, ByteView value) {
  const std::uint64_t hash = HashOf(key.user_key);
  Bucket& bucket = BucketOf(hash);
  Version* const version = NewVersion(key, value);
  Key* const known = FindIn(bucket, hash, key.user_key);
  if (known == nullptr) {
    Key* const first = new (arena_.Allocate(sizeof(Key)))
        Key{.next = bucket.load(std::memory_order_relaxed), .hash = hash, .newest = version};
    bucket.store(first, std::memory_order_release);
  } else {
    std::atomic<Version*>* link = &known->newest;
    Version* older = link->load(std::memory_order_relaxed);
    while (older != nullptr && older->entry().trailer() > key.trailer) {
      link = &older->older;
      older = link->load(std::memory_order_relaxed);
    }
    const bool is_new = older == nullptr || older->entry().trailer() != key.trailer;
    BEACH_CHECK(is_new);
    version->older.store(older, std::memory_order_relaxed);
    link->store(version, std::memory_order_release);
  }
  count_.fetch_add(1, std::memory_order_release);
}

const HashIndex::Key* HashIndex::Find(ByteView user_key) const {
  const std::uint64_t hash = HashOf(user_key);
  return FindIn(BucketOf(hash), hash, user_key);
}

const HashIndex::Version* HashIndex::NotNewer(const Key& key, std::uint64_t trailer) {
  const Version* version = key.Newest();
  while (version != nullptr && version->entry().trailer() > trailer) {
    version = version->older.load(std::memory_order_acquire);
  }
  return version;
}

HashIndex::Key* HashIndex::FindIn(const Bucket& bucket, std::uint64_t hash, ByteView user_key) {
  Key* key = bucket.load(std::memory_order_acquire);
  while (key != nullptr && (key->hash != hash || key->user_key() != user_key)) key = key->next;
  return key;
}

std::vector<const HashIndex::Key*> HashIndex::SortedKeys() const {
  std::vector<const Key*> keys;
  for (std::uint64_t i = 0; i < bucket_count_; ++i) {
    const Key* key = buckets_[i].load(std::memory_order_acquire);
    for (; key != nullptr; key = key->next) keys.push_back(key);
  }
  std::ranges::sort(keys, [](const Key* left, const Key* right) {
    return CompareUserKeys(left->user_key(), right->user_key()) < 0;
  });
  return keys;
}

HashIndex::Version* HashIndex::NewVersion(const EntryKey& key, ByteView value) {
  char* const memory = arena_.Allocate(sizeof(Version) + EntrySize(key.user_key, value));
  Version* const version = new (memory) Version{.older = nullptr};
  MakeEntry(memory + sizeof(Version), key, value);
  return version;
}

}  // namespace beach::engine
