// SPDX-License-Identifier: Apache-2.0
#include "raft/message_encoding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "base/random.h"

namespace beach::raft {
namespace {

Message Headed(Body body) {
  return {.cluster = ClusterId(7),
          .from = NodeId(1),
          .to = NodeId(2),
          .term = Term(3),
          .body = std::move(body)};
}

// One of each kind, with values drawn from the stream.
Message Drawn(std::size_t kind, RandomStream& stream) {
  const auto some = [&] { return stream.Next() >> stream.Below(64); };
  const auto flag = [&] { return stream.Chance(1, 2); };
  const auto bytes = [&] { return Bytes(stream.Below(40), static_cast<char>(some())); };
  const LogEnd end{.index = LogIndex(some()), .term = Term(some())};
  Append append{.previous = LogIndex(some() / 2),
                .previous_term = Term(some()),
                .commit = LogIndex(some()),
                .entries = {}};
  for (std::uint64_t i = stream.Below(4); i > 0; --i) {
    append.entries.push_back({.term = Term(some()),
                              .index = append.previous + append.entries.size() + 1,
                              .kind = static_cast<EntryKind>(stream.Below(3)),
                              .payload = Payload::Copy(bytes())});
  }
  Configuration members;
  members.voters = {NodeId(1), NodeId(2), NodeId(9)};
  if (flag()) members.learners = {NodeId(4)};
  const SnapshotMeta meta{.index = LogIndex(some()),
                          .term = Term(some()),
                          .configuration_index = LogIndex(some()),
                          .configuration = members};
  Body kinds[] = {
      append,
      AppendReply{.accepted = flag(),
                  .matched = LogIndex(some()),
                  .previous = LogIndex(some()),
                  .hint = end},
      Heartbeat{.round = RoundId(some()), .commit = LogIndex(some())},
      HeartbeatReply{
          .round = RoundId(some()), .lost = LogIndex(some()), .snapshot_min = LogIndex(some())},
      PreVote{.round = RoundId(some()), .last = end},
      PreVoteReply{.round = RoundId(some()), .granted = flag()},
      RequestVote{.last = end, .transfer = flag()},
      VoteReply{.granted = flag()},
      InstallSnapshot{.id = SnapshotId(some()), .meta = meta},
      InstallSnapshotReply{.id = SnapshotId(some()),
                           .kind = static_cast<SnapshotReplyKind>(stream.Below(2)),
                           .index = LogIndex(some())},
      TimeoutNow{},
      ReadForward{.id = ForwardId(some())},
      ReadForwardReply{.id = ForwardId(some()), .granted = flag(), .index = LogIndex(some())},
      ProposeForward{.id = ForwardId(some()), .payload = Payload::Copy(bytes())},
      ProposeForwardReply{.id = ForwardId(some()),
                          .accepted = flag(),
                          .index = LogIndex(some()),
                          .error = static_cast<std::uint8_t>(stream.Below(8))},
      Fetch{.first = LogIndex(some()), .last = LogIndex(some())},
      FetchReply{.previous = append.previous,
                 .previous_term = append.previous_term,
                 .entries = append.entries},
  };
  static_assert(std::size(kinds) == std::variant_size_v<Body>);
  return {.cluster = ClusterId(some()),
          .from = NodeId(some()),
          .to = NodeId(some()),
          .term = Term(some()),
          .body = std::move(kinds[kind])};
}

std::uint16_t TypeOfKind(std::size_t kind) {
  RandomStream stream(0);
  return static_cast<std::uint16_t>(TypeOf(Drawn(kind, stream)));
}

Bytes Encoded(const Message& message) {
  Bytes bytes;
  EncodeMessage(message, bytes);
  return bytes;
}

std::uint16_t TypeNumber(const Message& message) {
  return static_cast<std::uint16_t>(TypeOf(message));
}

// Equal encodings of equal types are equal messages, and comparing them needs no second list of
// fields. That each field has bytes of its own is the next test's to show.
RC_GTEST_PROP(MessageEncoding, IsReadAsItWasWritten, (std::uint64_t seed)) {
  RandomStream stream(seed);
  for (std::size_t kind = 0; kind < std::variant_size_v<Body>; ++kind) {
    const Message message = Drawn(kind, stream);
    const Bytes bytes = Encoded(message);
    const Result<Message> read = DecodeMessage(TypeNumber(message), bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->body.index() == kind);
    RC_ASSERT(Encoded(*read) == bytes);
    RC_ASSERT(bytes.size() <= MessageBytesMax(TypeNumber(message), Options()));
  }
}

TEST(MessageEncoding, EachFieldHasBytesOfItsOwn) {
  const auto read =
      DecodeMessage(18, Encoded(Headed(Heartbeat{.round = RoundId(11), .commit = LogIndex(12)})));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->cluster, ClusterId(7));
  EXPECT_EQ(read->from, NodeId(1));
  EXPECT_EQ(read->to, NodeId(2));
  EXPECT_EQ(read->term, Term(3));
  EXPECT_EQ(std::get<Heartbeat>(read->body).round, RoundId(11));
  EXPECT_EQ(std::get<Heartbeat>(read->body).commit, LogIndex(12));
  // Whatever bit differs, the message does; one that only takes more bytes than it needs may be the
  // same (a varint with zeros behind it).
  RandomStream stream(1);
  for (std::size_t kind = 0; kind < std::variant_size_v<Body>; ++kind) {
    const Bytes good = Encoded(Drawn(kind, stream));
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      Bytes bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      const auto changed = DecodeMessage(TypeOfKind(kind), bad);
      if (!changed) continue;
      const Bytes again = Encoded(*changed);
      EXPECT_NE(again, good) << "kind " << kind << ", bit " << bit;
      if (again.size() == bad.size()) {
        EXPECT_EQ(again, bad) << "kind " << kind;
      }
    }
  }
}

TEST(MessageEncoding, WhatIsCutShortOrTooLongIsNone) {
  RandomStream stream(2);
  for (std::size_t kind = 0; kind < std::variant_size_v<Body>; ++kind) {
    const Message message = Drawn(kind, stream);
    const Bytes bytes = Encoded(message);
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const auto read = DecodeMessage(TypeNumber(message), ByteView(bytes).substr(0, length));
      ASSERT_FALSE(read.has_value()) << "kind " << kind << ", " << length << " bytes";
      EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    }
    EXPECT_FALSE(DecodeMessage(TypeNumber(message), bytes + "x").has_value()) << kind;
  }
}

TEST(MessageEncoding, NumbersThatMeanNothingAreRefused) {
  Bytes flag = Encoded(Headed(VoteReply{.granted = true}));
  flag.back() = 2;
  EXPECT_FALSE(DecodeMessage(23, flag).has_value());
  Bytes kind = Encoded(Headed(InstallSnapshotReply{}));
  kind[40] = 2;
  EXPECT_FALSE(DecodeMessage(25, kind).has_value());
  Append append;
  append.entries.push_back({.term = Term(1), .index = LogIndex(1), .kind = {}, .payload = {}});
  Bytes entry = Encoded(Headed(append));
  entry[entry.size() - 3] = 3;
  EXPECT_FALSE(DecodeMessage(16, entry).has_value());  // what is lost is lost here alone
  EXPECT_FALSE(DecodeMessage(15, Encoded(Headed(TimeoutNow{}))).has_value());
  EXPECT_FALSE(DecodeMessage(31, Encoded(Headed(TimeoutNow{}))).has_value());
}

// A count of entries that the bytes cannot hold takes no memory for them.
TEST(MessageEncoding, AnnouncedEntriesAreNotReserved) {
  Bytes bytes = Encoded(Headed(Append{}));
  bytes.pop_back();
  for (int i = 0; i < 9; ++i) bytes.push_back('\xff');
  bytes.push_back('\x01');
  EXPECT_FALSE(DecodeMessage(16, bytes).has_value());
}

std::string Page() {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/raft_messages.md");
  std::stringstream page;
  page << in.rdbuf();
  return page.str();
}

// The example of docs/formats/raft_messages.md.
TEST(MessageEncoding, IsWhatItsPageSays) {
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
  Append append{
      .previous = LogIndex(5), .previous_term = Term(2), .commit = LogIndex(5), .entries = {}};
  append.entries.push_back({.term = Term(3),
                            .index = LogIndex(6),
                            .kind = EntryKind::kNormal,
                            .payload = Payload::Copy("sand")});
  EXPECT_EQ(Printable(bytes, 1000), Printable(Encoded(Headed(append)), 1000));
}

// The sizes in its table add up to those of messages without anything of variable length.
TEST(MessageEncoding, TheSizesOfItsPageAddUp) {
  const std::string text = Page();
  const std::regex row(R"(\n\| (\d+) \| [a-z -]+ \| ([^\n]*) \|)");
  const std::regex size(R"(\((\d+)[):])");
  RandomStream stream(3);
  std::size_t rows = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    const auto type = static_cast<std::uint16_t>(std::stoi((*at)[1]));
    const std::string fields = (*at)[2];
    if (!IsMessageType(type)) continue;
    ++rows;
    std::size_t bytes = 32;
    for (std::sregex_iterator field(fields.begin(), fields.end(), size); field != end; ++field) {
      bytes += static_cast<std::size_t>(std::stoi((*field)[1]));
    }
    std::size_t kind = 0;
    while (TypeOfKind(kind) != type) ++kind;
    const Message message = Drawn(kind, stream);
    if (fields.find("varint") != std::string::npos) {
      EXPECT_GT(Encoded(message).size(), bytes) << "type " << type;
    } else {
      EXPECT_EQ(Encoded(message).size(), bytes) << "type " << type;
    }
  }
  EXPECT_EQ(rows, std::variant_size_v<Body>);
}

}  // namespace
}  // namespace beach::raft
