// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "base/coding.h"
#include "engine/sst/format.h"
#include "engine/sst/properties.h"
#include "engine/sst/table.h"
#include "engine/sst/table_testing.h"

// The format is what it was: a table that was written once, and the document about it. With
// BEACH_REWRITE_GOLDEN in the environment the golden file is written anew: a new format version.

namespace beach::engine::sst {
namespace {

using testing::MemoryFiles;

constexpr const char* kGolden = BEACH_SOURCE_DIR "/engine/sst/testdata/small.hex";
constexpr const char* kDocument = BEACH_SOURCE_DIR "/docs/formats/sst.md";

Entries SmallEntries() {
  return {{KeyAt("beach", 3), "sand"},
          {KeyAt("beach", 1, ValueKind::kDelete), ""},
          {KeyAt("beacon", 2), "light"},
          {KeyAt("pier", 4), ""}};
}

TableInfo BuildSmall(MemoryFiles& files) {
  Options options;
  options.block_size = 50;
  options.block_restart_interval = 2;
  return BuildTable(files, "small", SmallEntries(), options, kFile,
                    {{.begin = "dune", .end = "mole", .sequence = SequenceNumber(5)}});
}

// Two digits a byte; '#' begins a remark.
Bytes FromHex(std::istream& text) {
  Bytes bytes;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

std::string ToHex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
    text.push_back(i % 16 == 15 || i + 1 == bytes.size() ? '\n' : ' ');
  }
  return text;
}

std::string ReadText(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(file.good()) << path;
  return text.str();
}

// The lines between `from` and the next heading of the same kind, or fence.
std::string Section(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  EXPECT_NE(begin, std::string::npos) << from;
  if (begin == std::string::npos) return {};
  const std::size_t start = begin + from.size();
  return text.substr(start, text.find(to, start) - start);
}

// The rows of the first table in it, cells trimmed, without heading and rule.
std::vector<std::vector<std::string>> Rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ")) continue;
    std::vector<std::string> cells;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(' ');
      const std::size_t last = cell.find_last_not_of(' ');
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
    }
    rows.push_back(cells);
  }
  if (!rows.empty()) rows.erase(rows.begin());
  return rows;
}

TEST(GoldenTable, TheWriterStillWritesTheseBytes) {
  MemoryFiles files;
  BuildSmall(files);
  const Bytes written = files.Content("small");
  if (std::getenv("BEACH_REWRITE_GOLDEN") != nullptr) std::ofstream(kGolden) << ToHex(written);
  EXPECT_EQ(ToHex(written), ReadText(kGolden));
}

TEST(GoldenTable, TheReaderStillReadsThem) {
  std::istringstream text(ReadText(kGolden));
  MemoryFiles files;
  TableInfo info = BuildSmall(files);
  files.SetContent("golden", FromHex(text));
  const auto reader = TableReader::Open(files, "golden", kDatabase, info);
  ASSERT_TRUE(reader.has_value()) << reader.error().ToString();
  EXPECT_TRUE((*reader)->Verify().has_value());
  const auto iterator = (*reader)->NewIterator();
  iterator->SeekToFirst();
  for (const auto& [key, value] : SmallEntries()) {
    ASSERT_TRUE(iterator->Valid());
    EXPECT_EQ(iterator->key(), key);
    EXPECT_EQ(iterator->value(), value);
    iterator->Next();
  }
  EXPECT_FALSE(iterator->Valid());
}

TEST(TableDocument, ItsExampleIsTheGoldenTable) {
  std::istringstream golden(ReadText(kGolden));
  std::istringstream example(Section(ReadText(kDocument), "```hex\n", "```"));
  EXPECT_EQ(ToHex(FromHex(example)), ToHex(FromHex(golden)));
}

TEST(TableDocument, ItsFooterTableSaysWhatTheCodeSays) {
  using Row = std::vector<std::string>;
  const std::vector<std::pair<std::size_t, std::string>> fields = {
      {kFooterMagicOffset, "magic"},
      {kFooterVersionOffset, "format version"},
      {kFooterDatabaseHighOffset, "database id, high word"},
      {kFooterDatabaseLowOffset, "database id, low word"},
      {kFooterFileNumberOffset, "file number"},
      {kFooterIndexOffsetOffset, "index offset"},
      {kFooterIndexSizeOffset, "index size"},
      {kFooterPropertiesOffsetOffset, "properties offset"},
      {kFooterPropertiesSizeOffset, "properties size"},
      {kFooterFilterOffsetOffset, "filter offset"},
      {kFooterFilterSizeOffset, "filter size"},
      {kFooterRangeDeletesOffsetOffset, "range deletes offset"},
      {kFooterRangeDeletesSizeOffset, "range deletes size"},
      {kFooterCrcOffset, "CRC"}};
  std::vector<Row> expected;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t end = i + 1 < fields.size() ? fields[i + 1].first : kFooterSize;
    expected.push_back(
        {std::to_string(fields[i].first), std::to_string(end - fields[i].first), fields[i].second});
  }
  std::vector<Row> rows = Rows(Section(ReadText(kDocument), "\n## Footer\n", "\n## "));
  for (Row& row : rows) row.resize(3);
  EXPECT_EQ(rows, expected);
}

TEST(TableDocument, ItsTrailerTableSaysWhatTheCodeSays) {
  const auto rows = Rows(Section(ReadText(kDocument), "\n## Block trailer\n", "\n## "));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0][0], std::to_string(kTrailerCompressionOffset));
  EXPECT_EQ(rows[0][1], std::to_string(kTrailerCrcOffset - kTrailerCompressionOffset));
  EXPECT_EQ(rows[1][0], std::to_string(kTrailerCrcOffset));
  EXPECT_EQ(rows[1][1], std::to_string(kBlockTrailerSize - kTrailerCrcOffset));
}

TEST(TableDocument, ItNamesEveryProperty) {
  Properties properties;
  properties.Count(KeyAt("a", 1), "");
  properties.data_blocks = 1;
  properties.expiring.entries = 1;
  const Bytes bytes = EncodeProperties(properties);
  std::vector<std::string> names;
  for (Decoder decoder(bytes); !decoder.rest().empty(); (void)decoder.LengthPrefixed()) {
    names.emplace_back(decoder.LengthPrefixed());
  }
  std::vector<std::string> documented;
  for (const auto& row : Rows(Section(ReadText(kDocument), "\n## Properties block\n", "\n## "))) {
    documented.push_back(row[0]);
  }
  EXPECT_EQ(documented, names);
}

}  // namespace
}  // namespace beach::engine::sst
