// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <charconv>
#include <span>
#include <string_view>

namespace beach {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr Unit kSizes[] = {{"", 1},
                           {"K", std::uint64_t{1} << 10},
                           {"M", std::uint64_t{1} << 20},
                           {"G", std::uint64_t{1} << 30},
                           {"T", std::uint64_t{1} << 40}};
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr Unit kTimes[] = {{"", kSecond},
                           {"ms", kSecond / 1000},
                           {"s", kSecond},
                           {"m", 60 * kSecond},
                           {"h", 3600 * kSecond}};
constexpr std::uint64_t kYearNs = std::uint64_t{365} * 24 * 3600 * kSecond;

Result<std::uint64_t> Parse(const std::string& text, std::span<const Unit> units,
                            std::uint64_t most, const char* example) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc()) {
    const std::string_view name(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    for (const Unit& unit : units) {
      if (unit.name == name && number <= most / unit.factor) return number * unit.factor;
    }
  }
  return Fail(ErrorCode::kInvalidArgument,
              "'" + text + "' is not like " + example + ", or is too large");
}

}  // namespace

Result<std::uint64_t> ParseSize(const std::string& text) {
  return Parse(text, kSizes, ~std::uint64_t{0}, "256M or 4G");
}

Result<std::uint64_t> ParseTime(const std::string& text) {
  return Parse(text, kTimes, kYearNs, "30s or 20m");
}

}  // namespace beach
