// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink/candidate.h"

#include <algorithm>
#include <limits>

#include "base/coding.h"

namespace beach::sim::shrink {
namespace {

// A fault is harder to read than an operation: it strikes in the middle of something.
constexpr std::uint64_t kFaultWeight = 4;
constexpr std::uint64_t kPlentyOfRoom = std::uint64_t{1} << 30;  // what disks have by default
constexpr std::size_t kDigitsMax = 18;

std::uint64_t PolicyRank(const std::string& policy) {
  if (policy == "calm") return 0;
  return policy == "fewest-switches" ? 1 : 2;
}

void AddUp(std::uint64_t& sum, std::uint64_t value) {
  sum = value > std::numeric_limits<std::uint64_t>::max() - sum
            ? std::numeric_limits<std::uint64_t>::max()
            : sum + value;
}

}  // namespace

std::uint64_t OptionSimplest(const std::string& name) {
  return name.ends_with(".capacity") ? kPlentyOfRoom : 0;
}

std::uint64_t OptionDistance(const std::string& name, std::uint64_t value) {
  const std::uint64_t simplest = OptionSimplest(name);
  return std::max(value, simplest) - std::min(value, simplest);
}

std::uint64_t ArgumentSize(const std::string& argument) {
  const bool digits = !argument.empty() && argument.size() <= kDigitsMax &&
                      std::ranges::all_of(argument, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return argument.size();
  std::uint64_t value = 0;
  for (const char c : argument) value = value * 10 + static_cast<std::uint64_t>(c - '0');
  return value + 1;
}

bool OfMachine(const artifacts::Decision& decision) {
  return decision.life == 0 && decision.thread.empty();
}

Cost CostOf(const Measured& measured) {
  const Candidate& run = measured.recorded;
  Cost cost{};
  cost[0] = run.operations.size() + kFaultWeight * measured.faults;
  cost[1] = run.options.size();
  cost[2] = PolicyRank(run.policy);
  for (const artifacts::Operation& operation : run.operations) {
    cost[3] += operation.arguments.size();
    AddUp(cost[4], operation.life);
    AddUp(cost[4], operation.client);
    for (const std::string& argument : operation.arguments) {
      AddUp(cost[4], ArgumentSize(argument));
    }
  }
  for (const auto& [name, value] : run.options) AddUp(cost[5], OptionDistance(name, value));
  cost[6] = run.decisions.size();
  for (const artifacts::Decision& decision : run.decisions) {
    AddUp(cost[7], decision.value);
    AddUp(cost[7], decision.use);
  }
  cost[8] = measured.events;
  return cost;
}

artifacts::Artifact ToFollow(const Candidate& candidate, const std::string& scenario) {
  artifacts::Artifact artifact;
  artifact.scenario = scenario;
  artifact.seed = candidate.seed;
  artifact.policy = candidate.policy;
  artifact.options = candidate.options;
  artifact.operations = candidate.operations;
  artifact.decisions = candidate.decisions;
  return artifact;
}

std::string Content(const Candidate& candidate) {
  Bytes bytes;
  Encoder out(bytes);
  out.Varint(candidate.seed);
  out.LengthPrefixed(candidate.policy);
  out.Varint(candidate.options.size());
  for (const auto& [name, value] : candidate.options) {
    out.LengthPrefixed(name);
    out.Varint(value);
  }
  out.Varint(candidate.operations.size());
  for (const artifacts::Operation& operation : candidate.operations) {
    out.Varint(operation.id);
    out.Varint(operation.life);
    out.Varint(operation.client);
    out.LengthPrefixed(operation.kind);
    out.Varint(operation.arguments.size());
    for (const std::string& argument : operation.arguments) out.LengthPrefixed(argument);
  }
  for (const artifacts::Decision& decision : candidate.decisions) {
    out.LengthPrefixed(decision.site);
    out.LengthPrefixed(decision.host);
    out.Varint(decision.life);
    out.LengthPrefixed(decision.thread);
    out.Varint(decision.use);
    out.Varint(decision.value);
  }
  return bytes;
}

}  // namespace beach::sim::shrink
