// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/memory/current.h"
#include "sim/preempt/watcher.h"

// What the entry points of the runtime share. They are called by instrumented code at every access,
// wherever it runs: on a harness thread and inside a SystemScope it is not the code under test.

extern "C" const char __executable_start;  // the linker's

namespace beach::sim::preempt {

// Who is to be told, or null.
[[gnu::always_inline]] inline Watcher* Listening() {
  if (memory::current_owner == nullptr) return nullptr;
  return current_watcher;
}

inline std::uint32_t Offset(const void* code) {
  return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(code) -
                                    reinterpret_cast<std::uintptr_t>(&__executable_start));
}

// Frames are whole in our builds: `frame` is that of the entry point; above the saved frame pointer
// of the instrumented function lies the address of its call.
[[gnu::always_inline]] inline Place PlaceOf(const void* at, const void* frame) {
  const void* const caller_frame = *static_cast<const void* const*>(frame);
  return {Offset(at), Offset(static_cast<const void* const*>(caller_frame)[1])};
}

}  // namespace beach::sim::preempt

// Where the entry point that says this was called.
#define BEACH_PREEMPT_PLACE() \
  (::beach::sim::preempt::PlaceOf(__builtin_return_address(0), __builtin_frame_address(0)))
