// SPDX-License-Identifier: Apache-2.0
#include "fuzz/steered_run.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"

namespace beach::fuzz {
namespace {

constexpr std::uint64_t kDelayOctaves = 13;
constexpr std::uint64_t kSmallBound = 256;
constexpr std::uint64_t kDraws = std::uint64_t{1} << 16;
constexpr std::uint64_t kChangesMax = 4;
// Enough for any seed of the scenarios; a run that makes more is one that nothing stops.
constexpr std::uint64_t kEventsMax = 1'000'000;

// More often near the begin, where more runs come by; and all octaves equally often.
std::uint16_t DrawIndex(RandomStream& stream) {
  const std::uint64_t octave = std::uint64_t{1} << stream.Below(17);
  return static_cast<std::uint16_t>(std::min(octave - 1 + stream.Below(octave), kDraws - 1));
}

Bytes DrawDecision(RandomStream& stream) {
  Bytes decision;
  Encoder encoder(decision);
  encoder.Fixed8(static_cast<std::uint8_t>(stream.Below(kDecisionKinds)));
  encoder.Fixed8(static_cast<std::uint8_t>(stream.Below(256)));
  encoder.Fixed16(DrawIndex(stream));
  return decision;
}

void ChangeDecision(Bytes& input, std::size_t at, RandomStream& stream) {
  char* const decision = input.data() + at;
  switch (stream.Below(4)) {
    case 0: decision[0] = static_cast<char>(stream.Below(kDecisionKinds)); return;
    case 1: decision[1] = static_cast<char>(stream.Below(256)); return;
    case 2: StoreFixed(decision + 2, DrawIndex(stream)); return;
    default: {
      const auto index = LoadFixed<std::uint16_t>(decision + 2);
      const std::uint64_t by = stream.Between(1, 16);
      const std::uint64_t moved = stream.Chance(1, 2) ? index + by : index - by;
      StoreFixed(decision + 2, static_cast<std::uint16_t>(moved));
      return;
    }
  }
}

void ChangeSeed(Bytes& input, RandomStream& stream) {
  if (stream.Chance(1, 8)) input[0] = static_cast<char>(stream.Below(256));
  StoreFixed(input.data() + 1, stream.Next());
}

}  // namespace

InputSteering::InputSteering(ByteView decisions) {
  Decoder decoder(decisions);
  while (decoder.rest().size() >= kDecisionSize) {
    const std::uint8_t kind = decoder.Fixed8();
    const std::uint8_t value = decoder.Fixed8();
    streams_[kind % kDecisionKinds].planned[decoder.Fixed16()] = value;
  }
}

std::optional<std::uint8_t> InputSteering::Next(DecisionKind kind) {
  Stream& stream = streams_[static_cast<std::size_t>(kind)];
  const auto found = stream.planned.find(stream.draws++);
  if (found == stream.planned.end()) return std::nullopt;
  return found->second;
}

std::uint64_t InputSteering::Delay(std::uint64_t drawn) {
  const auto value = Next(DecisionKind::kDelay);
  return value ? (std::uint64_t{1} << (*value % kDelayOctaves)) - 1 : drawn;
}

std::uint64_t InputSteering::Fault(Site /*site*/, std::uint64_t outcomes, std::uint64_t drawn) {
  const auto value = Next(DecisionKind::kFault);
  return value ? *value % (outcomes + 1) : drawn;
}

std::uint64_t InputSteering::Choice(Site /*site*/, std::uint64_t bound, std::uint64_t drawn) {
  const auto value = Next(DecisionKind::kChoice);
  if (!value) return drawn;
  return bound <= kSmallBound ? *value % bound : RandomBelow(Mix64(*value), bound);
}

bool InputSteering::Buggify(Site /*site*/, bool drawn) {
  const auto value = Next(DecisionKind::kBuggify);
  return value ? (*value & 1) != 0 : drawn;
}

void InputSteering::Workload(std::vector<artifacts::Operation>& operations) {
  const std::vector<artifacts::Operation> generated = operations;
  operations.clear();
  for (std::size_t i = 0; i < generated.size(); ++i) {
    const auto value = Next(DecisionKind::kOperation);
    if (value && *value == 0) continue;
    artifacts::Operation& operation = operations.emplace_back(generated[i]);
    if (!value) continue;
    const artifacts::Operation& other = generated[(i + *value) % generated.size()];
    operation.kind = other.kind;
    operation.arguments = other.arguments;
  }
}

SteeredRun ParseRun(ByteView input, const std::vector<std::unique_ptr<sim::Scenario>>& scenarios) {
  BEACH_CHECK(!scenarios.empty());
  Bytes head(input.substr(0, kDecisionsOffset));
  head.resize(kDecisionsOffset, '\0');
  Decoder decoder(head);
  SteeredRun run;
  run.scenario = scenarios[decoder.Fixed8() % scenarios.size()].get();
  run.options.seed = decoder.Fixed64();
  run.options.policy = sim::Policy::kRandom;  // of which every step is a decision
  run.options.events_max = kEventsMax;
  if (input.size() > kDecisionsOffset) run.decisions = input.substr(kDecisionsOffset);
  return run;
}

sim::RunReport RunSteered(const SteeredRun& run, sim::RunOptions options) {
  InputSteering steering(run.decisions);
  options.steering = &steering;
  return sim::RunScenario(*run.scenario, options);
}

void MutateDecisions(Bytes& input, RandomStream& stream, std::size_t size_max) {
  if (size_max < kDecisionsOffset) return;
  if (input.size() < kDecisionsOffset) input.resize(kDecisionsOffset, '\0');
  input.resize(input.size() - (input.size() - kDecisionsOffset) % kDecisionSize);
  for (std::uint64_t changes = stream.Between(1, kChangesMax); changes > 0; --changes) {
    const std::size_t count = (input.size() - kDecisionsOffset) / kDecisionSize;
    const std::size_t at = kDecisionsOffset + kDecisionSize * stream.Below(count + 1);
    const std::uint64_t what = stream.Below(16);
    if (what == 0) {
      ChangeSeed(input, stream);
    } else if (what < 8 || count == 0) {
      if (input.size() + kDecisionSize <= size_max) input.insert(at, DrawDecision(stream));
    } else if (at == input.size()) {
      continue;
    } else if (what < 13) {
      ChangeDecision(input, at, stream);
    } else {
      input.erase(at, kDecisionSize);
    }
  }
}

}  // namespace beach::fuzz
