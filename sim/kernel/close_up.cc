// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/close_up.h"

namespace beach::sim {
namespace {

constexpr std::size_t kFramesMax = 40;

// Follows the chain of frame pointers, which all our code keeps, as long as it stays on `stack`. A
// function of a library that keeps none is passed over, its caller with it.
[[gnu::noinline]] std::vector<std::uint64_t> ReturnAddresses(const Stack& stack) {
  std::vector<std::uint64_t> addresses;
  const auto low = reinterpret_cast<std::uintptr_t>(stack.low);
  const std::uintptr_t high = low + stack.size;
  auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  while (frame >= low && frame + 16 <= high && frame % 8 == 0 && addresses.size() < kFramesMax) {
    const auto* const words = reinterpret_cast<const std::uintptr_t*>(frame);
    if (words[1] == 0) break;
    addresses.push_back(words[1]);
    if (words[0] <= frame) break;
    frame = words[0];
  }
  return addresses;
}

}  // namespace

void CloseUp::Take(std::uint64_t event, std::uint64_t site, std::uint64_t number,
                   const artifacts::RunHash& hash) {
  CloseUpEvent taken;
  taken.event = event;
  taken.site = site;
  taken.number = number;
  taken.hash = hash;
  describe_(taken);
  if (event == range_.last) taken.stack = ReturnAddresses(running_());
  taken_.push_back(std::move(taken));
}

}  // namespace beach::sim
