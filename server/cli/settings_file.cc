// SPDX-License-Identifier: Apache-2.0
// The file of settings. With users_file.cc all that knows TOML.
#include <fmt/format.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli/settings.h"

namespace beach::server {
namespace {

std::unexpected<Error> WrongAt(const std::string& path, const toml::source_position& where,
                               std::string_view what) {
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{}:{}:{}: {}", path, where.line, where.column, what));
}

std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* const text = node.as_string()) return text->get();
  if (const auto* const number = node.as_integer()) return std::to_string(number->get());
  if (const auto* const truth = node.as_boolean()) return truth->get() ? "true" : "false";
  return std::nullopt;
}

// How many letters are to be changed, added or left out.
std::size_t Distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t before = row[0]++;
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t changed = before + (one[i] == other[j] ? 0 : 1);
      before = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, before + 1});
    }
  }
  return row.back();
}

std::string Unknown(std::string_view name) {
  const auto all = Settings();
  const auto nearest = std::ranges::min_element(
      all, {}, [&](const Setting& setting) { return Distance(name, setting.name); });
  std::string text = fmt::format("there is no setting '{}'", name);
  if (Distance(name, nearest->name) <= 2) text += fmt::format("; '{}', perhaps", nearest->name);
  return text;
}

}  // namespace

Result<Said> ReadSettingsFile(const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    const bool read = error.source().begin.line > 0;
    if (read) return WrongAt(path, error.source().begin, error.description());
    return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, error.description()));
  }
  Said said;
  ServeSettings tried;
  for (const auto& [key, node] : parsed.table()) {
    const auto all = Settings();
    const auto setting = std::ranges::find_if(
        all, [&](const Setting& one) { return key.str() == std::string_view(one.name); });
    if (setting == all.end()) return WrongAt(path, key.source().begin, Unknown(key.str()));
    const std::optional<std::string> value = TextOf(node);
    if (!value) {
      return WrongAt(path, node.source().begin, fmt::format("'{}' is one value", setting->name));
    }
    const Status set = setting->set(tried, *value);
    if (!set) {
      return WrongAt(path, node.source().begin,
                     fmt::format("{}: {}", setting->name, set.error().message()));
    }
    said[setting->name] = *value;
  }
  return said;
}

}  // namespace beach::server
