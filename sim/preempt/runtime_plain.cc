// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "sim/preempt/entry.h"

// The entry points that GCC 12 and Clang 19 call under -fsanitize=thread for plain accesses, in the
// place of ThreadSanitizer's. Each is called before the access. The names are the compilers'.

namespace beach::sim::preempt {
namespace {

// Before a copy is made piece by piece, so that it can be met half-way: this much at a time.
constexpr std::size_t kPiece = 64;

[[gnu::always_inline]] inline void Touch(const void* address, std::size_t size, bool write,
                                         Place place) {
  if (Watcher* const watcher = Listening()) {
    watcher->BeforePlain(reinterpret_cast<std::uintptr_t>(address), size, write, place);
  }
}

// Neither overlaps the other.
bool Apart(const char* a, const char* b, std::size_t size) {
  return a + size <= b || b + size <= a;
}

void* Copy(void* to, const void* from, std::size_t size, Place place) {
  Watcher* const watcher = Listening();
  if (watcher == nullptr || size == 0) return std::memmove(to, from, size);
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  std::size_t piece = Apart(target, source, size) ? kPiece : size;
  for (std::size_t done = 0; done < size; done += piece) {
    piece = piece < size - done ? piece : size - done;
    watcher->BeforePlain(reinterpret_cast<std::uintptr_t>(source + done), piece, false, place);
    watcher->BeforePlain(reinterpret_cast<std::uintptr_t>(target + done), piece, true, place);
    std::memmove(target + done, source + done, piece);
  }
  return to;
}

}  // namespace
}  // namespace beach::sim::preempt

namespace preempt = beach::sim::preempt;

// Plain accesses of 1, 2, 4, 8 and 16 bytes, aligned, not, and volatile.
#define BEACH_ACCESS(name, size, write)                          \
  extern "C" void __tsan_##name(void* address);                  \
  extern "C" void __tsan_##name(void* address) {                 \
    preempt::Touch(address, size, write, BEACH_PREEMPT_PLACE()); \
  }
#define BEACH_ACCESSES(size)                               \
  BEACH_ACCESS(read##size, size, false)                    \
  BEACH_ACCESS(write##size, size, true)                    \
  BEACH_ACCESS(unaligned_read##size, size, false)          \
  BEACH_ACCESS(unaligned_write##size, size, true)          \
  BEACH_ACCESS(volatile_read##size, size, false)           \
  BEACH_ACCESS(volatile_write##size, size, true)           \
  BEACH_ACCESS(unaligned_volatile_read##size, size, false) \
  BEACH_ACCESS(unaligned_volatile_write##size, size, true) \
  BEACH_ACCESS(read_write##size, size, true)               \
  BEACH_ACCESS(unaligned_read_write##size, size, true)
BEACH_ACCESSES(1)
BEACH_ACCESSES(2)
BEACH_ACCESSES(4)
BEACH_ACCESSES(8)
BEACH_ACCESSES(16)

extern "C" {

void __tsan_read_range(void* address, std::size_t size);
void __tsan_read_range(void* address, std::size_t size) {
  preempt::Touch(address, size, false, BEACH_PREEMPT_PLACE());
}

void __tsan_write_range(void* address, std::size_t size);
void __tsan_write_range(void* address, std::size_t size) {
  preempt::Touch(address, size, true, BEACH_PREEMPT_PLACE());
}

// A constructor or destructor sets the pointer to the virtual functions. What is there already must
// not be looked at: in a constructor that is whatever the memory held before.
void __tsan_vptr_update(void** pointer, void* value);
void __tsan_vptr_update(void** pointer, void*) {
  preempt::Touch(pointer, sizeof *pointer, true, BEACH_PREEMPT_PLACE());
}

void __tsan_vptr_read(void** pointer);
void __tsan_vptr_read(void** pointer) {
  preempt::Touch(pointer, sizeof *pointer, false, BEACH_PREEMPT_PLACE());
}

// Stacks are read off the frame pointers.
void __tsan_func_entry(void* caller);
void __tsan_func_entry(void*) {}
void __tsan_func_exit();
void __tsan_func_exit() {}

void* __tsan_memcpy(void* to, const void* from, std::size_t size);
void* __tsan_memcpy(void* to, const void* from, std::size_t size) {
  return preempt::Copy(to, from, size, BEACH_PREEMPT_PLACE());
}

void* __tsan_memmove(void* to, const void* from, std::size_t size);
void* __tsan_memmove(void* to, const void* from, std::size_t size) {
  return preempt::Copy(to, from, size, BEACH_PREEMPT_PLACE());
}

void* __tsan_memset(void* to, int value, std::size_t size);
void* __tsan_memset(void* to, int value, std::size_t size) {
  if (size != 0) preempt::Touch(to, size, true, BEACH_PREEMPT_PLACE());
  return std::memset(to, value, size);
}

// The calls below stand in for those of the C library in instrumented objects: see own_code.py.
int beach_preempt_memcmp(const void* a, const void* b, std::size_t size);
int beach_preempt_memcmp(const void* a, const void* b, std::size_t size) {
  if (size != 0) {
    preempt::Touch(a, size, false, BEACH_PREEMPT_PLACE());
    preempt::Touch(b, size, false, BEACH_PREEMPT_PLACE());
  }
  return std::memcmp(a, b, size);
}

int beach_preempt_bcmp(const void* a, const void* b, std::size_t size);
int beach_preempt_bcmp(const void* a, const void* b, std::size_t size) {
  if (size != 0) {
    preempt::Touch(a, size, false, BEACH_PREEMPT_PLACE());
    preempt::Touch(b, size, false, BEACH_PREEMPT_PLACE());
  }
  return std::memcmp(a, b, size);
}

void* beach_preempt_memchr(const void* in, int value, std::size_t size);
void* beach_preempt_memchr(const void* in, int value, std::size_t size) {
  if (size != 0) preempt::Touch(in, size, false, BEACH_PREEMPT_PLACE());
  return const_cast<void*>(std::memchr(in, value, size));
}

std::size_t beach_preempt_strlen(const char* text);
std::size_t beach_preempt_strlen(const char* text) {
  const std::size_t length = std::strlen(text);
  preempt::Touch(text, length + 1, false, BEACH_PREEMPT_PLACE());
  return length;
}

}  // extern "C"
