// SPDX-License-Identifier: Apache-2.0
// Holds docs/formats/raft_log.md to the code: kinds, sizes, offsets and the examples.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "base/coding.h"
#include "engine/wal/format.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"

namespace beach::raft {
namespace {

constexpr std::size_t kExampleSize = 152;

std::string Document() {
  std::ifstream file(std::string(BEACH_SOURCE_DIR) + "/docs/formats/raft_log.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectHas(const std::string& text) {
  EXPECT_NE(Document().find(text), std::string::npos) << text;
}

std::string Hex(ByteView bytes) {
  std::string text;
  char piece[32];
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) {
      std::snprintf(piece, sizeof(piece), "%08zx ", i);
      text += piece;
    }
    std::snprintf(piece, sizeof(piece), " %02x", static_cast<unsigned char>(bytes[i]));
    text += piece;
    if (i % 16 == 15 || i + 1 == bytes.size()) text += "\n";
  }
  return text;
}

LogHead ExampleHead() {
  return {.hard_state = {.term = Term(2), .vote = NodeId(1)},
          .base = LogIndex(299),
          .last = LogIndex(301),
          .before = Term(2),
          .runs = {{.first = LogIndex(300), .term = Term(2)}}};
}

Register Example() {
  return {.cluster = ClusterId(77),
          .node = NodeId(2),
          .starts = 3,
          .next_file = engine::FileNumber(6),
          .next_ordinal = engine::SegmentOrdinal(5),
          .base = LogIndex(299),
          .base_term = Term(2),
          .durable = {engine::SegmentOrdinal(4), 12'288},
          .head = ExampleHead(),
          .segments = {{engine::SegmentOrdinal(4), engine::FileNumber(5), 65'536,
                        engine::wal::Segment::kOpenEnd}},
          .salt = engine::LogSalt(0x1122334455667788)};
}

TEST(RaftLogDocument, KindsAreThoseOfTheCode) {
  const std::pair<RecordKind, const char*> kinds[] = {
      {RecordKind::kHardState, "kHardState"}, {RecordKind::kCut, "kCut"},
      {RecordKind::kEntry, "kEntry"},         {RecordKind::kBase, "kBase"},
      {RecordKind::kHead, "kHead"},           {RecordKind::kFill, "kFill"}};
  for (const auto& [kind, name] : kinds) {
    ExpectHas("| " + std::to_string(static_cast<int>(kind)) + " | " + name + " |");
  }
  ExpectHas("A version (1 byte: " + std::to_string(kRecordsVersion) + ")");
  static_assert(kLogIndexMax.value == std::uint64_t{1} << 62);
  ExpectHas("No index is above 2^62.");
  ExpectHas("the newest runs, " + std::to_string(kHeadRunsMax) + " at most");
  ExpectHas("begins " + std::to_string(kFlightRunsMax) + " runs at most");
}

TEST(RaftLogDocument, TheRegisterIsThatOfTheCode) {
  ExpectHas("| 8 | 4 | `version` | " + std::to_string(kRegisterVersion) + " |");
  ExpectHas("| " + std::to_string(kRegisterHeadSize) + " | 0 | `segments` | " +
            std::to_string(kRegisterSegmentSize) + " bytes each");
  ExpectHas("of segments, " + std::to_string(kRegisterSegmentsMax) + " at most");
  ExpectHas("the runs are " + std::to_string(kRegisterRunsMax) + " at most");
  ExpectHas(std::string("## ") + kRegisterFileName);
  const Register example = Example();
  const Bytes bytes = EncodeRegister(example);
  EXPECT_EQ(bytes.size(), 2 * engine::wal::kBlockSize);
  ExpectHas("| 12 | 4 | `crc` |");
  const auto at = [&](const std::string& field, std::size_t offset, std::uint64_t value) {
    ExpectHas("| " + std::to_string(offset) + " | 8 | `" + field + "` |");
    EXPECT_EQ(LoadFixed<std::uint64_t>(bytes.data() + offset), value) << field;
  };
  at("cluster", 16, example.cluster.value);
  at("node", 24, example.node.value);
  at("starts", 32, example.starts);
  at("next_file", 40, example.next_file.value);
  at("next_ordinal", 48, example.next_ordinal.value);
  at("base", 56, example.base.value);
  at("base_term", 64, example.base_term.value);
  at("durable_segment", 72, example.durable.segment.value);
  at("durable_offset", 80, example.durable.offset);
  at("count", 88, 1);
  at("salt", 96, example.salt.value);
}

TEST(RaftLogDocument, TheExamplesAreWhatTheCodeWrites) {
  Bytes payload = HeadPayload(ExampleHead());
  AppendHardState(payload, {.term = Term(3), .vote = NodeId(2)});
  AppendCut(payload, LogIndex(300));
  AppendEntry(payload, {.term = Term(3),
                        .index = LogIndex(300),
                        .kind = EntryKind::kNormal,
                        .payload = Payload::Copy("sea")});
  ExpectHas(Hex(payload));
  // One copy, without the zeros that end it.
  const Bytes both = EncodeRegister(Example());
  ExpectHas(Hex(ByteView(both).substr(0, kExampleSize)));
  EXPECT_EQ(both.find_first_not_of('\0', kExampleSize), engine::wal::kBlockSize);
}

}  // namespace
}  // namespace beach::raft
