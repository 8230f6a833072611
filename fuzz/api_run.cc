// SPDX-License-Identifier: Apache-2.0
#include "fuzz/api_run.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/check.h"
#include "sim/scenarios/engine_crash_workload.h"

namespace beach::fuzz {
namespace {

using sim::scenarios::engine_crash::KeyName;

constexpr const char* kScenarios[] = {"engine-mvcc", "engine-compaction", "engine-crash",
                                      "engine-faults", "engine-tables"};
// The two that an input has most of stand more than once.
constexpr const char* kKinds[] = {
    "put",     "delete", "batch", "get",   "multiget", "scan",  "range", "hold",  "check",  "flush",
    "compact", "pause",  "put",   "batch", "erase",    "merge", "if",    "async", "follow", "pin",
    "until",   "time"};
constexpr const char* kTableKinds[] = {"batch", "write", "create",  "drop",  "scan",
                                       "get",   "hold",  "check",   "flush", "compact",
                                       "open",  "list",  "multiget"};
constexpr std::uint64_t kEventsMax = 1'000'000;
constexpr std::uint64_t kPauseStepNs = 1'000'000;

struct Call {
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  bool flag = false;
};

std::string Size(std::uint8_t number) {
  if (number == 0) return "empty";
  return std::to_string(number < 240 ? number % 60 : (number - 239) * 400);
}

const char* MergeName(std::uint8_t number) {
  static constexpr const char* kNames[] = {"add", "append", "max", "min"};
  return kNames[number % std::size(kNames)];
}

// Of a batch: as many as `b` says, keys from `a` on.
std::vector<std::string> BatchArguments(const Call& call) {
  std::vector<std::string> arguments = {call.flag ? "sync" : "nosync"};
  for (std::uint8_t i = 0; i < call.b % 9; ++i) {
    const std::string key = KeyName(static_cast<std::uint8_t>(call.a + i * (call.b / 9)));
    const int what = (call.b + i) % 8;
    if (what == 0 || what == 1) {
      arguments.insert(arguments.end(), {"delete", key});
    } else if (what == 2) {
      arguments.insert(arguments.end(), {"merge", MergeName(call.a), key, "9"});
    } else if (what == 4) {
      arguments.insert(arguments.end(), {"until", key, Size(call.b), std::to_string(call.a)});
    } else if (what == 5 && call.b > 200) {
      arguments.insert(arguments.end(), {"time", std::to_string(call.a)});
    } else if (what == 3) {
      arguments.insert(arguments.end(), {"erase", key, key + "5"});
    } else {
      arguments.insert(arguments.end(), {"put", key, Size(call.b)});
    }
  }
  return arguments;
}

// A batch that hangs on its first key, and on one more now and then.
std::vector<std::string> IfArguments(const Call& call) {
  const char* const expectation = call.b % 4 == 0 ? "absent" : call.b % 13 == 0 ? "other" : "seen";
  std::vector<std::string> arguments = BatchArguments(call);
  std::vector<std::string> conditions = {expectation, KeyName(call.a)};
  if (call.b % 3 == 0) conditions.insert(conditions.end(), {"seen", KeyName(call.b)});
  conditions.emplace_back("then");
  arguments.insert(arguments.begin() + 1, conditions.begin(), conditions.end());
  return arguments;
}

std::vector<std::string> ArgumentsOf(const std::string& kind, const Call& call) {
  const std::string durability = call.flag ? "sync" : "nosync";
  const std::string direction = call.flag ? "backward" : "forward";
  const std::string slot = std::to_string(call.a % sim::scenarios::engine_crash::kSlots);
  if (kind == "put") return {durability, KeyName(call.a), Size(call.b)};
  if (kind == "delete") return {durability, KeyName(call.a)};
  if (kind == "batch" || kind == "async") return BatchArguments(call);
  if (kind == "if") return IfArguments(call);
  if (kind == "get") return {KeyName(call.a)};
  if (kind == "multiget") return {KeyName(call.a), KeyName(call.b), KeyName(call.a)};
  if (kind == "scan" || kind == "range") return {direction, KeyName(call.a), KeyName(call.b)};
  if (kind == "hold") return {slot};
  if (kind == "check") return {direction, slot};
  if (kind == "compact") return {KeyName(call.a), KeyName(call.b)};
  if (kind == "erase") return {durability, KeyName(call.a), KeyName(call.b) + "5"};
  if (kind == "until") {
    return {durability, KeyName(call.a), Size(call.b), std::to_string(call.a ^ call.b)};
  }
  if (kind == "time") return {durability, std::to_string(call.a)};
  if (kind == "merge") return {durability, MergeName(call.b), KeyName(call.a), "12"};
  if (kind == "follow") return {std::to_string(call.a * (call.flag ? 16 : 1))};
  if (kind == "pause") return {std::to_string((call.a + 1) * kPauseStepNs)};
  return {};
}

std::string NumberOf(const Call& call) {
  return std::to_string(call.a | std::uint64_t{call.b} << 8 | std::uint64_t{call.flag} << 16);
}

}  // namespace

void CallSteering::Workload(std::vector<artifacts::Operation>& operations) {
  std::uint64_t lives = 1;
  std::uint64_t clients = 1;
  for (const artifacts::Operation& operation : operations) {
    lives = std::max(lives, operation.life + 1);
    clients = std::max(clients, operation.client + 1);
  }
  operations.clear();
  std::uint64_t life = 0;
  for (std::size_t at = 0; at + kCallSize <= calls_.size(); at += kCallSize) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(calls_[at + i]); };
    const std::uint8_t who = byte(3);
    if ((who & 0x80) != 0) life = std::min(life + 1, lives - 1);
    const std::string kind = of_tables_ ? kTableKinds[byte(0) % std::size(kTableKinds)]
                                        : kKinds[byte(0) % std::size(kKinds)];
    const Call call{.a = byte(1), .b = byte(2), .flag = (who & 4) != 0};
    operations.push_back(
        {.id = operations.size() + 1,
         .life = life,
         .client = (who & 3) % clients,
         .kind = kind,
         .arguments = of_tables_ ? std::vector{NumberOf(call)} : ArgumentsOf(kind, call)});
  }
}

SteeredRun ParseApiRun(ByteView input,
                       const std::vector<std::unique_ptr<sim::Scenario>>& scenarios) {
  const auto byte = [input](std::size_t i) {
    return i < input.size() ? static_cast<std::uint8_t>(input[i]) : std::uint8_t{0};
  };
  const std::string name = kScenarios[byte(0) % std::size(kScenarios)];
  const auto found = std::ranges::find_if(
      scenarios, [&name](const auto& scenario) { return scenario->name() == name; });
  BEACH_CHECK(found != scenarios.end());
  SteeredRun run;
  run.scenario = found->get();
  run.options.seed = byte(1);
  run.options.events_max = kEventsMax;
  if (input.size() > kCallsOffset) run.decisions = input.substr(kCallsOffset);
  return run;
}

}  // namespace beach::fuzz
