// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/b_tree.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"

namespace beach::engine {
namespace {

using btree::Order;

TEST(Order, AnyInsertionIsOneOfAList) {
  EXPECT_TRUE(rc::check([] {
    RandomStream random(*rc::gen::arbitrary<std::uint64_t>());
    Order order(Order::kEmpty);
    std::vector<std::uint32_t> expected;
    while (order.count() < btree::kSlots) {
      const std::uint32_t rank = static_cast<std::uint32_t>(random.Below(order.count() + 1));
      expected.insert(expected.begin() + rank, order.slot(order.count()));
      order = order.WithFreeSlotAt(rank);
      if (random.Chance(1, 8)) {
        const std::uint32_t kept = static_cast<std::uint32_t>(random.Below(order.count() + 1));
        order = order.First(kept);
        expected.resize(kept);
      }
      RC_ASSERT(order.count() == expected.size());
      for (std::uint32_t i = 0; i < order.count(); ++i) RC_ASSERT(order.slot(i) == expected[i]);
      std::vector<bool> seen(btree::kSlots);
      for (std::uint32_t i = 0; i < btree::kSlots; ++i) seen[order.slot(i)] = true;
      RC_ASSERT(std::ranges::count(seen, true) == btree::kSlots);
    }
  }));
}

// Keys that share long beginnings, end in zeros, or are each other's beginnings, so that nodes skip
// bytes and words are equal.
Bytes Key(std::uint64_t number) {
  Bytes key(number % 3 * 7, 'p');
  for (std::uint64_t rest = number / 3; rest > 0; rest /= 5) {
    key.push_back("\0ap\xff\x80"[rest % 5]);
  }
  key.append(number % 2, '\0');
  return key;
}

using Model = std::map<std::pair<Bytes, std::uint64_t>, Bytes>;  // newer versions first

void ExpectSame(const Model& model, Model::const_iterator expected, const Entry* entry) {
  RC_ASSERT((entry == nullptr) == (expected == model.end()));
  if (entry == nullptr) return;
  RC_ASSERT(Bytes(entry->user_key()) == expected->first.first);
  RC_ASSERT(entry->trailer() == ~expected->first.second);
  RC_ASSERT(Bytes(entry->value()) == expected->second);
}

TEST(BTree, OfManyLevelsFindsAndWalksLikeAModel) {
  EXPECT_TRUE(rc::check([] {
    RandomStream random(*rc::gen::arbitrary<std::uint64_t>());
    BTree tree;
    Model model;
    constexpr std::uint64_t kKeys[] = {3, 200, 100'000};
    const std::uint64_t keys = kKeys[random.Below(3)];
    const std::uint64_t shape = random.Below(3);  // in order, backwards, any
    std::vector<std::pair<Bytes, std::uint64_t>> writes;
    for (std::uint64_t i = 1; i <= 1500; ++i) {
      writes.emplace_back(Key(random.Below(keys)), ~i);
    }
    if (shape == 0) std::ranges::sort(writes);
    if (shape == 1) std::ranges::sort(writes, std::greater<>());
    for (const auto& [key, order] : writes) {
      tree.Insert({.user_key = key, .trailer = ~order}, std::to_string(order));
      model.emplace(std::pair(key, order), std::to_string(order));
    }
    RC_ASSERT(tree.count() == model.size());

    BTree::Place place = tree.First();
    for (auto at = model.begin(); at != model.end(); ++at, place = tree.Next(place)) {
      ExpectSame(model, at, place.entry);
    }
    RC_ASSERT(place.entry == nullptr);
    place = tree.Last();
    for (auto at = model.end(); at != model.begin(); place = tree.Previous(place)) {
      ExpectSame(model, --at, place.entry);
    }
    RC_ASSERT(place.entry == nullptr);
    for (int i = 0; i < 300; ++i) {
      const Bytes key = Key(random.Below(keys + 3));
      const auto order = ~random.Below(1502);
      const auto at = model.lower_bound({key, order});
      const EntryKey target{.user_key = key, .trailer = ~order};
      ExpectSame(model, at, tree.FirstNotBefore(target).entry);
      const auto before = at == model.begin() ? model.end() : std::prev(at);
      ExpectSame(model, before, tree.LastBefore(target).entry);
    }
  }));
}

}  // namespace
}  // namespace beach::engine
