// SPDX-License-Identifier: Apache-2.0
#include "base/crc32c.h"

#include <cpuid.h>
#include <gtest/gtest.h>
#include <immintrin.h>
#include <rapidcheck/gtest.h>

namespace beach {
namespace {

// RFC 3720, appendix B.4. The RFC prints the bytes as sent; the values here are the numbers.
TEST(Crc32c, GivesTheValuesOfTheRfc) {
  EXPECT_EQ(Crc32c(Bytes(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(Crc32c(Bytes(32, '\xff')), 0x62a8ab43U);
  Bytes ascending;
  for (char c = 0; c < 32; ++c) ascending.push_back(c);
  EXPECT_EQ(Crc32c(ascending), 0x46dd794eU);
  EXPECT_EQ(Crc32c(Bytes(ascending.rbegin(), ascending.rend())), 0x113fdb5cU);
  // An iSCSI SCSI Read (10) command PDU.
  constexpr unsigned char kCommand[48] = {
      0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
      0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};
  EXPECT_EQ(Crc32c(Bytes(std::begin(kCommand), std::end(kCommand))), 0xd9963a56U);
}

TEST(Crc32c, GivesTheCheckValue) { EXPECT_EQ(Crc32c("123456789"), 0xe3069283U); }

TEST(Crc32c, OfNothingIsZeroAndChangesNothing) {
  EXPECT_EQ(Crc32c(""), 0U);
  EXPECT_EQ(Crc32c("", 0x12345678U), 0x12345678U);
}

// Whether the processor keeps track of who uses the upper halves of the vector registers.
bool TellsUpperHalves() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kExtendedState = 0xd;
  return __get_cpuid_count(kExtendedState, 1, &a, &b, &c, &d) != 0 && (a & 4) != 0;
}

[[gnu::target("avx,xsave")]] bool UpperHalvesInUse() { return (_xgetbv(1) & 4) != 0; }
[[gnu::target("avx")]] void GiveUpUpperHalves() { _mm256_zeroupper(); }
// Its register is the caller's to lose. To name it would make the compiler give up its upper half.
[[gnu::target("avx"), gnu::noinline]] void UseUpperHalves() {
  asm volatile("vcmpps $15, %ymm0, %ymm0, %ymm0");
}

// Where they stay in use, all that a thread does later is slower, on some processors by half.
TEST(Crc32c, LeavesNoUpperHalvesInUse) {
  if (!__builtin_cpu_supports("avx") || !TellsUpperHalves()) GTEST_SKIP() << "cannot be told here";
  UseUpperHalves();
  const bool told_used = UpperHalvesInUse();
  GiveUpUpperHalves();
  const bool told_unused = !UpperHalvesInUse();
  if (!told_used || !told_unused) GTEST_SKIP() << "not told apart here";
  for (const std::size_t length : {40U, 300U, 4096U}) {
    const Bytes data(length, 'x');
    GiveUpUpperHalves();
    static_cast<void>(Crc32c(data));
    const bool in_use = UpperHalvesInUse();
    EXPECT_FALSE(in_use) << length;
  }
}

// Bit by bit, from the polynomial.
std::uint32_t SlowCrc32c(ByteView data) {
  std::uint32_t state = 0xffffffff;
  for (const char c : data) {
    state ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~state;
}

RC_GTEST_PROP(Crc32cProperty, AgreesWithTheDefinitionAtAnyLengthAndAlignment, ()) {
  const auto length = *rc::gen::inRange<std::size_t>(0, 2'000);
  const auto data = *rc::gen::container<Bytes>(length, rc::gen::arbitrary<char>());
  const auto skip = *rc::gen::inRange<std::size_t>(0, 16);
  const ByteView view = ByteView(data).substr(std::min(skip, data.size()));
  RC_ASSERT(Crc32c(view) == SlowCrc32c(view));
}

RC_GTEST_PROP(Crc32cProperty, GoesOnOverPieces, (const Bytes& first, const Bytes& second)) {
  RC_ASSERT(Crc32c(second, Crc32c(first)) == Crc32c(first + second));
}

RC_GTEST_PROP(Crc32cProperty, EveryFlippedBitShows, ()) {
  auto data = *rc::gen::nonEmpty<Bytes>();
  const std::uint32_t before = Crc32c(data);
  const auto bit = *rc::gen::inRange<std::size_t>(0, data.size() * 8);
  data[bit / 8] = static_cast<char>(data[bit / 8] ^ (1 << (bit % 8)));
  RC_ASSERT(Crc32c(data) != before);
}

}  // namespace
}  // namespace beach
