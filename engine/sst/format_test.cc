// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/format.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/sst/block_io.h"
#include "engine/sst/properties.h"
#include "engine/sst/table_testing.h"

namespace beach::engine::sst {
namespace {

using testing::MemoryFiles;

const Footer kFooter{.identity = {.database = kDatabase, .file = kFile},
                     .index = {.offset = 1000, .size = 77},
                     .properties = {.offset = 900, .size = 95},
                     .filter = {.offset = 700, .size = 65},
                     .range_deletes = {.offset = 770, .size = 125}};

Bytes WithFreshCrc(Bytes footer) {
  const std::uint32_t crc = Crc32c(ByteView(footer).substr(0, kFooterCrcOffset));
  StoreFixed(footer.data() + kFooterCrcOffset, crc);
  return footer;
}

TEST(Footer, DecodesWhatItEncodes) {
  EXPECT_TRUE(rc::check([](std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d) {
    const Footer footer{.identity = {.database = {.high = a, .low = b}, .file = FileNumber(c)},
                        .index = {.offset = d, .size = a},
                        .properties = {.offset = b, .size = c},
                        .filter = {.offset = c, .size = d},
                        .range_deletes = {.offset = a, .size = d}};
    const auto decoded = DecodeFooter(EncodeFooter(footer), "f", 0);
    RC_ASSERT(decoded.has_value());
    RC_ASSERT(*decoded == footer);
  }));
}

TEST(Footer, EveryFlippedBitIsCorruption) {
  const Bytes good = EncodeFooter(kFooter);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    const auto decoded = DecodeFooter(bad, "f", 4096);
    ASSERT_FALSE(decoded.has_value()) << bit;
    EXPECT_EQ(decoded.error().code(), ErrorCode::kCorruption) << bit;
    EXPECT_EQ(decoded.error().path(), "f");
    EXPECT_EQ(decoded.error().offset(), 4096U);
  }
}

TEST(Footer, AnUnknownVersionIsRefused) {
  for (const std::uint32_t version : {0U, 1U, 3U, 0xffffffffU}) {
    Bytes bytes = EncodeFooter(kFooter);
    StoreFixed(bytes.data() + kFooterVersionOffset, version);
    const auto decoded = DecodeFooter(WithFreshCrc(bytes), "f", 0);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error().code(), ErrorCode::kRefused);
  }
}

class BlockIo : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kOffset = 3;
  const Identity identity_{.database = kDatabase, .file = kFile};
  const Bytes content_ = "content";

  Result<Bytes> Read(const BlockHandle& handle, std::uint64_t limit, const Identity& identity) {
    auto file = files_.Open("f", {.mode = env::OpenMode::kRead, .direct = false});
    EXPECT_TRUE(file.has_value());
    Decompressor decompressor;
    return ReadBlock(**file, identity, handle, limit, decompressor);
  }
  // At kOffset: three bytes of something else are in front.
  std::uint64_t Store(ByteView trailer) {
    files_.SetContent("f", "???" + content_ + Bytes(trailer));
    return kOffset + content_.size() + trailer.size();
  }

  MemoryFiles files_;
};

TEST_F(BlockIo, ReadsBackAtItsPlaceOnly) {
  const std::uint64_t end = Store(BlockTrailer(identity_, kOffset, content_));
  EXPECT_EQ(Read({kOffset, content_.size()}, end, identity_).value(), content_);
  Identity other_file = identity_;
  other_file.file = FileNumber(8);
  EXPECT_EQ(Read({kOffset, content_.size()}, end, other_file).error().code(),
            ErrorCode::kCorruption);
  Identity other_database = identity_;
  ++other_database.database.low;
  EXPECT_EQ(Read({kOffset, content_.size()}, end, other_database).error().code(),
            ErrorCode::kCorruption);
  const std::uint64_t misplaced = Store(BlockTrailer(identity_, kOffset + 1, content_));
  const auto read = Read({kOffset, content_.size()}, misplaced, identity_);
  EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(read.error().offset(), kOffset);
}

// Were one of these lengths believed, the allocation would fail.
TEST_F(BlockIo, HandlesBeyondTheLimitAreDamageBeforeTheyAreMemory) {
  const std::uint64_t end = Store(BlockTrailer(identity_, kOffset, content_));
  const std::uint64_t huge = std::uint64_t{1} << 62;
  const std::uint64_t all = ~std::uint64_t{0};
  for (const BlockHandle handle :
       {BlockHandle{kOffset, huge}, BlockHandle{huge, 7}, BlockHandle{all, all},
        BlockHandle{kOffset, all}, BlockHandle{end, 0}, BlockHandle{kOffset, 8}}) {
    const auto read = Read(handle, end, identity_);
    ASSERT_FALSE(read.has_value()) << handle.offset << " " << handle.size;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
    EXPECT_EQ(read.error().path(), "f");
  }
}

TEST_F(BlockIo, AFileThatEndsWithinABlockIsDamage) {
  const std::uint64_t end = Store(BlockTrailer(identity_, kOffset, content_));
  Bytes cut = files_.Content("f");
  cut.pop_back();
  files_.SetContent("f", cut);
  EXPECT_EQ(Read({kOffset, content_.size()}, end, identity_).error().code(),
            ErrorCode::kCorruption);
}

TEST_F(BlockIo, AnUnknownCompressionIsDamageEvenWithItsChecksum) {
  Bytes covered;
  Encoder encoder(covered);
  encoder.Fixed64(kDatabase.high);
  encoder.Fixed64(kDatabase.low);
  encoder.Fixed64(kFile.value);
  encoder.Fixed64(kOffset);
  encoder.Raw(content_);
  encoder.Fixed8(9);
  Bytes trailer;
  Encoder(trailer).Fixed8(9);
  Encoder(trailer).Fixed32(Crc32c(covered));
  const std::uint64_t end = Store(trailer);
  const auto read = Read({kOffset, content_.size()}, end, identity_);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().message(), "unknown block compression");
}

Properties SomeProperties() {
  Properties properties;
  properties.Count(KeyAt("a", 7), "value");
  properties.Count(KeyAt("b", 3, ValueKind::kDelete), "");
  properties.data_blocks = 1;
  return properties;
}

// `bytes` with the property put in at its place, or replaced.
Bytes WithProperty(ByteView bytes, ByteView name, ByteView value) {
  std::map<Bytes, Bytes> all;
  Decoder decoder(bytes);
  while (!decoder.rest().empty()) {
    const Bytes known(decoder.LengthPrefixed());
    all[known] = decoder.LengthPrefixed();
  }
  all[Bytes(name)] = value;
  Bytes result;
  for (const auto& [known, text] : all) {
    Encoder(result).LengthPrefixed(known);
    Encoder(result).LengthPrefixed(text);
  }
  return result;
}

TEST(Properties, DecodeWhatTheyEncodeAndIgnoreNewNames) {
  const Properties properties = SomeProperties();
  const Bytes bytes = EncodeProperties(properties);
  EXPECT_EQ(DecodeProperties(bytes, "f", 0).value(), properties);
  EXPECT_EQ(DecodeProperties(WithProperty(bytes, "future", "bloom"), "f", 0).value(), properties);
}

TEST(Properties, AForeignOrderIsRefused) {
  const Bytes bytes = EncodeProperties(SomeProperties());
  const auto decoded = DecodeProperties(WithProperty(bytes, "comparator", "reverse"), "f", 0);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code(), ErrorCode::kRefused);
}

TEST(Properties, TruncationsAndContradictionsAreDamage) {
  const Bytes bytes = EncodeProperties(SomeProperties());
  const auto code = [](ByteView encoded) {
    const auto decoded = DecodeProperties(encoded, "f", 9);
    return decoded.has_value() ? ErrorCode::kClosed : decoded.error().code();
  };
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(code(ByteView(bytes).substr(0, length)), ErrorCode::kCorruption) << length;
  }
  EXPECT_EQ(code(bytes + bytes), ErrorCode::kCorruption) << "names ascend";
  EXPECT_EQ(code(WithProperty(bytes, "entries", Bytes(1, '\0'))), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "deletes", "\x7f")), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "user_keys", "\x7f")), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "data_blocks", "\x7f")), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "filter_bits_per_key", "\x7f")), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "compression", "zip")), ErrorCode::kRefused);
  EXPECT_EQ(code(WithProperty(bytes, "smallest", "short")), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "smallest", KeyAt("z", 1))), ErrorCode::kCorruption);
  EXPECT_EQ(code(WithProperty(bytes, "sequence_min", "\x7f")), ErrorCode::kCorruption);
}

TEST(Properties, HostileBytesAreAnErrorOrMeanWhatTheySay) {
  EXPECT_TRUE(rc::check([] {
    Bytes bytes = EncodeProperties(SomeProperties());
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = *rc::gen::arbitrary<char>();
    const auto decoded = DecodeProperties(bytes, "f", 0);
    if (decoded) RC_ASSERT(EncodeProperties(*decoded).size() <= bytes.size());
  }));
}

}  // namespace
}  // namespace beach::engine::sst
