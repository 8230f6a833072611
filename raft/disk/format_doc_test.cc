// SPDX-License-Identifier: Apache-2.0
// Holds docs/formats/raft_log.md to the code: kinds, sizes, offsets and the examples.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "base/coding.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"

namespace beach::raft {
namespace {

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

Register Example() {
  return {.starts = 3,
          .next_file = engine::FileNumber(6),
          .next_ordinal = engine::SegmentOrdinal(5),
          .base = LogIndex(299),
          .base_term = Term(2),
          .durable = {engine::SegmentOrdinal(4), 12'288},
          .segments = {{engine::SegmentOrdinal(4), engine::FileNumber(5), 65'536,
                        engine::wal::Segment::kOpenEnd}}};
}

TEST(RaftLogDocument, KindsAreThoseOfTheCode) {
  const std::pair<RecordKind, const char*> kinds[] = {{RecordKind::kHardState, "kHardState"},
                                                      {RecordKind::kCut, "kCut"},
                                                      {RecordKind::kEntry, "kEntry"},
                                                      {RecordKind::kBase, "kBase"}};
  for (const auto& [kind, name] : kinds) {
    ExpectHas("| " + std::to_string(static_cast<int>(kind)) + " | " + name + " |");
  }
  ExpectHas("A version (1 byte: " + std::to_string(kRecordsVersion) + ")");
  static_assert(kLogIndexMax.value == std::uint64_t{1} << 62);
  ExpectHas("No index is above 2^62.");
}

TEST(RaftLogDocument, TheRegisterIsThatOfTheCode) {
  ExpectHas("| 8 | 4 | `version` | " + std::to_string(kRegisterVersion) + " |");
  ExpectHas("| " + std::to_string(kRegisterHeadSize) + " | 0 | `segments` | " +
            std::to_string(kRegisterSegmentSize) + " bytes each");
  ExpectHas("of segments, " + std::to_string(kRegisterSegmentsMax) + " at most");
  ExpectHas(std::string("## ") + kRegisterFileName);
  const Register example = Example();
  const Bytes bytes = EncodeRegister(example);
  const auto at = [&](const std::string& field, std::size_t offset, std::uint64_t value) {
    ExpectHas("| " + std::to_string(offset) + " | 8 | `" + field + "` |");
    EXPECT_EQ(LoadFixed<std::uint64_t>(bytes.data() + offset), value) << field;
  };
  at("starts", 16, example.starts);
  at("next_file", 24, example.next_file.value);
  at("next_ordinal", 32, example.next_ordinal.value);
  at("base", 40, example.base.value);
  at("base_term", 48, example.base_term.value);
  at("durable_segment", 56, example.durable.segment.value);
  at("durable_offset", 64, example.durable.offset);
  at("count", 72, 1);
}

TEST(RaftLogDocument, TheExamplesAreWhatTheCodeWrites) {
  Bytes payload{static_cast<char>(kRecordsVersion)};
  AppendHardState(payload, {.term = Term(3), .vote = NodeId(2)});
  AppendCut(payload, LogIndex(300));
  AppendEntry(payload, {.term = Term(3),
                        .index = LogIndex(300),
                        .kind = EntryKind::kNormal,
                        .payload = Payload::Copy("sea")});
  ExpectHas(Hex(payload));
  ExpectHas(Hex(EncodeRegister(Example())));
}

}  // namespace
}  // namespace beach::raft
