// SPDX-License-Identifier: Apache-2.0
// Tables in levels: how an edit says it, and what must hold of them.
#include <gtest/gtest.h>

#include <vector>

#include "engine/internal_key.h"
#include "engine/manifest/edit.h"
#include "engine/manifest/state.h"

namespace beach::engine {
namespace {

TableInfo TableAt(std::uint32_t level, std::uint64_t file, ByteView smallest, ByteView largest,
                  std::uint64_t first, std::uint64_t last) {
  TableInfo table{.file = FileNumber(file),
                  .size_bytes = 1000,
                  .entries = last - first + 1,
                  .smallest = {},
                  .largest = {},
                  .sequence_min = SequenceNumber(first),
                  .sequence_max = SequenceNumber(last),
                  .level = level};
  AppendInternalKey(table.smallest, {.user_key = smallest, .sequence = SequenceNumber(last)});
  AppendInternalKey(table.largest, {.user_key = largest, .sequence = SequenceNumber(first)});
  return table;
}

ManifestState StateOf(const std::vector<TableInfo>& tables) {
  ManifestState state;
  state.next_file = FileNumber(100);
  state.tables = tables;
  return state;
}

TEST(ManifestLevelsTest, ATableBelowLevel0IsAFieldOfItsOwn) {
  ManifestEdit edit;
  edit.tables_added = {TableAt(0, 7, "a", "z", 1, 2)};
  const Bytes at_0 = EncodeManifestEdit(edit);
  edit.tables_added[0].level = 6;
  Bytes at_6 = EncodeManifestEdit(edit);
  ASSERT_EQ(at_6.size(), at_0.size() + 1);
  EXPECT_EQ(at_0[1], '\x07');
  EXPECT_EQ(at_6.substr(1, 3), Bytes("\x0c\x1b\x06"));
  EXPECT_EQ(at_6.substr(4), at_0.substr(3));
  for (const char level : {'\x00', '\x07', '\x7f'}) {
    at_6[3] = level;
    const auto decoded = DecodeManifestEdit(at_6);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption);
  }
}

TEST(ManifestLevelsTest, ATableOfAnotherDatabaseIsAtALevelThatThereIs) {
  ManifestEdit edit;
  edit.tables_added = {TableAt(6, 7, "a", "z", 1, 2)};
  edit.tables_added[0].origin = DatabaseId{.high = 3, .low = 4};
  Bytes bytes = EncodeManifestEdit(edit);
  const auto decoded = DecodeManifestEdit(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->tables_added, edit.tables_added);
  constexpr std::size_t kLevelAt = 3 + 16;  // behind version, tag and length, and the identity
  ASSERT_EQ(bytes[kLevelAt], '\x06');
  for (const char level : {'\x07', '\x7f'}) {
    bytes[kLevelAt] = level;
    const auto damaged = DecodeManifestEdit(bytes);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code(), ErrorCode::kCorruption);
  }
}

TEST(ManifestLevelsTest, LevelsAreDisjointInSequencesAtTheTopAndInKeysBelow) {
  const auto check = [](const std::vector<TableInfo>& tables) {
    const Status checked = StateOf(tables).Check();
    EXPECT_TRUE(checked || checked.error().code() == ErrorCode::kCorruption);
    return checked.has_value();
  };
  EXPECT_TRUE(check({TableAt(0, 1, "a", "z", 1, 5), TableAt(0, 2, "a", "z", 6, 6)}));
  EXPECT_FALSE(check({TableAt(0, 1, "a", "z", 1, 5), TableAt(0, 2, "a", "z", 5, 6)}));
  EXPECT_FALSE(check({TableAt(0, 1, "a", "z", 5, 6), TableAt(0, 2, "b", "c", 1, 9)}));
  EXPECT_TRUE(check({TableAt(1, 1, "b", "c", 1, 9), TableAt(1, 2, "a", "aa", 1, 9),
                     TableAt(2, 3, "a", "z", 1, 9)}));
  EXPECT_FALSE(check({TableAt(1, 1, "b", "c", 1, 2), TableAt(1, 2, "a", "b", 3, 4)}));
  EXPECT_FALSE(check({TableAt(6, 1, "a", "z", 1, 2), TableAt(6, 2, "c", "d", 3, 4)}));
  EXPECT_FALSE(check({TableAt(kLevelCount, 1, "a", "z", 1, 2)}));
}

TEST(ManifestLevelsTest, ATableMovesToAnotherLevelInOneEdit) {
  ManifestState state = StateOf({TableAt(0, 7, "a", "z", 1, 50)});
  ManifestEdit edit;
  edit.tables_removed = {FileNumber(7)};
  edit.tables_added = {TableAt(0, 7, "a", "z", 1, 50)};
  edit.tables_added[0].level = 3;
  ASSERT_TRUE(state.Apply(edit));
  EXPECT_EQ(state.tables, edit.tables_added);
}

}  // namespace
}  // namespace beach::engine
