// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/compression.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/coding.h"
#include "base/random.h"

namespace beach::engine::sst {
namespace {

Bytes Noise(std::size_t size) {
  Bytes bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) Encoder(bytes).Fixed64(RandomValue(1, 2, i));
  bytes.resize(size);
  return bytes;
}

Bytes Text(std::size_t size) {
  Bytes bytes;
  for (std::uint64_t i = 0; bytes.size() < size; ++i)
    bytes += "line " + std::to_string(i * i) + '\n';
  bytes.resize(size);
  return bytes;
}

TEST(Compression, GivesBackWhatWentIn) {
  for (const Compression wanted : {Compression::kLz4, Compression::kZstd}) {
    Compressor compressor(wanted);
    for (const std::size_t size : {64U, 4096U, 70'000U, 3'000'000U}) {
      const Bytes content = Text(size);
      Bytes stored;
      const Compression made = compressor.Compress(content, stored);
      if (size == 64 && made == Compression::kNone) continue;
      ASSERT_EQ(made, wanted) << size;
      EXPECT_LE(stored.size(), size - size / 8);
      const auto back = Decompressor().Decompress(made, stored, "f", 0);
      ASSERT_TRUE(back.has_value());
      EXPECT_EQ(*back, content);
      // The same again with a used compressor, and with a new one.
      Bytes again;
      EXPECT_EQ(compressor.Compress(content, again), made);
      EXPECT_EQ(again, stored);
      EXPECT_EQ(Compressor(wanted).Compress(content, again), made);
      EXPECT_EQ(again, stored);
    }
  }
}

TEST(Compression, LeavesWhatWouldSaveLittle) {
  Bytes stored;
  for (const Compression wanted : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
    Compressor compressor(wanted);
    EXPECT_EQ(compressor.Compress(Noise(4096), stored), Compression::kNone);
    EXPECT_EQ(compressor.Compress("", stored), Compression::kNone);
    EXPECT_EQ(compressor.Compress("abc", stored), Compression::kNone);
    // About a tenth of it would go: too little.
    EXPECT_EQ(compressor.Compress(Noise(3700) + Bytes(396, 'a'), stored), Compression::kNone);
    EXPECT_EQ(compressor.Compress(Noise(3000) + Bytes(1096, 'a'), stored), wanted);
  }
}

TEST(Compression, WhatShrinksBeyondMeasureGoesWithLz4) {
  Bytes stored;
  const Bytes zeros(4'000'000, '\0');
  EXPECT_EQ(Compressor(Compression::kZstd).Compress(zeros, stored), Compression::kLz4);
  EXPECT_EQ(Decompressor().Decompress(Compression::kLz4, stored, "f", 0).value(), zeros);
}

TEST(Compression, ASizeThatIsNotSoIsDamageBeforeItIsMemory) {
  const Bytes content = Text(5000);
  for (const Compression made : {Compression::kLz4, Compression::kZstd}) {
    Bytes stored;
    ASSERT_EQ(Compressor(made).Compress(content, stored), made);
    const Bytes body = stored.substr(2);  // a varint of two bytes is in front
    for (const std::uint64_t size :
         {std::uint64_t{0}, std::uint64_t{4999}, std::uint64_t{5001}, std::uint64_t{1} << 31,
          std::uint64_t{1} << 62, ~std::uint64_t{0}}) {
      Bytes bad;
      Encoder(bad).Varint(size);
      bad += body;
      const auto back = Decompressor().Decompress(made, bad, "f", 77);
      ASSERT_FALSE(back.has_value()) << size;
      EXPECT_EQ(back.error().code(), ErrorCode::kCorruption);
      EXPECT_EQ(back.error().path(), "f");
      EXPECT_EQ(back.error().offset(), 77U);
    }
    EXPECT_FALSE(Decompressor().Decompress(made, "", "f", 0).has_value());
    EXPECT_FALSE(
        Decompressor().Decompress(made, stored.substr(0, stored.size() - 1), "f", 0).has_value());
    EXPECT_FALSE(Decompressor().Decompress(made, stored + "x", "f", 0).has_value());
  }
}

TEST(Compression, HostileBytesAreAnErrorOrTheSizeTheyClaim) {
  for (const Compression made : {Compression::kLz4, Compression::kZstd}) {
    Bytes good;
    ASSERT_EQ(Compressor(made).Compress(Text(2000), good), made);
    EXPECT_TRUE(rc::check([&] {
      Bytes bytes = good;
      const auto changes = *rc::gen::inRange(1, 4);
      for (int i = 0; i < changes; ++i) {
        bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
      }
      const auto back = Decompressor().Decompress(made, bytes, "f", 0);
      if (back) RC_ASSERT(back->size() <= bytes.size() * kZstdRatioMax);
    }));
  }
}

}  // namespace
}  // namespace beach::engine::sst
