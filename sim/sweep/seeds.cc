// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/seeds.h"

#include <charconv>

#include "base/random.h"
#include "base/site.h"

namespace beach::sim::sweep {
namespace {

constexpr Site kDealSite("sweep.deal");
constexpr Site kTwiceSite("sweep.twice");
constexpr std::uint64_t kMillion = 1'000'000;

std::unexpected<Error> Bad(std::string_view text, const char* wanted) {
  return Fail(ErrorCode::kInvalidArgument, "'" + std::string(text) + "' is not " + wanted);
}

}  // namespace

Result<std::uint64_t> ParseNumber(std::string_view text) {
  const bool hexadecimal = text.starts_with("0x");
  const std::string_view digits = hexadecimal ? text.substr(2) : text;
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (error != std::errc() || end != digits.data() + digits.size()) return Bad(text, "a number");
  return value;
}

Result<SeedRange> ParseSeedRange(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return Bad(text, "a range of seeds like 0..1000");
  const auto begin = ParseNumber(text.substr(0, dots));
  const auto end = ParseNumber(text.substr(dots + 2));
  if (!begin || !end) return Bad(text, "a range of seeds like 0..1000");
  if (*begin >= *end) return Bad(text, "a range with a seed in it (the end is not included)");
  return SeedRange{*begin, *end};
}

Result<Shard> ParseShard(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Bad(text, "a shard like 1/4");
  const auto number = ParseNumber(text.substr(0, slash));
  const auto count = ParseNumber(text.substr(slash + 1));
  if (!number || !count || *number == 0 || *number > *count) return Bad(text, "a shard like 1/4");
  return Shard{*number - 1, *count};
}

Result<std::uint64_t> ParseDuration(std::string_view text) {
  const std::size_t unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view unit = text.substr(unit_at);
  std::uint64_t scale = 0;
  if (unit.empty() || unit == "s") scale = 1'000'000'000;
  if (unit == "ms") scale = kMillion;
  if (unit == "m") scale = 60 * 1'000'000'000ULL;
  if (unit == "h") scale = 3600 * 1'000'000'000ULL;
  const auto count = ParseNumber(text.substr(0, unit_at));
  constexpr std::uint64_t kCountMax = 1'000'000;
  if (scale == 0 || !count || *count > kCountMax) return Bad(text, "a time like 60s, 500ms or 2m");
  return *count * scale;
}

Result<std::uint64_t> ParseFraction(std::string_view text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = ParseNumber(text.substr(0, point).empty() ? "0" : text.substr(0, point));
  std::uint64_t millionths = 0;
  std::uint64_t weight = kMillion / 10;
  for (std::size_t i = point + 1; i < text.size(); ++i, weight /= 10) {
    if (text[i] < '0' || text[i] > '9') return Bad(text, "a fraction from 0 to 1");
    millionths += static_cast<std::uint64_t>(text[i] - '0') * weight;
  }
  if (text.empty() || !whole || *whole > 1) return Bad(text, "a fraction from 0 to 1");
  millionths += *whole * kMillion;
  if (millionths > kMillion) return Bad(text, "a fraction from 0 to 1");
  return millionths;
}

std::uint64_t DealtTo(std::uint64_t seed, std::uint64_t scenarios) {
  BEACH_CHECK_GT(scenarios, 0U);
  return RandomBelow(RandomValue(seed, kDealSite.hash), scenarios);
}

bool RunTwice(std::uint64_t seed, std::uint64_t share_per_million) {
  BEACH_CHECK_LE(share_per_million, kMillion);
  return RandomBelow(RandomValue(seed, kTwiceSite.hash), kMillion) < share_per_million;
}

bool GlobMatches(std::string_view pattern, std::string_view text) {
  // On a mismatch, let the last '*' take one character more; earlier stars never need to.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace beach::sim::sweep
