// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/current.h"

#if defined(__SANITIZE_ADDRESS__)

#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "sim/memory/budget.h"

// Under AddressSanitizer every block is malloc's, with a header in front; those of a process hang
// on its list, and are freed when it is killed.

namespace beach::sim::memory {
namespace {

struct Block {
  Block* next = nullptr;
  Block* previous = nullptr;
  Owner* owner = nullptr;
  char* raw = nullptr;
  std::uint64_t size = 0;
  std::uint64_t mark = 0;
};
static_assert(sizeof(Block) % 16 == 0);
constexpr std::uint64_t kLiveMark = 0x5eabed015eabed01;

}  // namespace

class Owner {
 public:
  Owner() { head_.next = head_.previous = &head_; }

  void Link(Block& block) {
    block.owner = this;
    block.next = head_.next;
    block.previous = &head_;
    head_.next->previous = &block;
    head_.next = &block;
  }
  void Unlink(Block& block) {
    BEACH_CHECK(block.next->previous == &block);
    block.next->previous = block.previous;
    block.previous->next = block.next;
    budget_.Return(block.size);
  }
  void FreeAll() {
    for (Block* block = head_.next; block != &head_;) {
      Block* const next = block->next;
      std::free(block->raw);
      block = next;
    }
    head_.next = head_.previous = &head_;
  }
  Budget& budget() { return budget_; }
  const Budget& budget() const { return budget_; }

 private:
  Block head_;
  Budget budget_;
};

void Stir(std::uint64_t salt) { stir = salt; }

Owner* Open(std::uint64_t) {
  Owner* const former = Exchange(nullptr);
  Owner* const owner = new Owner;
  Exchange(former);
  return owner;
}

void Drop(Owner* owner) {
  BEACH_CHECK(owner != nullptr);
  BEACH_CHECK(owner != current_owner);
  owner->FreeAll();
  delete owner;
}

std::uint64_t LiveBytes(const Owner* owner) { return owner->budget().live_bytes(); }
std::uint64_t Refusals(const Owner* owner) { return owner->budget().refusals(); }

void SetLimit(Owner* owner, std::uint64_t bytes, RefusalListener* listener) {
  owner->budget().SetLimit(bytes, listener);
}

void RefuseAfter(Owner* owner, std::uint64_t allocations) {
  owner->budget().RefuseAfter(allocations);
}

void SetBlockListener(Owner*, BlockListener*) {}

bool IsProcessMemory(std::uintptr_t) { return false; }

void* Allocate(std::size_t size, std::size_t alignment) {
  if (current_owner != nullptr) {
    Budget& budget = current_owner->budget();
    if (budget.IsNear(size) && budget.Refuses(size)) return nullptr;
    budget.Take(size);
  }
  const std::size_t extra = alignment <= 16 ? 0 : alignment;
  auto* const raw = static_cast<char*>(std::malloc(size + extra + sizeof(Block)));
  if (raw == nullptr) return nullptr;
  auto user = reinterpret_cast<std::uintptr_t>(raw) + sizeof(Block);
  if (extra != 0) user = (user + alignment - 1) & ~(alignment - 1);
  auto* const block = reinterpret_cast<Block*>(user - sizeof(Block));
  *block = Block{};
  block->raw = raw;
  block->size = size;
  block->mark = kLiveMark;
  if (current_owner != nullptr) current_owner->Link(*block);
  if (stir != 0) std::memset(reinterpret_cast<void*>(user), static_cast<int>(stir >> 56), size);
  return reinterpret_cast<void*>(user);
}

void Release(void* pointer) {
  auto* const block =
      reinterpret_cast<Block*>(reinterpret_cast<std::uintptr_t>(pointer) - sizeof(Block));
  BEACH_CHECK_EQ(block->mark, kLiveMark);
  block->mark = 0;
  if (block->owner != nullptr) block->owner->Unlink(*block);
  std::free(block->raw);
}

}  // namespace beach::sim::memory

#endif
