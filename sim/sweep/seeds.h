// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

// What a sweep's command line says about seeds, as values. All parsers refuse trailing text.

namespace beach::sim::sweep {

// Half-open: begin is included, end is not.
struct SeedRange {
  std::uint64_t begin = 0;
  std::uint64_t end = ~std::uint64_t{0};
};
Result<SeedRange> ParseSeedRange(std::string_view text);  // "0..1000"

// Shard `index` (from 0) of `count` takes the seeds with seed % count == index.
struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;
  bool Takes(std::uint64_t seed) const { return seed % count == index; }
};
Result<Shard> ParseShard(std::string_view text);  // "1/4" .. "4/4"

// "60s", "500ms", "2m", "1h", or "60" for seconds; in nanoseconds.
Result<std::uint64_t> ParseDuration(std::string_view text);

// "0.05" or "1", from 0 to 1, in millionths.
Result<std::uint64_t> ParseFraction(std::string_view text);

Result<std::uint64_t> ParseNumber(std::string_view text);  // decimal or 0x hexadecimal

// Which of `scenarios` gets `seed`. A hash, so that every shard meets every scenario.
// REQUIRES: scenarios > 0.
std::uint64_t DealtTo(std::uint64_t seed, std::uint64_t scenarios);

// Whether `seed` belongs to the share of seeds that is run twice.
bool RunTwice(std::uint64_t seed, std::uint64_t share_per_million);

// Shell-style: '*' any text, '?' any one character, the rest literal.
bool GlobMatches(std::string_view pattern, std::string_view text);

}  // namespace beach::sim::sweep
