// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/snapshot_frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "base/crc32c.h"
#include "base/random.h"
#include "raft/message_encoding.h"

namespace beach::raft {
namespace {

SnapshotFrame Headed(SnapshotBody body) {
  return {.transfer = SnapshotId(5), .key = SnapshotKey(9), .body = std::move(body)};
}

Bytes Encoded(const SnapshotFrame& frame) {
  Bytes bytes;
  EncodeSnapshotFrame(frame, bytes);
  return bytes;
}

SnapshotFrame Drawn(std::size_t kind, RandomStream& stream) {
  const auto some = [&] { return stream.Next() >> stream.Below(64); };
  const auto place = [&] { return some() >> 2; };
  SnapshotBegin begin{.index = LogIndex(some()),
                      .term = Term(some()),
                      .description = Bytes(stream.Below(300), 'd'),
                      .sizes = {}};
  for (std::uint64_t i = stream.Below(5); i > 0; --i) begin.sizes.push_back((some() >> 5) + 1);
  const SnapshotKey key = kind == 0 ? KeyOf(begin) : SnapshotKey(some());
  SnapshotBody kinds[] = {
      begin,
      SnapshotChunk{.place = place(),
                    .file_crc = static_cast<std::uint32_t>(some()),
                    .bytes = Bytes(1 + stream.Below(300), static_cast<char>(some()))},
      SnapshotResume{.place = place()},
      SnapshotHave{.place = place()},
      SnapshotDone{},
      SnapshotRefused{},
  };
  static_assert(std::size(kinds) == std::variant_size_v<SnapshotBody>);
  return {.transfer = SnapshotId(some()), .key = key, .body = std::move(kinds[kind])};
}

RC_GTEST_PROP(SnapshotFrames, AreReadAsTheyWereWritten, (std::uint64_t seed)) {
  RandomStream stream(seed);
  for (std::size_t kind = 0; kind < std::variant_size_v<SnapshotBody>; ++kind) {
    const SnapshotFrame frame = Drawn(kind, stream);
    const Bytes bytes = Encoded(frame);
    const Result<SnapshotFrame> read = DecodeSnapshotFrame(bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->body.index() == kind);
    RC_ASSERT(read->transfer == frame.transfer);
    RC_ASSERT(read->key == frame.key);
    RC_ASSERT(Encoded(*read) == bytes);
  }
}

TEST(SnapshotFrames, EachFieldHasBytesOfItsOwn) {
  SnapshotBegin begin{
      .index = LogIndex(7), .term = Term(3), .description = "how", .sizes = {10, 300}};
  SnapshotFrame frame = Headed(begin);
  frame.key = KeyOf(begin);
  const auto read = DecodeSnapshotFrame(Encoded(frame));
  ASSERT_TRUE(read.has_value());
  const auto& body = std::get<SnapshotBegin>(read->body);
  EXPECT_EQ(body.index, LogIndex(7));
  EXPECT_EQ(body.term, Term(3));
  EXPECT_EQ(body.description, "how");
  EXPECT_EQ(body.sizes, (std::vector<std::uint64_t>{10, 300}));
  RandomStream stream(1);
  for (std::size_t kind = 0; kind < std::variant_size_v<SnapshotBody>; ++kind) {
    const Bytes good = Encoded(Drawn(kind, stream));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      const auto changed = DecodeSnapshotFrame(bad);
      // Of a begin's body no bit may differ: it would be of another key.
      if (kind == 0 && bit / 8 >= 9) {
        EXPECT_FALSE(changed.has_value()) << bit;
      }
      if (changed) {
        EXPECT_NE(Encoded(*changed), good) << "kind " << kind << ", bit " << bit;
      }
    }
  }
}

TEST(SnapshotFrames, WhatIsCutShortOrTooLongIsNone) {
  RandomStream stream(2);
  for (std::size_t kind = 0; kind < std::variant_size_v<SnapshotBody>; ++kind) {
    const Bytes bytes = Encoded(Drawn(kind, stream));
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DecodeSnapshotFrame(ByteView(bytes).substr(0, length));
      ASSERT_FALSE(read.has_value()) << "kind " << kind << ", " << length << " bytes";
      EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    }
    EXPECT_FALSE(DecodeSnapshotFrame(bytes + "x").has_value()) << kind;
  }
  Bytes none = Encoded(Headed(SnapshotDone{}));
  none[0] = 6;
  EXPECT_FALSE(DecodeSnapshotFrame(none).has_value());
}

TEST(SnapshotFrames, LimitsAreKept) {
  SnapshotBegin begin;
  begin.sizes = {1, 0};
  EXPECT_FALSE(Fits(begin));
  begin.sizes = {kSnapshotBytesMax - 1, 1};
  EXPECT_TRUE(Fits(begin));
  begin.sizes = {kSnapshotBytesMax, 1};
  EXPECT_FALSE(Fits(begin));
  begin.sizes = {~std::uint64_t{0}, 2};  // their sum is small where it overflows
  EXPECT_FALSE(Fits(begin));
  begin.sizes.assign(kSnapshotFilesMax, ~std::uint64_t{0} >> 20);
  EXPECT_TRUE(Fits(begin));
  begin.description.assign(kDescriptionBytesMax, 'd');
  SnapshotFrame longest = Headed(begin);
  longest.key = KeyOf(begin);
  const Bytes bytes = Encoded(longest);
  EXPECT_LE(bytes.size(), kSnapshotFrameBytesMax);
  EXPECT_TRUE(DecodeSnapshotFrame(bytes).has_value());
  begin.sizes.push_back(1);
  EXPECT_FALSE(Fits(begin));
  begin.sizes.clear();
  begin.description.push_back('d');
  EXPECT_FALSE(Fits(begin));
  EXPECT_DEATH(Encoded(Headed(begin)), "Fits");

  Bytes far = Encoded(Headed(SnapshotHave{.place = kSnapshotBytesMax}));
  EXPECT_TRUE(DecodeSnapshotFrame(far).has_value());
  far[17] = 1;
  EXPECT_FALSE(DecodeSnapshotFrame(far).has_value());
  const Bytes chunk = Encoded(Headed(SnapshotChunk{.bytes = Bytes(kChunkBytesMax, 'x')}));
  EXPECT_LE(chunk.size(), kSnapshotFrameBytesMax);
  EXPECT_TRUE(DecodeSnapshotFrame(chunk).has_value());
  Bytes empty = Encoded(Headed(SnapshotChunk{.bytes = "x"}));
  empty.resize(empty.size() - 2);
  empty.push_back('\0');
  EXPECT_FALSE(DecodeSnapshotFrame(empty).has_value());
}

// A count of files that the bytes cannot hold takes no memory for them.
TEST(SnapshotFrames, AnnouncedFilesAreNotReserved) {
  SnapshotBegin begin;
  SnapshotFrame frame = Headed(begin);
  Bytes bytes = Encoded(frame);
  bytes.pop_back();
  for (int i = 0; i < 9; ++i) bytes.push_back('\xff');
  bytes.push_back('\x01');
  EXPECT_FALSE(DecodeSnapshotFrame(bytes).has_value());
}

TEST(SnapshotFrames, AKeyIsOfAllThatIsInABegin) {
  const SnapshotBegin one{
      .index = LogIndex(7), .term = Term(3), .description = "how", .sizes = {10, 300}};
  SnapshotBegin others[] = {one, one, one, one, one};
  others[0].index = LogIndex(8);
  others[1].term = Term(4);
  others[2].description = "who";
  others[3].sizes = {300, 10};
  others[4].sizes = {10, 300, 1};
  for (const SnapshotBegin& other : others) EXPECT_NE(KeyOf(one), KeyOf(other));
  EXPECT_NE(KeyOf(SnapshotBegin()), SnapshotKey{});
}

std::string Page() {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/snapshot_frames.md");
  std::stringstream page;
  page << in.rdbuf();
  return page.str();
}

TEST(SnapshotFrames, AreWhatTheirPageSays) {
  EXPECT_FALSE(IsMessageType(kSnapshotFrameType));
  const std::string text = Page();
  const std::size_t begin = text.find("```hex\n");
  ASSERT_NE(begin, std::string::npos);
  std::istringstream lines(text.substr(begin + 7, text.find("```", begin + 7) - begin - 7));
  Bytes bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  const SnapshotChunk chunk{.place = 2, .file_crc = Crc32c("sand"), .bytes = "nd"};
  EXPECT_EQ(Printable(bytes, 1000), Printable(Encoded(Headed(chunk)), 1000));
}

// The sizes in its table add up to those of frames without anything of variable length.
TEST(SnapshotFrames, TheSizesOfTheirPageAddUp) {
  const std::string text = Page();
  const std::regex row(R"(\n\| (\d) \| [a-z]+ \| (?:leader|follower) \| ([^\n]*) \|)");
  const std::regex size(R"(\((\d+)\))");
  RandomStream stream(3);
  std::size_t rows = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    const auto kind = static_cast<std::size_t>(std::stoi((*at)[1]));
    ASSERT_EQ(kind, rows++);
    const std::string fields = (*at)[2];
    std::size_t bytes = 17;
    for (std::sregex_iterator field(fields.begin(), fields.end(), size); field != end; ++field) {
      bytes += static_cast<std::size_t>(std::stoi((*field)[1]));
    }
    const Bytes encoded = Encoded(Drawn(kind, stream));
    if (fields.find("varint") != std::string::npos) {
      EXPECT_GT(encoded.size(), bytes) << "kind " << kind;
    } else {
      EXPECT_EQ(encoded.size(), bytes) << "kind " << kind;
    }
  }
  EXPECT_EQ(rows, std::variant_size_v<SnapshotBody>);
}

}  // namespace
}  // namespace beach::raft
