// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

// What AddressSanitizer must be told about stacks; nothing in other builds. Clang spells the macro
// of GCC as a feature.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace beach::sim {

#if defined(__SANITIZE_ADDRESS__)
inline void UnpoisonStack(char* low, std::size_t size) { __asan_unpoison_memory_region(low, size); }
inline void StartSwitch(void** fake_stack, const void* low, std::size_t size) {
  __sanitizer_start_switch_fiber(fake_stack, low, size);
}
inline void FinishSwitch(void* fake_stack, const void** low, std::size_t* size) {
  __sanitizer_finish_switch_fiber(fake_stack, low, size);
}
// What an abandoned stack holds is no leak. The memory must stay mapped.
inline bool KeepForLeakChecker(const char* low, std::size_t size) {
  __lsan_register_root_region(low, size);
  return true;
}
#else
inline void UnpoisonStack(char*, std::size_t) {}
inline void StartSwitch(void**, const void*, std::size_t) {}
inline void FinishSwitch(void*, const void**, std::size_t*) {}
inline bool KeepForLeakChecker(const char*, std::size_t) { return false; }
#endif

}  // namespace beach::sim
