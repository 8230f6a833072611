// SPDX-License-Identifier: Apache-2.0
#include "crash/power/killed_process.h"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

namespace beach::crash {
namespace {

// What follows "NAME:" and blanks, to the end of the line; empty: there is no such line.
std::string_view Field(std::string_view status, std::string_view name) {
  while (!status.empty()) {
    const std::size_t end = std::min(status.find('\n'), status.size());
    std::string_view line = status.substr(0, end);
    status.remove_prefix(std::min(end + 1, status.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return {};
}

bool HasKill(std::string_view signals) {
  constexpr int kHexadecimal = 16;
  std::uint64_t mask = 0;
  std::from_chars(signals.data(), signals.data() + signals.size(), mask, kHexadecimal);
  return ((mask >> (SIGKILL - 1)) & 1) != 0;
}

}  // namespace

bool StatusTellsOfKill(std::string_view status) {
  const std::string_view state = Field(status, "State");
  if (state.empty() || state.starts_with('Z') || state.starts_with('X')) return true;
  return HasKill(Field(status, "SigPnd")) || HasKill(Field(status, "ShdPnd"));
}

bool IsBeingKilled(pid_t thread) {
  if (thread == 0) return true;
  std::ifstream file("/proc/" + std::to_string(thread) + "/status");
  const std::string status{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return StatusTellsOfKill(status);
}

}  // namespace beach::crash
