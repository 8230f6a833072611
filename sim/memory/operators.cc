// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <new>

#include "sim/memory/process_memory.h"

// The global operators, all of them, so that no pair is split between us and the library.

namespace beach::sim::memory {

bool OperatorsReplaced() { return true; }

namespace {

constexpr std::size_t kDefault = __STDCPP_DEFAULT_NEW_ALIGNMENT__;

void* AllocateOrThrow(std::size_t size, std::size_t alignment) {
  void* const pointer = Allocate(size, alignment);
  if (pointer == nullptr) [[unlikely]]
    throw std::bad_alloc();
  return pointer;
}

void ReleaseAny(void* pointer) {
  if (pointer != nullptr) Release(pointer);
}

std::size_t Number(std::align_val_t alignment) { return static_cast<std::size_t>(alignment); }

}  // namespace
}  // namespace beach::sim::memory

namespace memory = beach::sim::memory;
using std::align_val_t;
using std::nothrow_t;
using std::size_t;

void* operator new(size_t size) { return memory::AllocateOrThrow(size, memory::kDefault); }
void* operator new[](size_t size) { return memory::AllocateOrThrow(size, memory::kDefault); }
void* operator new(size_t size, const nothrow_t&) noexcept {
  return memory::Allocate(size, memory::kDefault);
}
void* operator new[](size_t size, const nothrow_t&) noexcept {
  return memory::Allocate(size, memory::kDefault);
}
void* operator new(size_t size, align_val_t alignment) {
  return memory::AllocateOrThrow(size, memory::Number(alignment));
}
void* operator new[](size_t size, align_val_t alignment) {
  return memory::AllocateOrThrow(size, memory::Number(alignment));
}
void* operator new(size_t size, align_val_t alignment, const nothrow_t&) noexcept {
  return memory::Allocate(size, memory::Number(alignment));
}
void* operator new[](size_t size, align_val_t alignment, const nothrow_t&) noexcept {
  return memory::Allocate(size, memory::Number(alignment));
}

void operator delete(void* pointer) noexcept { memory::ReleaseAny(pointer); }
void operator delete[](void* pointer) noexcept { memory::ReleaseAny(pointer); }
void operator delete(void* pointer, size_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete[](void* pointer, size_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete(void* pointer, const nothrow_t&) noexcept { memory::ReleaseAny(pointer); }
void operator delete[](void* pointer, const nothrow_t&) noexcept { memory::ReleaseAny(pointer); }
void operator delete(void* pointer, align_val_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete[](void* pointer, align_val_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete(void* pointer, size_t, align_val_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete[](void* pointer, size_t, align_val_t) noexcept { memory::ReleaseAny(pointer); }
void operator delete(void* pointer, align_val_t, const nothrow_t&) noexcept {
  memory::ReleaseAny(pointer);
}
void operator delete[](void* pointer, align_val_t, const nothrow_t&) noexcept {
  memory::ReleaseAny(pointer);
}
