// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/random.h"

namespace beach::fuzz {

// A part of the input in which a mutation stays, so that all else keeps its place.
struct Window {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// Begins at a byte that is not zero, where there is one: a log segment is a few records among
// blocks of zeros, and a change there changes nothing. 1 to 128 bytes; none of an empty input.
Window DrawWindow(ByteView input, RandomStream& stream);

// A few small changes: bits, bytes and numbers, parts that go, come twice, or move. Equal for equal
// streams. At most `size_max` bytes come out.
Bytes Mutate(ByteView input, RandomStream& stream, std::size_t size_max);

}  // namespace beach::fuzz
