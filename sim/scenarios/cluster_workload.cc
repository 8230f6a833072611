// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_workload.h"

#include <charconv>
#include <iterator>
#include <optional>
#include <string>

#include "sim/swarm.h"

namespace beach::sim::scenarios::cluster {
namespace {

constexpr KindWeight kKinds[] = {{"put", 5}, {"append", 3}, {"delete", 2},
                                 {"get", 7}, {"cas", 3},    {"pair", 2}};
constexpr const char* kNames[] = {"put", "append", "delete", "get", "cas", "pair"};
constexpr std::uint64_t kKeysMax = 1'000;
constexpr std::uint64_t kValueSizeMax = 1 << 15;
constexpr std::uint64_t kPauseMaxMs = 100'000;

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream) {
  std::vector<artifacts::Operation> operations;
  for (std::uint64_t id = 1; id <= plan.operations; ++id) {
    const std::uint64_t client = stream.Below(plan.clients);
    const char* const kind = DrawKind(stream, kKinds);
    const std::uint64_t key = stream.Below(plan.keys);
    const std::uint64_t other = stream.Below(plan.keys);
    const std::uint64_t size = DrawLog(stream, 1, plan.value_size_max);
    const std::uint64_t pause = DrawLog(stream, 1, plan.pause_max_ms);
    operations.push_back({.id = id,
                          .life = 0,
                          .client = client,
                          .kind = kind,
                          .arguments = {std::to_string(key), std::to_string(other),
                                        std::to_string(size), std::to_string(pause)}});
  }
  return operations;
}

std::optional<std::uint64_t> ParseNumber(const std::string& text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > max) return std::nullopt;
  return number;
}

std::optional<Work> Parse(const artifacts::Operation& operation, const Plan& plan) {
  if (operation.client >= plan.clients || operation.arguments.size() != 4) return std::nullopt;
  Work work{.id = operation.id};
  std::size_t kind = 0;
  while (kind < std::size(kNames) && operation.kind != kNames[kind]) ++kind;
  if (kind == std::size(kNames)) return std::nullopt;
  work.kind = static_cast<Kind>(kind);
  const auto key = ParseNumber(operation.arguments[0], kKeysMax);
  const auto other = ParseNumber(operation.arguments[1], kKeysMax);
  const auto size = ParseNumber(operation.arguments[2], kValueSizeMax);
  const auto pause = ParseNumber(operation.arguments[3], kPauseMaxMs);
  if (!key || !other || !size || !pause) return std::nullopt;
  work.key = *key;
  work.other = *other;
  work.value_size = *size;
  work.pause_ms = *pause;
  return work;
}

}  // namespace

Works TakeWorkload(Simulation& simulation, const Plan& plan) {
  Works works(plan.clients);
  for (const artifacts::Operation& operation :
       simulation.Workload(MakeWorkload(plan, simulation.Stream("cluster.workload")))) {
    const std::optional<Work> work = Parse(operation, plan);
    if (!work) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    works[operation.client].push_back(*work);
  }
  return works;
}

Bytes KeyOf(std::uint64_t key) { return "k" + std::to_string(key); }

Bytes ValueOf(const Work& work) {
  Bytes value = std::to_string(work.id) + ".";
  if (value.size() < work.value_size) value.append(work.value_size - value.size(), 'v');
  return value;
}

}  // namespace beach::sim::scenarios::cluster
