// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "sim/preempt/entry.h"

// The entry points that GCC 12 and Clang 19 call under -fsanitize=thread in the place of atomic
// operations, as ThreadSanitizer has them: (object, values ..., order[, order of a failure]). Each
// is a possible switch, then the operation, then its edges. All instrumented code of a program runs
// on one OS thread, so that nothing comes between the parts of an operation; which order was asked
// for tells the race detector alone.

namespace beach::sim::preempt {
namespace {

// As the compilers number them: relaxed 0, consume 1, acquire 2, release 3, both 4, in one order 5.
constexpr int kRelease = 3;

Order LoadOrder(int order) { return {.acquires = order != 0, .releases = false}; }
Order StoreOrder(int order) { return {.acquires = false, .releases = order >= kRelease}; }
Order BothOrders(int order) {
  return {.acquires = order != 0 && order != kRelease, .releases = order >= kRelease};
}

template <class T>
std::uintptr_t AddressOf(const volatile T* object) {
  return reinterpret_cast<std::uintptr_t>(object);
}

template <class T, class Operation>
[[gnu::always_inline]] inline T Run(const volatile T* object, AtomicKind kind, Order order,
                                    Place place, Operation operation) {
  Watcher* const watcher = Listening();
  if (watcher == nullptr) return operation();
  watcher->BeforeAtomic();
  const T result = operation();
  watcher->AfterAtomic(AddressOf(object), sizeof(T), kind, order, place);
  return result;
}

template <class T>
[[gnu::always_inline]] inline bool CompareExchange(volatile T* object, T* expected, T desired,
                                                   int order, int failure, Place place) {
  Watcher* const watcher = Listening();
  if (watcher != nullptr) watcher->BeforeAtomic();
  const T old = *object;
  const bool done = old == *expected;
  *(done ? object : expected) = done ? desired : old;
  if (watcher == nullptr) return done;
  if (done) {
    watcher->AfterAtomic(AddressOf(object), sizeof(T), AtomicKind::kReadModifyWrite,
                         BothOrders(order), place);
  } else {
    watcher->AfterAtomic(AddressOf(object), sizeof(T), AtomicKind::kLoad, LoadOrder(failure),
                         place);
  }
  return done;
}

using U8 = std::uint8_t;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;
__extension__ using U128 = unsigned __int128;

// No instruction of ours makes 16 bytes at once, and none is needed: see above.
template <class Change>
[[gnu::always_inline]] inline U128 Modify128(volatile U128* object, int order, Place place,
                                             Change change) {
  return Run<U128>(object, AtomicKind::kReadModifyWrite, BothOrders(order), place, [=] {
    const U128 old = *object;
    *object = change(old);
    return old;
  });
}

}  // namespace
}  // namespace beach::sim::preempt

namespace preempt = beach::sim::preempt;
using preempt::AtomicKind;
using preempt::U128;
using preempt::U16;
using preempt::U32;
using preempt::U64;
using preempt::U8;

#pragma GCC diagnostic ignored "-Wmissing-declarations"

#define BEACH_MODIFY(bits, T, name, builtin)                                                 \
  T __tsan_atomic##bits##_##name(volatile T* object, T value, int order) {                   \
    return preempt::Run<T>(object, AtomicKind::kReadModifyWrite, preempt::BothOrders(order), \
                           BEACH_PREEMPT_PLACE(),                                            \
                           [=] { return builtin(object, value, __ATOMIC_SEQ_CST); });        \
  }

#define BEACH_ATOMICS(bits, T)                                                                     \
  T __tsan_atomic##bits##_load(const volatile T* object, int order) {                              \
    return preempt::Run<T>(object, AtomicKind::kLoad, preempt::LoadOrder(order),                   \
                           BEACH_PREEMPT_PLACE(),                                                  \
                           [=] { return __atomic_load_n(object, __ATOMIC_SEQ_CST); });             \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile T* object, T value, int order) {                       \
    preempt::Run<T>(object, AtomicKind::kStore, preempt::StoreOrder(order), BEACH_PREEMPT_PLACE(), \
                    [=] {                                                                          \
                      __atomic_store_n(object, value, __ATOMIC_SEQ_CST);                           \
                      return value;                                                                \
                    });                                                                            \
  }                                                                                                \
  BEACH_MODIFY(bits, T, exchange, __atomic_exchange_n)                                             \
  BEACH_MODIFY(bits, T, fetch_add, __atomic_fetch_add)                                             \
  BEACH_MODIFY(bits, T, fetch_sub, __atomic_fetch_sub)                                             \
  BEACH_MODIFY(bits, T, fetch_and, __atomic_fetch_and)                                             \
  BEACH_MODIFY(bits, T, fetch_or, __atomic_fetch_or)                                               \
  BEACH_MODIFY(bits, T, fetch_xor, __atomic_fetch_xor)                                             \
  BEACH_MODIFY(bits, T, fetch_nand, __atomic_fetch_nand)                                           \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* object, T* expected, T desired,    \
                                                    int order, int failure) {                      \
    return preempt::CompareExchange<T>(object, expected, desired, order, failure,                  \
                                       BEACH_PREEMPT_PLACE());                                     \
  }                                                                                                \
  int __tsan_atomic##bits##_compare_exchange_weak(volatile T* object, T* expected, T desired,      \
                                                  int order, int failure) {                        \
    return preempt::CompareExchange<T>(object, expected, desired, order, failure,                  \
                                       BEACH_PREEMPT_PLACE());                                     \
  }                                                                                                \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* object, T expected, T desired,          \
                                               int order, int failure) {                           \
    preempt::CompareExchange<T>(object, &expected, desired, order, failure,                        \
                                BEACH_PREEMPT_PLACE());                                            \
    return expected;                                                                               \
  }

extern "C" {

BEACH_ATOMICS(8, U8)
BEACH_ATOMICS(16, U16)
BEACH_ATOMICS(32, U32)
BEACH_ATOMICS(64, U64)

U128 __tsan_atomic128_load(const volatile U128* object, int order) {
  return preempt::Run<U128>(object, AtomicKind::kLoad, preempt::LoadOrder(order),
                            BEACH_PREEMPT_PLACE(), [=] { return *object; });
}
void __tsan_atomic128_store(volatile U128* object, U128 value, int order) {
  preempt::Run<U128>(object, AtomicKind::kStore, preempt::StoreOrder(order), BEACH_PREEMPT_PLACE(),
                     [=] {
                       *object = value;
                       return value;
                     });
}
U128 __tsan_atomic128_exchange(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(), [=](U128) { return value; });
}
U128 __tsan_atomic128_fetch_add(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return old + value; });
}
U128 __tsan_atomic128_fetch_sub(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return old - value; });
}
U128 __tsan_atomic128_fetch_and(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return old & value; });
}
U128 __tsan_atomic128_fetch_or(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return old | value; });
}
U128 __tsan_atomic128_fetch_xor(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return old ^ value; });
}
U128 __tsan_atomic128_fetch_nand(volatile U128* object, U128 value, int order) {
  return preempt::Modify128(object, order, BEACH_PREEMPT_PLACE(),
                            [=](U128 old) { return ~(old & value); });
}
int __tsan_atomic128_compare_exchange_strong(volatile U128* object, U128* expected, U128 desired,
                                             int order, int failure) {
  return preempt::CompareExchange<U128>(object, expected, desired, order, failure,
                                        BEACH_PREEMPT_PLACE());
}
int __tsan_atomic128_compare_exchange_weak(volatile U128* object, U128* expected, U128 desired,
                                           int order, int failure) {
  return preempt::CompareExchange<U128>(object, expected, desired, order, failure,
                                        BEACH_PREEMPT_PLACE());
}
U128 __tsan_atomic128_compare_exchange_val(volatile U128* object, U128 expected, U128 desired,
                                           int order, int failure) {
  preempt::CompareExchange<U128>(object, &expected, desired, order, failure, BEACH_PREEMPT_PLACE());
  return expected;
}

void __tsan_atomic_thread_fence(int order) {
  if (preempt::Watcher* const watcher = preempt::Listening()) {
    watcher->Fence(preempt::BothOrders(order));
  }
}

// Between a thread and its signal handlers: nothing here.
void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
