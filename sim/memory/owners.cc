// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/current.h"

#if !defined(__SANITIZE_ADDRESS__)

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "base/random.h"
#include "sim/memory/arena.h"
#include "sim/memory/budget.h"
#include "sim/memory/system_heap.h"

// One range of addresses, cut into slots of 1 GiB, one per live process. Which process a block
// belongs to is told by its address. What a dropped one had is zero again for the next one in that
// slot, which starts like a fresh one, so that runs stay reproducible.

namespace beach::sim::memory {
namespace {

constexpr std::uintptr_t kRegionBegin = std::uintptr_t{0x2000} << 32;
constexpr std::size_t kSlotSize = std::size_t{1} << 30;
constexpr std::size_t kSlots = 256;
constexpr std::size_t kRegionSize = kSlotSize * kSlots;
// Few first choices, so that seeds after one another find warm pages.
constexpr std::uint64_t kFirstSlots = 2;
constexpr std::size_t kPageSize = 4096;
// Of a slot, this much is kept; pages beyond go back to the OS.
constexpr std::size_t kKeptBytes = std::size_t{2} << 20;

}  // namespace

class Owner {
 public:
  void Start(char* slot, std::size_t skip, std::uint64_t salt) {
    BEACH_CHECK(!live_);
    live_ = true;
    slot_ = slot;
    if (used_end_ == nullptr) used_end_ = slot;
    arena_.Start(slot + skip, slot + kSlotSize, used_end_, salt);
    budget_ = Budget();
    listener_ = nullptr;
  }

  void Stop() {
    BEACH_CHECK(live_);
    live_ = false;
    used_end_ = arena_.used_end();
    char* const kept_end = slot_ + kKeptBytes;
    if (used_end_ <= kept_end) return;
    const auto returned = static_cast<std::size_t>(used_end_ - kept_end);
    const int result = madvise(kept_end, returned, MADV_DONTNEED);  // zero when used again
    BEACH_CHECK_EQ(result, 0);
    used_end_ = kept_end;
  }

  [[gnu::always_inline]] void* Take(std::size_t size, std::size_t alignment) {
    void* const block = arena_.Take(size, alignment);
    budget_.Take(size);
    if (listener_ != nullptr) [[unlikely]]
      listener_->OnTake(block, size);
    return block;
  }

  void Return(char* user) {
    BEACH_CHECK(live_);  // else: memory of a dead process is deleted
    if (listener_ != nullptr) [[unlikely]]
      listener_->OnReturn(user, Arena::SizeOf(user));
    budget_.Return(arena_.Return(user));
  }

  bool live() const { return live_; }
  void Listen(BlockListener* listener) { listener_ = listener; }
  Budget& budget() { return budget_; }
  const Budget& budget() const { return budget_; }

 private:
  bool live_ = false;
  char* slot_ = nullptr;
  char* used_end_ = nullptr;  // of the slot, by all that lived in it
  Arena arena_;
  Budget budget_;
  BlockListener* listener_ = nullptr;
};

namespace {

constinit Owner owners[kSlots];
constinit bool region_mapped = false;

void MapRegion() {
  // Memory that a read of it before a write takes from is zero, here as in a fresh process.
  void* const region =
      mmap(reinterpret_cast<void*>(kRegionBegin), kRegionSize, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
  BEACH_CHECK(region == reinterpret_cast<void*>(kRegionBegin));
  region_mapped = true;
  system_heap.Start();
}

}  // namespace

void Stir(std::uint64_t salt) {
  stir = salt;
  if (!region_mapped) MapRegion();
  system_heap.Stir(salt);
}

Owner* Open(std::uint64_t placement) {
  if (!region_mapped) MapRegion();
  const std::uint64_t first = placement % kFirstSlots;
  for (std::uint64_t i = 0; i < kSlots; ++i) {
    const std::uint64_t slot = (first + i) % kSlots;
    if (owners[slot].live()) continue;
    const std::size_t skip = kPageSize + 16 * ((placement >> 8) % 4096);
    owners[slot].Start(reinterpret_cast<char*>(kRegionBegin + slot * kSlotSize), skip,
                       stir == 0 ? 0 : Mix64(stir + placement) | 1);
    return &owners[slot];
  }
  constexpr bool kSlotFree = false;
  BEACH_CHECK(kSlotFree);  // else: more than 256 simulated processes at a time
  std::abort();
}

void Drop(Owner* owner) {
  BEACH_CHECK(owner != nullptr);
  BEACH_CHECK(owner != current_owner);
  owner->Stop();
}

std::uint64_t LiveBytes(const Owner* owner) { return owner->budget().live_bytes(); }
std::uint64_t Refusals(const Owner* owner) { return owner->budget().refusals(); }

void SetLimit(Owner* owner, std::uint64_t bytes, RefusalListener* listener) {
  owner->budget().SetLimit(bytes, listener);
}

void RefuseAfter(Owner* owner, std::uint64_t allocations) {
  owner->budget().RefuseAfter(allocations);
}

void SetBlockListener(Owner* owner, BlockListener* listener) { owner->Listen(listener); }

bool IsProcessMemory(std::uintptr_t address) { return address - kRegionBegin < kRegionSize; }

namespace {

// Apart, so that what is rare costs the others nothing.
[[gnu::cold, gnu::noinline]] void* AllocateNearLimit(std::size_t size, std::size_t alignment) {
  Owner* const owner = current_owner;
  if (owner->budget().Refuses(size)) return nullptr;
  return owner->Take(size, alignment);
}

}  // namespace

void* Allocate(std::size_t size, std::size_t alignment) {
  if (Owner* const owner = current_owner) {
    if (owner->budget().IsNear(size)) [[unlikely]]
      return AllocateNearLimit(size, alignment);
    return owner->Take(size, alignment);
  }
  if (void* const block = system_heap.Take(size, alignment)) return block;
  if (alignment <= 16) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}

void Release(void* pointer) {
  const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(pointer) - kRegionBegin;
  if (offset < kRegionSize) return owners[offset / kSlotSize].Return(static_cast<char*>(pointer));
  if (system_heap.Owns(pointer)) return system_heap.Return(pointer);
  std::free(pointer);
}

}  // namespace beach::sim::memory

#endif
