// SPDX-License-Identifier: Apache-2.0
#include "engine/key_buffer.h"

#include <gtest/gtest.h>

#include <vector>

namespace beach::engine {
namespace {

Bytes KeyOf(std::size_t size, char first) {
  Bytes key;
  for (std::size_t i = 0; i < size; ++i) key += static_cast<char>(first + static_cast<int>(i % 26));
  return key;
}

TEST(KeyBuffer, HoldsWhatWasAssignedWhateverItsSize) {
  KeyBuffer buffer;
  for (std::size_t size = 0; size < 600; ++size) {
    // Of its own memory, so that reading beyond it is seen.
    const std::vector<char> exact(size + 1, 'x');
    buffer.Assign(ByteView(exact.data() + 1, size));
    EXPECT_EQ(buffer.view(), Bytes(size, 'x')) << size;
    buffer.Assign(KeyOf(size, 'A'));
    EXPECT_EQ(buffer.view(), KeyOf(size, 'A')) << size;
  }
}

TEST(KeyBuffer, BuildsOnWhatItHolds) {
  for (const std::size_t shared : {0U, 1U, 15U, 16U, 17U, 40U, 120U, 300U}) {
    for (const std::size_t rest : {0U, 1U, 8U, 15U, 16U, 17U, 100U, 500U}) {
      for (const std::size_t room : {std::size_t{0}, std::size_t{20}}) {
        KeyBuffer buffer;
        buffer.Assign(KeyOf(shared + 3, 'a'));
        const Bytes block = KeyOf(rest, 'A') + Bytes(room, '-');
        buffer.Build(shared, ByteView(block).substr(0, rest), block.size());
        EXPECT_EQ(buffer.view(), KeyOf(shared, 'a') + KeyOf(rest, 'A')) << shared << " " << rest;
      }
    }
  }
}

}  // namespace
}  // namespace beach::engine
