// SPDX-License-Identifier: Apache-2.0
#include "sim/memory/process_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "sim/memory/size_class.h"
#include "sim/system_scope.h"

namespace beach::sim::memory {
namespace {

// Runs `body` with `new` serving `owner`.
template <class Body>
void Within(Owner* owner, Body body) {
  Owner* const former = Exchange(owner);
  body();
  Exchange(former);
}

TEST(SizeClass, EveryClassHoldsItsSizes) {
  for (std::size_t size = 0; size < 100'000; ++size) {
    const std::uint32_t size_class = SizeClass(size);
    ASSERT_GE(ClassSize(size_class), size);
    if (size_class > 0) {
      ASSERT_LT(ClassSize(size_class - 1), size);
    }
  }
  EXPECT_LT(SizeClass(std::size_t{1} << 30), kClasses);
}

TEST(ProcessMemory, RandomAllocationsKeepTheirBytes) {
  ASSERT_TRUE(OperatorsReplaced());
  Owner* const owner = Open(1);
  RandomStream random(7);
  struct Held {
    char* bytes;
    std::size_t size;
    std::size_t alignment;
    char fill;
  };
  std::vector<Held> all;
  for (int i = 0; i < 20'000; ++i) {
    if (!all.empty() && random.Chance(1, 2)) {
      const std::size_t victim = random.Below(all.size());
      const Held held = all[victim];
      for (std::size_t k = 0; k < held.size; k += 97) ASSERT_EQ(held.bytes[k], held.fill);
      if (held.size > 0) {
        ASSERT_EQ(held.bytes[held.size - 1], held.fill);
      }
      if (held.alignment > 16) {
        ::operator delete(held.bytes, std::align_val_t(held.alignment));
      } else {
        ::operator delete(held.bytes);
      }
      all[victim] = all.back();
      all.pop_back();
      continue;
    }
    Held held{};
    const std::size_t bound = random.Chance(1, 50) ? 200'000 : 600;
    held.size = random.Below(bound);
    held.alignment = random.Chance(1, 5) ? std::size_t{32} << random.Below(8) : 16;
    held.fill = static_cast<char>(i);
    Within(owner, [&] {
      held.bytes = static_cast<char*>(
          held.alignment > 16 ? ::operator new(held.size, std::align_val_t(held.alignment))
                              : ::operator new(held.size));
    });
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(held.bytes) % held.alignment, 0U);
    std::memset(held.bytes, held.fill, held.size);
    all.push_back(held);
  }
  EXPECT_GT(LiveBytes(owner), 0U);
  Drop(owner);  // with blocks alive
}

TEST(ProcessMemory, DeleteFindsTheOwner) {
  Owner* const owner = Open(2);
  std::string* of_process = nullptr;
  auto of_system = std::make_unique<std::string>(100, 's');
  const std::uint64_t before = LiveBytes(owner);
  Within(owner, [&] {
    of_process = new std::string(100, 'p');
    of_system.reset();
    const SystemScope system;
    of_system = std::make_unique<std::string>(100, 't');
  });
  EXPECT_GT(LiveBytes(owner), before);
  delete of_process;
  EXPECT_EQ(LiveBytes(owner), before);
  Drop(owner);
  EXPECT_EQ(*of_system, std::string(100, 't'));
}

TEST(ProcessMemory, ScopesNest) {
  Owner* const owner = Open(3);
  Within(owner, [&] {
    {
      const SystemScope outer;
      {
        const SystemScope inner;
        EXPECT_EQ(Current(), nullptr);
      }
      EXPECT_EQ(Current(), nullptr);
    }
    EXPECT_EQ(Current(), owner);
  });
  Drop(owner);
}

#if !defined(__SANITIZE_ADDRESS__)

TEST(ProcessMemory, EqualPlacementsGiveEqualAddressesAndZeros) {
  const auto allocate = [](std::uint64_t placement, bool write) {
    Owner* const owner = Open(placement);
    std::vector<const void*> addresses;
    Within(owner, [&] {
      for (std::size_t size = 8; size < 5'000'000; size *= 3) {
        char* const bytes = static_cast<char*>(::operator new(size));
        for (std::size_t i = 0; i < size; i += 511) {
          if (bytes[i] != 0) std::abort();
        }
        if (write) std::memset(bytes, 0x5a, size);
        const SystemScope system;
        addresses.push_back(bytes);
      }
    });
    Drop(owner);
    return addresses;
  };
  const auto first = allocate(12345, true);
  EXPECT_EQ(first, allocate(12345, false));
  EXPECT_NE(first, allocate(98765, false));
}

// Each pair of blocks may come in either order, and what is in them before they are written
// differs.
TEST(ProcessMemory, StirredMemoryIsInAnotherOrderAndNotZero) {
  struct Found {
    std::vector<bool> ascending;
    std::vector<char> bytes;
    bool operator==(const Found&) const = default;
  };
  const auto allocate = [](std::uint64_t salt) {
    Stir(salt);
    Owner* const owner = Open(77);
    Found found;
    Within(owner, [&] {
      const char* last = nullptr;
      for (int i = 0; i < 64; ++i) {
        const char* const block = static_cast<char*>(::operator new(100));
        const SystemScope system;
        found.ascending.push_back(block > last);
        found.bytes.push_back(block[99]);
        last = block;
      }
    });
    Drop(owner);
    Stir(0);
    return found;
  };
  const Found usual = allocate(0);
  EXPECT_EQ(usual.ascending, std::vector<bool>(64, true));
  EXPECT_EQ(usual.bytes, std::vector<char>(64, 0));
  const Found stirred = allocate(11);
  EXPECT_GT(std::ranges::count(stirred.ascending, false), 10);
  EXPECT_GT(std::set<char>(stirred.bytes.begin(), stirred.bytes.end()).size(), 10U);
  EXPECT_EQ(stirred, allocate(11));
  EXPECT_NE(stirred, allocate(12));
  EXPECT_EQ(usual, allocate(0));
}

TEST(ProcessMemoryDeathTest, DeletingADeadProcesssMemoryStops) {
  Owner* const owner = Open(4);
  void* bytes = nullptr;
  Within(owner, [&] { bytes = Allocate(10, 16); });
  Drop(owner);
  EXPECT_DEATH(Release(bytes), "check failed");
}

TEST(ProcessMemoryDeathTest, DeletingTwiceStops) {
  Owner* const owner = Open(5);
  void* bytes = nullptr;
  Within(owner, [&] { bytes = Allocate(10, 16); });
  Release(bytes);
  EXPECT_DEATH(Release(bytes), "check failed");
  Drop(owner);
}

#endif

}  // namespace
}  // namespace beach::sim::memory
