// SPDX-License-Identifier: Apache-2.0
#include "wire/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/crc32c.h"
#include "wire/frame_reader.h"

namespace beach::wire {
namespace {

constexpr std::uint64_t kMax = 1 << 20;

std::optional<std::uint64_t> Max(std::uint16_t type) {
  if (type == 99) return std::nullopt;
  return type == 9 ? 16 : kMax;
}

struct Copy {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint64_t request = 0;
  std::string payload;
  friend bool operator==(const Copy&, const Copy&) = default;
};

// All frames of a stream that arrives in these pieces; an error ends it.
Result<std::vector<Copy>> ReadAll(const std::string& stream, const std::vector<std::size_t>& cuts) {
  FrameReader reader(Max);
  std::vector<Copy> frames;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : stream.size();
    const std::string piece = stream.substr(begin, end - begin);  // dies with this turn
    reader.Feed(piece);
    for (;;) {
      BEACH_TRY_ASSIGN(const std::optional<Frame> frame, reader.Next());
      if (!frame) break;
      frames.push_back({frame->head.type, frame->head.flags, frame->head.request.value,
                        std::string(frame->payload)});
    }
    EXPECT_LE(reader.kept_bytes(), end);
    begin = end;
  }
  return frames;
}

std::string Encode(const Copy& frame) {
  std::string bytes;
  AppendFrame(bytes, {frame.type, frame.flags, RequestId(frame.request)}, frame.payload);
  return bytes;
}

RC_GTEST_PROP(Frame, ComesOutOfAnySplitAsItWentIn, ()) {
  const auto count = *rc::gen::inRange<std::size_t>(0, 6);
  std::vector<Copy> frames;
  std::string stream;
  for (std::size_t i = 0; i < count; ++i) {
    Copy frame;
    frame.type = *rc::gen::inRange<std::uint16_t>(0, 8);
    frame.flags = *rc::gen::arbitrary<std::uint16_t>();
    frame.request = *rc::gen::arbitrary<std::uint64_t>();
    frame.payload = *rc::gen::arbitrary<std::string>();
    stream += Encode(frame);
    frames.push_back(frame);
  }
  auto cuts = *rc::gen::container<std::vector<std::size_t>>(
      rc::gen::inRange<std::size_t>(0, stream.size() + 1));
  std::ranges::sort(cuts);
  const auto read = ReadAll(stream, cuts);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == frames);
}

TEST(Frame, AWholeOneIsNotCopied) {
  const std::string bytes = Encode({1, 0, 7, "payload"}) + Encode({2, 0, 8, ""});
  FrameReader reader(Max);
  reader.Feed(bytes);
  const auto first = reader.Next();
  ASSERT_TRUE(first.has_value() && first->has_value());
  EXPECT_EQ((*first)->payload.data(), bytes.data() + kFrameHeaderSize);
  const auto second = reader.Next();
  ASSERT_TRUE(second.has_value() && second->has_value());
  EXPECT_EQ((*second)->head.request, RequestId(8));
  EXPECT_EQ(reader.kept_bytes(), 0U);
}

TEST(Frame, OneByteAtATime) {
  const std::string stream = Encode({1, 2, 3, "abc"}) + Encode({4, 5, 6, std::string(100, 'x')});
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < stream.size(); ++i) cuts.push_back(i);
  const auto read = ReadAll(stream, cuts);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->size(), 2U);
}

// Every single bit, in one piece and byte by byte.
TEST(Frame, NoFlippedBitPasses) {
  const std::string good = Encode({3, 1, 0x1122334455667788, "some payload"});
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < good.size(); ++i) cuts.push_back(i);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    for (const auto& split : {std::vector<std::size_t>{}, cuts}) {
      const auto read = ReadAll(bad, split);
      ASSERT_FALSE(read.has_value()) << "bit " << bit;
      const bool in_magic = bit / 8 < 4;
      EXPECT_EQ(read.error().code(), in_magic ? ErrorCode::kRefused : ErrorCode::kCorruption)
          << "bit " << bit;
    }
  }
}

TEST(Frame, ALengthBeyondItsTypeIsRefusedBeforeItIsKept) {
  std::string bytes = Encode({9, 0, 0, std::string(17, 'x')});
  FrameReader reader(Max);
  const std::string header = bytes.substr(0, kFrameHeaderSize);
  reader.Feed(header);
  const auto refused = reader.Next();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(refused.error().message().find("17 bytes"), std::string::npos);
  EXPECT_EQ(reader.kept_bytes(), 0U);
  for (int i = 0; i < 2; ++i) {  // whatever is fed
    reader.Feed(header);
    const auto again = reader.Next();
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code(), ErrorCode::kInvalidArgument);
  }
}

TEST(Frame, ATypeThatMayNotBeIsRefusedByItsHeader) {
  const std::string header = Encode({99, 0, 0, "payload"}).substr(0, kFrameHeaderSize);
  FrameReader reader(Max);
  reader.Feed(header);
  const auto refused = reader.Next();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message(), "a frame of type 99 where none may be");
  EXPECT_EQ(reader.kept_bytes(), 0U);
}

TEST(Frame, AnnouncedBytesAreNotReserved) {
  const std::string bytes = Encode({1, 0, 0, std::string(kMax, 'x')});
  FrameReader reader(Max);
  const std::string begin = bytes.substr(0, 100);
  reader.Feed(begin);
  ASSERT_TRUE(reader.Next().has_value());
  EXPECT_EQ(reader.kept_bytes(), 100U);
}

TEST(Frame, AStrangerIsKnownByHisFirstBytes) {
  struct Stranger {
    const char* says;
    const char* known_as;
  };
  for (const auto& [says, known_as] :
       {Stranger{"GET / HTTP/1.1\r\n", "HTTP"}, Stranger{"*1\r\n$4\r\nPING\r\n", "RESP"},
        Stranger{"\x16\x03\x01\x02", "TLS"}, Stranger{"BDB9....", "version"},
        Stranger{"hello world", "no frame begins"}}) {
    const auto read = ReadAll(says, {});
    ASSERT_FALSE(read.has_value()) << says;
    EXPECT_EQ(read.error().code(), ErrorCode::kRefused);
    EXPECT_NE(read.error().message().find(known_as), std::string::npos) << read.error().message();
  }
}

// The worked example of docs/formats/frame.md.
TEST(Frame, IsWhatItsPageSays) {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/frame.md");
  std::stringstream page;
  page << in.rdbuf();
  const std::string text = page.str();
  const std::size_t begin = text.find("```hex\n");
  ASSERT_NE(begin, std::string::npos);
  const std::size_t end = text.find("```", begin + 7);
  std::istringstream lines(text.substr(begin + 7, end - begin - 7));
  std::string bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  EXPECT_EQ(Printable(bytes, 1000), Printable(Encode({1, 0, 258, "sand"}), 1000));
}

}  // namespace
}  // namespace beach::wire
