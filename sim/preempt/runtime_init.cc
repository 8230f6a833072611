// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include "sim/preempt/entry.h"
#include "sim/sweep/os_symbolize.h"

// What instrumented objects call once when the program starts, and what stands in for `delete` in
// them, so that a race with it has a place.

namespace beach::sim::preempt {
namespace {

// A place is behind its call.
std::uint64_t CallOf(std::uint32_t place) {
  return reinterpret_cast<std::uintptr_t>(&__executable_start) + place - 1;
}

std::vector<std::vector<NamedFrame>> NameByDebugData(std::span<const std::uint32_t> places) {
  std::vector<std::vector<std::uint64_t>> stacks;
  for (const std::uint32_t place : places) {
    stacks.emplace_back();
    if (place != 0) stacks.back().push_back(CallOf(place));
  }
  // To ask anew costs a tenth of a second. It lives as long as the program.
  static sweep::OsSymbolizer* const symbolizer = new sweep::OsSymbolizer;
  std::vector<std::vector<NamedFrame>> named;
  for (const sweep::Stack& stack : symbolizer->Symbolize(stacks)) {
    std::vector<NamedFrame>& frames = named.emplace_back();
    for (const sweep::Frame& frame : stack) {
      frames.push_back({sweep::ShortName(frame.function), frame.place});
    }
  }
  return named;
}

[[gnu::always_inline]] inline void BeforeDelete(const void* block, Place place) {
  if (block == nullptr) return;
  if (Watcher* const watcher = Listening()) watcher->BeforeFree(place);
}

}  // namespace
}  // namespace beach::sim::preempt

namespace preempt = beach::sim::preempt;

#pragma GCC diagnostic ignored "-Wmissing-declarations"

extern "C" {

void __tsan_init() {
  preempt::instrumented = true;
  preempt::name_places = &preempt::NameByDebugData;
}

void beach_preempt_delete(void* block) {
  preempt::BeforeDelete(block, BEACH_PREEMPT_PLACE());
  ::operator delete(block);
}

void beach_preempt_delete_sized(void* block, std::size_t size) {
  preempt::BeforeDelete(block, BEACH_PREEMPT_PLACE());
  ::operator delete(block, size);
}

void beach_preempt_delete_array(void* block) {
  preempt::BeforeDelete(block, BEACH_PREEMPT_PLACE());
  ::operator delete[](block);
}

void beach_preempt_delete_array_sized(void* block, std::size_t size) {
  preempt::BeforeDelete(block, BEACH_PREEMPT_PLACE());
  ::operator delete[](block, size);
}

}  // extern "C"
