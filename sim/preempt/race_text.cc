// SPDX-License-Identifier: Apache-2.0
#include "sim/preempt/race_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/preempt/watcher.h"

namespace beach::sim::preempt {
namespace {

using Frames = std::vector<NamedFrame>;  // innermost first

// Code of ours, by where it stands: inlined functions come without their namespace, and lambdas
// under the name of what calls them.
bool IsOurs(const NamedFrame& frame) {
  if (name_places == nullptr) return true;
  return !frame.place.starts_with("/usr/") && !frame.place.starts_with("?");
}

Frames Named(const Place& place) {
  const std::array<std::uint32_t, 2> codes = {place.at, place.caller};
  Frames frames;
  if (name_places == nullptr) {
    for (const std::uint32_t code : codes) {
      if (code != 0) frames.push_back({fmt::format("+{:#x}", code), ""});
    }
    return frames;
  }
  for (Frames& inlined : name_places(codes)) {
    frames.insert(frames.end(), inlined.begin(), inlined.end());
  }
  return frames;
}

const char* Verb(std::uint8_t kind, bool now) {
  if ((kind & Access::kIsFree) != 0) return now ? "frees" : "freed";
  if ((kind & Access::kIsAtomic) != 0) {
    if ((kind & Access::kIsWrite) != 0) return now ? "atomically writes" : "atomically wrote";
    return now ? "atomically reads" : "atomically read";
  }
  if ((kind & Access::kIsWrite) != 0) return now ? "writes" : "wrote";
  return now ? "reads" : "read";
}

std::string Where(const Frames& frames) {
  std::string text;
  std::size_t told = 0;
  for (const NamedFrame& frame : frames) {
    if (!IsOurs(frame)) continue;
    if (++told > 3) break;
    text += fmt::format("{}{}{}{}", text.empty() ? "in " : ", called by ", frame.function,
                        frame.place.empty() ? "" : " at ", frame.place);
  }
  return text.empty() ? "in code without a name" : text;
}

// The function that is at fault, without values: lines move with every edit.
std::string Function(const Frames& frames) {
  const auto found = std::ranges::find_if(frames, IsOurs);
  if (found == frames.end()) return "?";
  const std::string& name = found->function;
  const bool is_lambda = name.starts_with("std::") || name.ends_with("operator()");
  if (!is_lambda && !name.empty() && name != "??") return name;
  const std::string& place = found->place;
  const std::size_t begin = place.rfind('/') + 1;
  return "a function in " + place.substr(begin, place.rfind(':') - begin);
}

std::string Name(std::span<const std::string> threads, ThreadIndex thread) {
  return thread < threads.size() ? threads[thread] : "?";
}

}  // namespace

RaceText Describe(const Race& race, std::span<const std::string> threads) {
  const Frames before = Named(race.before.place);
  const Frames now = Named(race.now.place);
  std::string one = Function(before);
  std::string other = Function(now);
  if (other < one) std::swap(one, other);
  return {
      .rule = fmt::format("data-race {} + {}", one, other),
      .message = fmt::format("thread '{}' {} {} bytes {}; thread '{}' {} {} of them {}; nothing "
                             "orders the two",
                             Name(threads, race.now.thread), Verb(race.now.kind, true),
                             race.now.size, Where(now), Name(threads, race.before.thread),
                             Verb(race.before.kind, false), race.before.size, Where(before))};
}

}  // namespace beach::sim::preempt
