// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/arena.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstring>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace beach::engine {
namespace {

TEST(Arena, PiecesAreAlignedAndDisjoint) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& sizes) {
    Arena arena;
    std::vector<std::pair<char*, std::size_t>> pieces;
    for (const std::uint16_t size : sizes) {
      const std::size_t length = std::size_t{1} + size * std::size_t{3};
      char* const piece = arena.Allocate(length);
      RC_ASSERT(reinterpret_cast<std::uintptr_t>(piece) % Arena::kAlignment == 0U);
      std::memset(piece, static_cast<char>(pieces.size()), length);
      pieces.emplace_back(piece, length);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto [piece, length] = pieces[i];
      RC_ASSERT(Bytes(piece, length) == Bytes(length, static_cast<char>(i)));
    }
  }));
}

TEST(Arena, CountsRequestedBytesOnly) {
  Arena arena;
  EXPECT_EQ(arena.size_bytes(), 0U);
  arena.Allocate(1);
  arena.Allocate(13);
  arena.Allocate(3 * Arena::kChunkSizeMax);
  EXPECT_EQ(arena.size_bytes(), 14U + 3 * Arena::kChunkSizeMax);
}

TEST(Arena, ALargePieceDoesNotEndTheChunkAtHand) {
  Arena arena;
  char* const first = arena.Allocate(8);
  arena.Allocate(Arena::kChunkSizeMax);
  EXPECT_EQ(arena.Allocate(8), first + 8);
}

}  // namespace
}  // namespace beach::engine
