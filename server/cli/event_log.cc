// SPDX-License-Identifier: Apache-2.0
#include "server/cli/event_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>

namespace beach::server {
namespace {

constexpr std::array<std::string_view, 4> kMainParts = {"server.", "raft.", "raft_log.",
                                                        "machine."};

bool IsMain(std::string_view event) {
  return std::ranges::any_of(kMainParts,
                             [&](std::string_view part) { return event.starts_with(part); });
}

bool IsPlain(ByteView text) {
  return !text.empty() && std::ranges::all_of(text, [](char letter) {
    return letter > ' ' && letter != '"' && letter != '\\' && letter != '=' && letter < 127;
  });
}

std::string TimeText(std::uint64_t wall_ns) {
  const auto seconds = static_cast<std::time_t>(wall_ns / 1'000'000'000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds),
                     wall_ns / 1'000'000 % 1'000);
}

}  // namespace

Result<LogDetail> ParseLogDetail(const std::string& text) {
  if (text == "none") return LogDetail::kNone;
  if (text == "main") return LogDetail::kMain;
  if (text == "all") return LogDetail::kAll;
  return Fail(ErrorCode::kInvalidArgument, "it is none, main or all, not '" + text + "'");
}

void EventLog::Record(Site event, std::span<const env::EventField> fields) {
  if (detail_ == LogDetail::kNone || (detail_ == LogDetail::kMain && !IsMain(event.name))) return;
  std::string line = fmt::format("{} {}", TimeText(clock_.WallNow()), event.name);
  for (const env::EventField& field : fields) {
    if (field.text.data() == nullptr) {
      line += fmt::format(" {}={}", field.name, field.number);
    } else if (IsPlain(field.text)) {
      line += fmt::format(" {}={}", field.name, field.text);
    } else {
      const auto replace = nlohmann::json::error_handler_t::replace;
      const nlohmann::json text = std::string(field.text);
      line += fmt::format(" {}={}", field.name, text.dump(-1, ' ', false, replace));
    }
  }
  line += '\n';
  const env::MutexLock lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace beach::server
