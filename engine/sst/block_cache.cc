// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/block_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/cache_line.h"
#include "base/check.h"
#include "engine/options.h"
#include "env/marks.h"

namespace beach::engine::sst {
namespace {

// More shards than threads contend for; none so small that a few large blocks fill it.
constexpr std::uint64_t kShardsMax = 32;
constexpr std::uint64_t kShardSizeMin = 512 * kKiB;
constexpr std::uint32_t kNone = ~std::uint32_t{0};
constexpr std::size_t kBucketsMin = 16;

// The two parts of a shard.
constexpr std::size_t kProbation = 0;
constexpr std::size_t kProtected = 1;

std::uint64_t PlaceHash(FileNumber file, std::uint64_t offset) {
  std::uint64_t hash = file.value * 0x9e3779b97f4a7c15U ^ offset;
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93U;
  hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93U;
  return hash ^ hash >> 32;
}

}  // namespace

// Slots are numbered; lists and chains are made of their numbers, so that nothing is allocated for
// a block that takes another one's place.
struct alignas(kCacheLineSize) BlockCache::Shard {
  struct alignas(kCacheLineSize) Slot {
    FileNumber file;
    std::uint64_t offset = 0;
    std::uint64_t hash = 0;
    std::shared_ptr<const Block> block;
    std::uint32_t chain = kNone;  // the next one of its bucket, or of the free slots
    std::uint32_t newer = kNone;  // in its list
    bool is_protected = false;
    bool used = false;                  // since it came to its list
    const char* content_end = nullptr;  // of the block
  };
  struct List {
    std::uint32_t newest = kNone;
    std::uint32_t oldest = kNone;
    std::uint64_t size_bytes = 0;
  };
  using Blocks = std::vector<std::shared_ptr<const Block>>;

  explicit Shard(std::uint64_t capacity)
      : capacity_bytes(capacity), protected_max(capacity - capacity / 5) {}

  // The following under mutex.
  std::uint32_t Lookup(std::uint64_t hash, FileNumber file, std::uint64_t offset) const {
    for (std::uint32_t at = buckets[hash & (buckets.size() - 1)]; at != kNone;
         at = slots[at].chain) {
      const Slot& slot = slots[at];
      if (slot.offset == offset && slot.file == file) return at;
    }
    return kNone;
  }

  // By number, not as one of two members: GCC 12 (-O2) takes the loads of such a choice out of the
  // loop in Promote that changes them, and the loop never ends.
  List& ListOf(const Slot& slot) { return lists[slot.is_protected ? kProtected : kProbation]; }
  List& probation() { return lists[kProbation]; }
  List& guarded() { return lists[kProtected]; }

  void Link(std::uint32_t at, bool is_protected) {
    Slot& slot = slots[at];
    slot.is_protected = is_protected;
    List& list = ListOf(slot);
    slot.newer = kNone;
    if (list.newest == kNone) {
      list.oldest = at;
    } else {
      slots[list.newest].newer = at;
    }
    list.newest = at;
    list.size_bytes += slot.block->size_bytes();
  }

  // REQUIRES: the oldest of its list.
  void Unlink(std::uint32_t at) {
    Slot& slot = slots[at];
    List& list = ListOf(slot);
    BEACH_CHECK_EQ(list.oldest, at);
    list.oldest = slot.newer;
    if (slot.newer == kNone) list.newest = kNone;
    list.size_bytes -= slot.block->size_bytes();
  }

  // Used since it came to probation: to the protected part, which gives others back for it. Each
  // round clears a mark that a use has set, or ends the loop.
  void Promote(std::uint32_t at) {
    slots[at].used = false;
    Unlink(at);
    Link(at, /*is_protected=*/true);
    while (guarded().size_bytes > protected_max) {
      const std::uint32_t oldest = guarded().oldest;
      Unlink(oldest);
      Link(oldest, /*is_protected=*/std::exchange(slots[oldest].used, false));
    }
  }

  std::uint32_t TakeSlot() {
    if (free_slots == kNone) {
      slots.emplace_back();
      return static_cast<std::uint32_t>(slots.size() - 1);
    }
    return std::exchange(free_slots, slots[free_slots].chain);
  }

  void Grow() {
    if (slots.size() < buckets.size()) return;
    std::vector<std::uint32_t> grown(buckets.size() * 2, kNone);
    for (std::uint32_t at = 0; at < slots.size(); ++at) {
      if (slots[at].block == nullptr) continue;
      std::uint32_t& bucket = grown[slots[at].hash & (grown.size() - 1)];
      slots[at].chain = std::exchange(bucket, at);
    }
    buckets = std::move(grown);
  }

  // Takes out what goes first. REQUIRES: not empty.
  void Drop(Blocks& dropped) {
    while (probation().oldest != kNone && slots[probation().oldest].used)
      Promote(probation().oldest);
    const std::uint32_t at = probation().oldest != kNone ? probation().oldest : guarded().oldest;
    BEACH_CHECK_NE(at, kNone);
    Unlink(at);
    Slot& slot = slots[at];
    std::uint32_t* link = &buckets[slot.hash & (buckets.size() - 1)];
    while (*link != at) link = &slots[*link].chain;
    *link = slot.chain;
    dropped.push_back(std::move(slot.block));
    slot.block = nullptr;
    slot.chain = std::exchange(free_slots, at);
    --count;
  }

  const std::uint64_t capacity_bytes;
  const std::uint64_t protected_max;
  env::Mutex mutex;
  std::vector<Slot> slots;
  std::uint32_t free_slots = kNone;
  std::vector<std::uint32_t> buckets = std::vector<std::uint32_t>(kBucketsMin, kNone);
  List lists[2];
  std::uint64_t count = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

BlockCache::BlockCache(std::uint64_t capacity_bytes) {
  if (capacity_bytes == 0) return;
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(capacity_bytes / kShardSizeMin, 1, kShardsMax);
  const std::uint64_t count = std::bit_floor(wanted);
  for (std::uint64_t i = 0; i < count; ++i) {
    shards_.push_back(std::make_unique<Shard>(capacity_bytes / count));
  }
}

BlockCache::~BlockCache() = default;

std::shared_ptr<const Block> BlockCache::Find(FileNumber file, std::uint64_t offset) {
  if (shards_.empty()) return nullptr;
  const std::uint64_t hash = PlaceHash(file, offset);
  Shard& shard = ShardOf(hash);
  const env::MutexLock lock(shard.mutex);
  const std::uint32_t at = shard.Lookup(hash, file, offset);
  if (at == kNone) {
    ++shard.misses;
    return nullptr;
  }
  ++shard.hits;
  Shard::Slot& slot = shard.slots[at];
  slot.used = true;
  // Where each search in it begins, while the count of its users comes from memory.
  __builtin_prefetch(slot.content_end - 1);
  __builtin_prefetch(slot.block.get() + 1);
  return slot.block;
}

void BlockCache::Insert(FileNumber file, std::uint64_t offset, std::shared_ptr<const Block> block) {
  if (shards_.empty()) return;
  const std::uint64_t hash = PlaceHash(file, offset);
  Shard& shard = ShardOf(hash);
  if (block->size_bytes() > shard.capacity_bytes) return;
  Shard::Blocks dropped;  // outlives the lock, so that blocks are freed without it
  const env::MutexLock lock(shard.mutex);
  if (shard.Lookup(hash, file, offset) != kNone) return;  // another reader was faster
  const std::uint32_t at = shard.TakeSlot();
  Shard::Slot& slot = shard.slots[at];
  slot.file = file;
  slot.offset = offset;
  slot.hash = hash;
  slot.content_end = block->content().data() + block->content().size();
  slot.block = std::move(block);
  slot.used = false;
  std::uint32_t& bucket = shard.buckets[hash & (shard.buckets.size() - 1)];
  slot.chain = std::exchange(bucket, at);
  shard.Link(at, /*is_protected=*/false);
  ++shard.count;
  shard.Grow();
  while (shard.probation().size_bytes + shard.guarded().size_bytes > shard.capacity_bytes) {
    BEACH_SOMETIMES("cache.block_dropped", true);
    shard.Drop(dropped);
  }
}

BlockCache::Counts BlockCache::counts() {
  Counts counts;
  for (const auto& shard : shards_) {
    const env::MutexLock lock(shard->mutex);
    counts.hits += shard->hits;
    counts.misses += shard->misses;
    counts.blocks += shard->count;
    counts.size_bytes += shard->probation().size_bytes + shard->guarded().size_bytes;
  }
  return counts;
}

}  // namespace beach::engine::sst
