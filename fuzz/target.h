// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"

namespace beach::fuzz {

// Something that reads hostile bytes, and what must hold whatever they are.
struct Target {
  const char* name;
  // States the properties with BEACH_CHECK: one that does not hold stops the process, and so does a
  // sanitizer. A pure function of its input, which it does not change; any thread, one at a time.
  void (*run)(ByteView input);
  // Makes all checksums in the input right again, as far as its lengths make sense, so that changed
  // bytes reach what lies behind them. Null where there are none.
  void (*seal)(Bytes& input);
  // Longer inputs are not run: they find nothing that these do not, and slowly.
  std::size_t size_max;
  // Changes an input as its format goes, in most cases, in place of changing bytes. Null:
  // bytes alone.
  void (*change)(Bytes& input, RandomStream& stream, std::size_t size_max) = nullptr;
  // How many changed copies of each file of the corpus the regressions run.
  std::uint64_t changed_copies = 200;
};

}  // namespace beach::fuzz
