// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <memory>
#include <vector>

namespace beach {
namespace {

using namespace std::string_literals;

Bytes VarintBytes(std::uint64_t value) {
  Bytes bytes;
  Encoder(bytes).Varint(value);
  return bytes;
}

TEST(Coding, FixedWidthIsLittleEndian) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(0x01);
  encoder.Fixed16(0x0203);
  encoder.Fixed32(0x04050607);
  encoder.Fixed64(0x08090a0b0c0d0e0f);
  EXPECT_EQ(bytes, "\x01\x03\x02\x07\x06\x05\x04\x0f\x0e\x0d\x0c\x0b\x0a\x09\x08"s);
}

TEST(Coding, VarintIsLeb128) {
  EXPECT_EQ(VarintBytes(0), "\x00"s);
  EXPECT_EQ(VarintBytes(127), "\x7f"s);
  EXPECT_EQ(VarintBytes(128), "\x80\x01"s);
  EXPECT_EQ(VarintBytes(300), "\xac\x02"s);
  EXPECT_EQ(VarintBytes(~std::uint64_t{0}), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s);
}

TEST(Coding, LengthPrefixedIsAVarintAndTheBytes) {
  Bytes bytes;
  Encoder(bytes).LengthPrefixed("a\0b"s);
  EXPECT_EQ(bytes, "\x03"s + "a\0b"s);
}

TEST(Coding, EncoderAppends) {
  Bytes bytes = "before";
  Encoder encoder(bytes);
  encoder.Raw("raw");
  encoder.Fixed8('!');
  EXPECT_EQ(bytes, "beforeraw!");
}

TEST(Decoder, RefusesTruncatedFixedValues) {
  const Bytes bytes(7, 'x');
  EXPECT_EQ(Decoder(ByteView(bytes).substr(0, 0)).Fixed8(), 0);
  EXPECT_EQ(Decoder(ByteView(bytes).substr(0, 1)).Fixed16(), 0);
  EXPECT_EQ(Decoder(ByteView(bytes).substr(0, 3)).Fixed32(), 0U);
  Decoder decoder(bytes);
  EXPECT_EQ(decoder.Fixed64(), 0U);
  EXPECT_FALSE(decoder.ok());
}

TEST(Decoder, StaysBadAndGivesNothingMore) {
  const Bytes bytes = "\x05xy"s;  // five promised, two there
  Decoder decoder(bytes);
  EXPECT_TRUE(decoder.LengthPrefixed().empty());
  EXPECT_FALSE(decoder.ok());
  EXPECT_FALSE(decoder.done());
  EXPECT_TRUE(decoder.rest().empty());
  EXPECT_EQ(decoder.Fixed8(), 0);
  EXPECT_EQ(decoder.Varint(), 0U);
  EXPECT_TRUE(decoder.Raw(0).empty());
  EXPECT_FALSE(decoder.ok());
}

TEST(Decoder, RefusesVarintsOf64BitsAndMore) {
  for (const Bytes& bytes : {
           ""s,
           "\x80"s,
           Bytes(9, '\xff'),                 // cut
           Bytes(9, '\xff') + "\x02",        // bit 64
           Bytes(9, '\xff') + "\x81\x00"s,   // eleven bytes
           Bytes(20, '\x80'),
       }) {
    Decoder decoder(bytes);
    EXPECT_EQ(decoder.Varint(), 0U);
    EXPECT_FALSE(decoder.ok()) << Printable(bytes);
  }
}

TEST(Decoder, Varint32RefusesMoreThan32Bits) {
  const Bytes largest = VarintBytes(0xffffffff);
  Decoder fits(largest);
  EXPECT_EQ(fits.Varint32(), 0xffffffffU);
  EXPECT_TRUE(fits.done());
  const Bytes over = VarintBytes(0x100000000);
  Decoder too_large(over);
  EXPECT_EQ(too_large.Varint32(), 0U);
  EXPECT_FALSE(too_large.ok());
}

TEST(Decoder, HugeLengthPrefixIsBad) {
  const Bytes bytes = VarintBytes(std::numeric_limits<std::uint64_t>::max()) + "abc";
  Decoder decoder(bytes);
  EXPECT_TRUE(decoder.LengthPrefixed().empty());
  EXPECT_FALSE(decoder.ok());
}

TEST(Decoder, DoneWantsNothingLeft) {
  Decoder decoder("ab");
  EXPECT_EQ(decoder.Raw(1), "a");
  EXPECT_TRUE(decoder.ok());
  EXPECT_FALSE(decoder.done());
  EXPECT_EQ(decoder.rest(), "b");
  EXPECT_EQ(decoder.Raw(1), "b");
  EXPECT_TRUE(decoder.done());
}

// A value of one of the kinds that formats are built of.
struct Item {
  int kind = 0;
  std::uint64_t number = 0;
  Bytes bytes;
};

constexpr int kKinds = 7;

std::uint64_t Masked(const Item& item) {
  switch (item.kind) {
    case 0: return item.number & 0xff;
    case 1: return item.number & 0xffff;
    case 2:
    case 5: return item.number & 0xffffffff;
    default: return item.number;
  }
}

void Encode(const Item& item, Encoder& encoder) {
  const std::uint64_t number = Masked(item);
  switch (item.kind) {
    case 0: return encoder.Fixed8(static_cast<std::uint8_t>(number));
    case 1: return encoder.Fixed16(static_cast<std::uint16_t>(number));
    case 2: return encoder.Fixed32(static_cast<std::uint32_t>(number));
    case 3: return encoder.Fixed64(number);
    case 4:
    case 5: return encoder.Varint(number);
    default: return encoder.LengthPrefixed(item.bytes);
  }
}

// Decodes one item of this kind: its number, or, for bytes, their length.
std::uint64_t Decode(int kind, Decoder& decoder, ByteView& bytes) {
  switch (kind) {
    case 0: return decoder.Fixed8();
    case 1: return decoder.Fixed16();
    case 2: return decoder.Fixed32();
    case 3: return decoder.Fixed64();
    case 4: return decoder.Varint();
    case 5: return decoder.Varint32();
    default: bytes = decoder.LengthPrefixed(); return bytes.size();
  }
}

// Numbers of every length, not only the long ones that uniform bits give.
rc::Gen<std::uint64_t> AnyNumber() {
  return rc::gen::map(rc::gen::pair(rc::gen::arbitrary<std::uint64_t>(), rc::gen::inRange(0, 64)),
                      [](const auto& drawn) { return drawn.first >> drawn.second; });
}

rc::Gen<Item> AnyItem() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::inRange(0, kKinds), AnyNumber(), rc::gen::arbitrary<Bytes>()),
      [](const auto& drawn) {
        return Item{std::get<0>(drawn), std::get<1>(drawn), std::get<2>(drawn)};
      });
}

RC_GTEST_PROP(CodingProperty, DecodeOfEncodeIsTheSame, ()) {
  const auto items = *rc::gen::container<std::vector<Item>>(AnyItem());
  Bytes encoded;
  Encoder encoder(encoded);
  for (const Item& item : items) Encode(item, encoder);
  Decoder decoder(encoded);
  for (const Item& item : items) {
    ByteView bytes;
    const std::uint64_t number = Decode(item.kind, decoder, bytes);
    RC_ASSERT(decoder.ok());
    if (item.kind == kKinds - 1) {
      RC_ASSERT(bytes == item.bytes);
    } else {
      RC_ASSERT(number == Masked(item));
    }
  }
  RC_ASSERT(decoder.done());
}

RC_GTEST_PROP(CodingProperty, EveryTruncationOfAnEncodedItemIsBad, ()) {
  const Item item = *AnyItem();
  Bytes encoded;
  Encoder encoder(encoded);
  Encode(item, encoder);
  const auto cut = *rc::gen::inRange<std::size_t>(0, encoded.size());
  Decoder decoder(ByteView(encoded).substr(0, cut));
  ByteView bytes;
  Decode(item.kind, decoder, bytes);
  RC_ASSERT(!decoder.ok());
}

// The input is copied to an allocation of its exact size, so that the address sanitizer sees a read
// past it; without one, every view given out is checked to lie inside.
RC_GTEST_PROP(CodingProperty, DecodeOfGarbageStaysInside, ()) {
  const auto garbage = *rc::gen::container<Bytes>(
      rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::element('\x80', '\xff', '\x02', '\x00')));
  const auto kinds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, kKinds + 1));
  const std::unique_ptr<char[]> exact(new char[garbage.size()]);
  std::memcpy(exact.get(), garbage.data(), garbage.size());
  Decoder decoder(ByteView(exact.get(), garbage.size()));
  std::size_t left = garbage.size();
  for (const int kind : kinds) {
    ByteView bytes;
    if (kind == kKinds) {
      bytes = decoder.Raw(*rc::gen::inRange<std::size_t>(0, 16));
    } else {
      Decode(kind, decoder, bytes);
    }
    if (!bytes.empty()) {
      RC_ASSERT(bytes.data() >= exact.get());
      RC_ASSERT(bytes.data() + bytes.size() <= exact.get() + garbage.size());
    }
    RC_ASSERT(decoder.rest().size() <= left);
    left = decoder.rest().size();
  }
}

}  // namespace
}  // namespace beach
