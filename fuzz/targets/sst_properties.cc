// SPDX-License-Identifier: Apache-2.0
// What a table says of itself: decoded, encoded and decoded again it is the same; names that are
// not known do no harm.
#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/sst/properties.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine::sst;  // NOLINT(google-build-using-namespace): the whole file is about it

void Run(ByteView input) {
  const auto properties = DecodeProperties(input, "table", 0);
  if (!properties) {
    const ErrorCode code = properties.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return;
  }
  BEACH_CHECK_GT((properties->entries | properties->range_deletes), 0U);
  BEACH_CHECK_LE(properties->user_keys, properties->entries);
  BEACH_CHECK_LE(properties->deletes, properties->entries);
  BEACH_CHECK(properties->sequence_min <= properties->sequence_max);
  BEACH_CHECK(engine::CompareInternalKeys(properties->smallest, properties->largest) <= 0);
  const Bytes bytes = EncodeProperties(*properties);
  BEACH_CHECK_LE(bytes.size(), input.size());
  if (bytes.size() == input.size()) BEACH_CHECK(bytes == input);
  const auto again = DecodeProperties(bytes, "table", 0);
  BEACH_CHECK(again.has_value());
  BEACH_CHECK(*again == *properties);
}

}  // namespace

const Target sst_properties_target = {
    .name = "sst_properties", .run = Run, .seal = nullptr, .size_max = 2048};

}  // namespace beach::fuzz
