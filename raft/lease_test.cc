// SPDX-License-Identifier: Apache-2.0
#include "raft/lease.h"

#include <gtest/gtest.h>

namespace beach::raft {
namespace {

constexpr std::uint64_t kTimeout = 1000;

TEST(Lease, CountsFromWhenTheRoundWasSentAndIsShorterByTheDrift) {
  Lease lease(kTimeout, 100'000);
  lease.RoundSent(RoundId(1), 5000);
  EXPECT_FALSE(lease.Valid(5000));
  lease.RoundAnswered(RoundId(1));
  EXPECT_TRUE(lease.Valid(5899));
  EXPECT_FALSE(lease.Valid(5900));
}

TEST(Lease, TheDriftIsRoundedUp) {
  Lease lease(999, 1);
  lease.RoundSent(RoundId(1), 0);
  lease.RoundAnswered(RoundId(1));
  EXPECT_EQ(lease.expires_ns(), 998U);
}

TEST(Lease, AnAnswerToAnOlderRoundExtendsNoFurtherThanThat) {
  Lease lease(kTimeout, 0);
  lease.RoundSent(RoundId(1), 100);
  lease.RoundSent(RoundId(2), 700);
  lease.RoundAnswered(RoundId(1));
  EXPECT_EQ(lease.expires_ns(), 1100U);
  lease.RoundAnswered(RoundId(2));
  EXPECT_EQ(lease.expires_ns(), 1700U);
}

TEST(Lease, RoundsBeyondWhatIsKeptExtendLess) {
  Lease lease(kTimeout, 0);
  for (std::uint64_t i = 1; i <= 100; ++i) lease.RoundSent(RoundId(i), i * 10);
  lease.RoundAnswered(RoundId(100));
  EXPECT_EQ(lease.expires_ns(), 640 + kTimeout);
}

TEST(Lease, ARevokedOneNeedsARoundThatIsSentLater) {
  Lease lease(kTimeout, 0);
  lease.RoundSent(RoundId(1), 100);
  lease.RoundSent(RoundId(2), 200);
  lease.RoundAnswered(RoundId(1));
  lease.Revoke(RoundId(2));
  EXPECT_FALSE(lease.Valid(300));
  lease.RoundAnswered(RoundId(2));
  EXPECT_FALSE(lease.Valid(300));
  lease.RoundSent(RoundId(3), 300);
  lease.RoundAnswered(RoundId(3));
  EXPECT_TRUE(lease.Valid(400));
}

TEST(Lease, OneThatWasGivenAwayNeverComesBack) {
  Lease lease(kTimeout, 0);
  lease.RevokeForGood();
  lease.RoundSent(RoundId(1), 100);
  lease.RoundAnswered(RoundId(1));
  EXPECT_FALSE(lease.Valid(200));
}

TEST(Lease, TimesBeyond32BitsOfMillisecondsAreTimes) {
  Lease lease(kTimeout, 0);
  const std::uint64_t late = std::uint64_t{5'000'000'000} * 1'000'000;
  lease.RoundSent(RoundId(1), late);
  lease.RoundAnswered(RoundId(1));
  EXPECT_TRUE(lease.Valid(late + kTimeout - 1));
  EXPECT_FALSE(lease.Valid(late + kTimeout));
}

}  // namespace
}  // namespace beach::raft
