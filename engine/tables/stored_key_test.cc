// SPDX-License-Identifier: Apache-2.0
#include "engine/tables/stored_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <tuple>

namespace beach::engine {
namespace {

NamedTable Table(std::uint64_t number) { return NamedTable{TableNumber(number)}; }
Bytes Stored(NamedTable table, ByteView key) { return Bytes(StoredKey(table, key)); }

// Neighbours, and where a number takes one byte more.
NamedTable SomeTable() {
  return Table(
      *rc::gen::oneOf(rc::gen::element<std::uint64_t>(0, 1, 2, 3, 246, 247, 248, 249, 255, 256, 257,
                                                      65535, 65536, kTableNumberMax.value - 1),
                      rc::gen::inRange<std::uint64_t>(0, kTableNumberMax.value)));
}

// Mostly of the bytes that prefixes are made of.
Bytes SomeKey() {
  return *rc::gen::container<Bytes>(
      rc::gen::element('\xff', '\xff', '\0', '\1', '\2', 'a', '\xf7', '\xf8', '\xfe'));
}

TEST(StoredKey, IsWrittenAsDocumented) {
  EXPECT_EQ(Stored({}, "tide"), "tide");
  EXPECT_EQ(Stored({}, ""), "");
  EXPECT_EQ(Stored({}, "\xff"), Bytes("\xff\0\xff", 3));
  EXPECT_EQ(Stored(Table(1), ""), "\xff\x01");
  EXPECT_EQ(Stored(Table(2), "tide"), "\xff\x02tide");
  EXPECT_EQ(Stored(Table(247), "\xff"), "\xff\xf7\xff");
  EXPECT_EQ(Stored(Table(248), "a"),
            "\xff\xf8\xf8"
            "a");
  EXPECT_EQ(Stored(Table(256), "a"), Bytes("\xff\xf9\x01\0a", 5));
  EXPECT_EQ(Stored(kTableNumberMax.value > 0 ? NamedTable{kTableNumberMax} : Table(0), ""),
            "\xff\xfe\xff\xff\xff\xff\xff\xff\xff");
}

TEST(StoredKey, OfTheTableWithoutNameIsNoCopy) {
  const Bytes key = "tide";
  EXPECT_EQ(ByteView(StoredKey({}, key)).data(), key.data());
}

TEST(StoredKey, RefusesBytesThatAreNone) {
  EXPECT_FALSE(ParseStoredKey("\xff"));
  EXPECT_FALSE(ParseStoredKey(ByteView("\xff\0", 2)));
  EXPECT_FALSE(ParseStoredKey(ByteView("\xff\0a", 3)));
  EXPECT_FALSE(ParseStoredKey("\xff\xf8"));
  EXPECT_FALSE(ParseStoredKey("\xff\xf8\xf7"));                 // one byte would do
  EXPECT_FALSE(ParseStoredKey(ByteView("\xff\xf9\0\xff", 4)));  // and here
  EXPECT_FALSE(ParseStoredKey("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
}

RC_GTEST_PROP(StoredKeyProperty, KeepsTheOrderOfTablesAndKeysAndComesBack, ()) {
  const NamedTable table = SomeTable();
  const NamedTable other = SomeTable();
  const Bytes key = SomeKey();
  const Bytes other_key = SomeKey();
  const Bytes stored = Stored(table, key);
  RC_ASSERT((std::tuple(table.number, key) <=> std::tuple(other.number, other_key)) ==
            (stored <=> Stored(other, other_key)));
  const auto parts = ParseStoredKey(stored);
  RC_ASSERT(parts.has_value());
  RC_ASSERT(parts->table == table);
  RC_ASSERT(parts->user_key == key);
  RC_ASSERT(KeySpace(table).UserKey(stored) == key);
  Bytes scratch;
  RC_ASSERT(KeySpace(table).Stored(key, scratch) == stored);
}

RC_GTEST_PROP(StoredKeyProperty, WhatParsesIsWhatIsWritten, (Bytes bytes)) {
  Bytes stored = SomeKey() + bytes;
  if (*rc::gen::arbitrary<bool>()) stored.insert(0, "\xff");
  if (const auto parts = ParseStoredKey(stored)) {
    RC_ASSERT(Stored(parts->table, parts->user_key) == stored);
  }
  // Whatever the bytes are, nobody looks outside of them.
  RC_ASSERT(stored.ends_with(KeySpace(NamedTable()).UserKey(stored)));
}

RC_GTEST_PROP(StoredKeyProperty, ARangeHoldsTheTablesOwnKeysAndNoOthers, ()) {
  const NamedTable table = SomeTable();
  const NamedTable other = SomeTable();
  const Bytes key = SomeKey();
  KeyRange range{.begin = SomeKey(), .end = {}};
  if (*rc::gen::arbitrary<bool>()) range.end = SomeKey();
  const KeyRange stored = KeySpace(table).Stored(range);
  RC_ASSERT(stored.Contains(Stored(other, key)) == (other == table && range.Contains(key)));
  const KeyRange all = KeySpace(table).Stored(KeyRange{});
  RC_ASSERT(all.Contains(Stored(other, key)) == (other == table));
  RC_ASSERT(*all.end == ByteView(EndOf(table)));
}

}  // namespace
}  // namespace beach::engine
