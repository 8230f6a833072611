// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string_view>

namespace beach {
namespace {

constexpr ErrorCode kAllCodes[] = {
    ErrorCode::kInvalidArgument,
    ErrorCode::kNotFound,
    ErrorCode::kAlreadyExists,
    ErrorCode::kIo,
    ErrorCode::kNoSpace,
    ErrorCode::kUnsupported,
    ErrorCode::kCorruption,
    ErrorCode::kRefused,
    ErrorCode::kBusy,
    ErrorCode::kOverloaded,
    ErrorCode::kCompactedAway,
    ErrorCode::kClosed,
};

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const ErrorCode code : kAllCodes) names.insert(ErrorCodeName(code));
  EXPECT_EQ(names.size(), std::size(kAllCodes));
  EXPECT_FALSE(names.contains("unknown code"));
}

TEST(Error, TextSaysWhatAndWhere) {
  const Error plain(ErrorCode::kClosed, "the handle is closed");
  EXPECT_EQ(plain.ToString(), "closed: the handle is closed");
  const Error in_file = Error(ErrorCode::kRefused, "unknown version 9").At("d/CURRENT");
  EXPECT_EQ(in_file.ToString(), "refused: unknown version 9 (d/CURRENT)");
  const Error at = Error(ErrorCode::kCorruption, "bad block checksum").At("000007.sst", 4096);
  EXPECT_EQ(at.ToString(), "corruption: bad block checksum (000007.sst, offset 4096)");
  EXPECT_EQ(at.path(), "000007.sst");
  EXPECT_EQ(at.offset(), 4096U);
  EXPECT_EQ(at.os_error(), 0);
}

TEST(Error, OffsetZeroIsAnOffset) {
  EXPECT_EQ(Error(ErrorCode::kIo, "x").At("f", 0).ToString(), "io error: x (f, offset 0)");
  EXPECT_EQ(Error(ErrorCode::kIo, "x").offset(), Error::kNoOffset);
}

TEST(ErrnoError, PicksTheCodeByErrno) {
  const auto code = [](int os_error) { return ErrnoError(os_error, "write", "f").code(); };
  EXPECT_EQ(code(ENOSPC), ErrorCode::kNoSpace);
  EXPECT_EQ(code(EDQUOT), ErrorCode::kNoSpace);
  EXPECT_EQ(code(ENOENT), ErrorCode::kNotFound);
  EXPECT_EQ(code(EEXIST), ErrorCode::kAlreadyExists);
  EXPECT_EQ(code(EIO), ErrorCode::kIo);
  EXPECT_EQ(code(EACCES), ErrorCode::kIo);
}

TEST(ErrnoError, CarriesOperationReasonPlaceAndErrno) {
  const Error error = ErrnoError(ENOSPC, "write", "d/f", 512);
  EXPECT_EQ(error.ToString(), "no space: write failed: No space left on device (d/f, offset 512)");
  EXPECT_EQ(error.os_error(), ENOSPC);
  EXPECT_EQ(ErrnoError(9'999, "write", "f").message(), "write failed: errno 9999");
}

Result<int> Positive(int value) {
  if (value <= 0) return Fail(ErrorCode::kInvalidArgument, "not positive");
  return value;
}

Status Check(int value, bool& passed) {
  BEACH_TRY(Positive(value));
  passed = true;
  return {};
}

Result<std::unique_ptr<int>> DoubleOwned(int value) {
  BEACH_TRY_ASSIGN(const int checked, Positive(value));
  BEACH_TRY_ASSIGN(auto owned, Result<std::unique_ptr<int>>(std::make_unique<int>(checked * 2)));
  return owned;
}

TEST(Try, PassesErrorsOnAndValuesThrough) {
  bool passed = false;
  EXPECT_FALSE(Check(-1, passed).has_value());
  EXPECT_FALSE(passed);
  EXPECT_TRUE(Check(1, passed).has_value());
  EXPECT_TRUE(passed);
  const auto doubled = DoubleOwned(21);
  ASSERT_TRUE(doubled.has_value());
  EXPECT_EQ(**doubled, 42);
  const auto failed = DoubleOwned(0);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().ToString(), "invalid argument: not positive");
}

}  // namespace
}  // namespace beach
