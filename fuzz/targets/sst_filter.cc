// SPDX-License-Identifier: Apache-2.0
// The filter of a table. Whatever its bytes are, they are damage, or a filter that never answers
// outside of itself; and one that is built of their words knows each of them.
#include "base/check.h"
#include "base/coding.h"
#include "engine/sst/filter.h"
#include "engine/sst/key_hash.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::sst::Filter;
using engine::sst::FilterBuilder;
using engine::sst::HashUserKey;

constexpr std::size_t kKeySize = 4;

void CheckBuilt(ByteView input, std::uint64_t bits_per_key) {
  FilterBuilder builder(bits_per_key);
  for (std::size_t at = 0; at + kKeySize <= input.size(); at += kKeySize) {
    builder.Add(HashUserKey(input.substr(at, kKeySize)));
  }
  const Bytes content = builder.Finish();
  BEACH_CHECK_EQ(content.empty(), builder.keys() == 0);
  if (content.empty()) return;
  const auto filter = Filter::Parse(content, "built", 0);
  BEACH_CHECK(filter.has_value());
  BEACH_CHECK_EQ(filter->lines(), engine::sst::FilterLines(builder.keys(), bits_per_key));
  BEACH_CHECK_EQ(filter->probes(), engine::sst::FilterProbes(bits_per_key));
  for (std::size_t at = 0; at + kKeySize <= input.size(); at += kKeySize) {
    BEACH_CHECK(filter->MayContain(HashUserKey(input.substr(at, kKeySize))));
  }
}

void Run(ByteView input) {
  for (const std::uint64_t bits_per_key : {1U, 10U, 64U}) CheckBuilt(input, bits_per_key);
  const auto filter = Filter::Parse(input, "filter", 0);
  if (!filter) {
    BEACH_CHECK(filter.error().code() == ErrorCode::kCorruption);
    BEACH_CHECK_LE(filter.error().offset(), input.size());
    return;
  }
  BEACH_CHECK_EQ(filter->size_bytes() + engine::sst::kFilterTailSize, input.size());
  // Any 64 bits are a hash.
  for (std::size_t at = 0; at + sizeof(std::uint64_t) <= input.size(); ++at) {
    static_cast<void>(filter->MayContain(LoadFixed<std::uint64_t>(input.data() + at)));
  }
  static_cast<void>(filter->MayContain(0));
  static_cast<void>(filter->MayContain(~std::uint64_t{0}));
}

}  // namespace

const Target sst_filter_target = {
    .name = "sst_filter", .run = Run, .seal = nullptr, .size_max = 2048};

}  // namespace beach::fuzz
