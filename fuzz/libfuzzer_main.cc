// SPDX-License-Identifier: Apache-2.0
// One target (BEACH_FUZZ_THIS, a compile definition) as libFuzzer calls it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/random.h"
#include "fuzz/mutation.h"
#include "fuzz/targets/targets.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

// Fibers that are abandoned in a simulation leave their frames to nobody. What a failed run held is
// not freed, either.
extern "C" const char* __asan_default_options() {
  return "detect_stack_use_after_return=0:detect_leaks=0:quarantine_size_mb=32";
}

namespace beach::fuzz {
namespace {

constexpr const Target& kTarget = BEACH_FUZZ_THIS;

// libFuzzer's own mutation, in half of the cases of a window alone; and in half of the cases,
// checksums are made right again. Sizes are bytes; the new one is returned.
std::size_t MutateInput(std::uint8_t* data, std::size_t size, std::size_t size_max,
                        RandomStream& stream) {
  const ByteView input(reinterpret_cast<const char*>(data), size);
  if (kTarget.change != nullptr && stream.Chance(3, 4)) {
    Bytes changed(input);
    kTarget.change(changed, stream, size_max);
    std::memcpy(data, changed.data(), changed.size());
    return changed.size();
  }
  if (size > 0 && stream.Chance(1, 2)) {
    const Window window = DrawWindow(input, stream);
    LLVMFuzzerMutate(data + window.begin, window.size, window.size);
  } else {
    size = LLVMFuzzerMutate(data, size, size_max);
  }
  if (kTarget.seal == nullptr || stream.Chance(1, 2)) return size;
  Bytes sealed(reinterpret_cast<const char*>(data), size);
  kTarget.seal(sealed);
  size = std::min(sealed.size(), size_max);
  std::memcpy(data, sealed.data(), size);
  return size;
}

}  // namespace
}  // namespace beach::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned seed) {
  beach::RandomStream stream(seed);
  return beach::fuzz::MutateInput(data, size, size_max, stream);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > beach::fuzz::kTarget.size_max) return -1;  // not kept
  beach::fuzz::kTarget.run(beach::ByteView(reinterpret_cast<const char*>(data), size));
  return 0;
}
