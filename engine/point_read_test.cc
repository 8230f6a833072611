// SPDX-License-Identifier: Apache-2.0
#include "engine/point_read.h"

#include <gtest/gtest.h>

namespace beach::engine {
namespace {

// Of a source that has one version of the key.
Result<std::optional<Bytes>> ReadOf(const VersionFound& version, std::uint64_t time) {
  PointRead read("k", SequenceNumber(100), time);
  const auto get = [&](SequenceNumber at) -> Result<std::optional<VersionFound>> {
    if (version.sequence > at) return std::nullopt;
    return version;
  };
  BEACH_TRY(read.LookInto(SequenceNumber(), get));
  return std::move(read).Finish();
}

TEST(PointRead, AValueIsThereUntilItsTime) {
  const VersionFound version{.sequence = SequenceNumber(1),
                             .kind = ValueKind::kPutUntil,
                             .value = EncodeExpiring(10, "v")};
  EXPECT_EQ(*ReadOf(version, 9), Bytes("v"));
  EXPECT_EQ(*ReadOf(version, 10), std::nullopt);
}

TEST(PointRead, AValueThatIsNoneOfItsKindIsCorruption) {
  for (const ValueKind kind : {ValueKind::kPutUntil, ValueKind::kMerge}) {
    const auto value = ReadOf({.sequence = SequenceNumber(1), .kind = kind, .value = "\x07"}, 0);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code(), ErrorCode::kCorruption);
  }
}

}  // namespace
}  // namespace beach::engine
