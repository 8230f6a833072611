// SPDX-License-Identifier: Apache-2.0
#include "sim/swarm.h"

#include <algorithm>

#include "base/check.h"

namespace beach::sim {
namespace {

constexpr Site kSwarm = "sim.swarm";
constexpr Site kCalm = "sim.swarm.calm";
constexpr std::uint64_t kMillion = 1'000'000;

}  // namespace

std::vector<FaultRate> DrawFaults(Simulation& simulation, std::span<const FaultLadder> faults,
                                  const SwarmOptions& options) {
  RandomStream calm_stream = simulation.Stream(kCalm);
  const bool calm = calm_stream.Chance(options.calm_percent, 100);
  const std::uint64_t key = simulation.Stream(kSwarm).Next();
  std::vector<FaultRate> rates;
  rates.reserve(faults.size());
  for (const FaultLadder& fault : faults) {
    BEACH_CHECK(!fault.rates.empty());
    RandomStream stream(RandomValue(key, fault.site.hash));
    const bool on = stream.Chance(options.on_percent, 100);
    const std::uint64_t rung = stream.Below(fault.rates.size());
    const std::uint64_t drawn = on && !calm ? fault.rates[rung] : 0;
    const std::string name = std::string("fault.") + fault.site.name;
    const std::uint64_t rate = simulation.Option(name, drawn);
    rates.push_back({fault.site, std::min(rate, kMillion)});
  }
  return rates;
}

void SetFaults(Simulation& simulation, std::span<const FaultRate> rates, bool on) {
  for (const FaultRate& rate : rates) simulation.SetFault(rate.site, on ? rate.per_million : 0);
}

RandomStream Knobs::StreamOf(const std::string& name) const {
  return RandomStream(RandomValue(key_, Site::Hash(name)));
}

std::uint64_t Knobs::Log(const std::string& name, std::uint64_t low, std::uint64_t high,
                         std::uint64_t most) {
  BEACH_CHECK_LE(high, most);
  RandomStream stream = StreamOf(name);
  const std::uint64_t drawn = DrawLog(stream, low, high);
  return std::clamp(simulation_.Option(name, drawn), low, most);
}

std::uint64_t Knobs::Even(const std::string& name, std::uint64_t low, std::uint64_t high) {
  RandomStream stream = StreamOf(name);
  const std::uint64_t drawn = stream.Between(low, high);
  return std::clamp(simulation_.Option(name, drawn), low, high);
}

bool Knobs::Flag(const std::string& name, std::uint64_t percent) {
  RandomStream stream = StreamOf(name);
  const std::uint64_t drawn = stream.Chance(percent, 100) ? 1 : 0;
  return simulation_.Option(name, drawn) != 0;
}

const char* DrawKind(RandomStream& stream, std::span<const KindWeight> kinds) {
  std::uint64_t total = 0;
  for (const KindWeight& kind : kinds) total += kind.weight;
  BEACH_CHECK_GT(total, 0U);
  std::uint64_t choice = stream.Below(total);
  const KindWeight* kind = kinds.data();
  while (choice >= kind->weight) choice -= (kind++)->weight;
  return kind->kind;
}

// Octaves from `low` on, all equally often; the last may reach beyond `high`, and what falls there
// is drawn anew.
std::uint64_t DrawLog(RandomStream& stream, std::uint64_t low, std::uint64_t high) {
  BEACH_CHECK_GE(low, 1U);
  BEACH_CHECK_LE(low, high);
  BEACH_CHECK_EQ(high >> 63, 0U);
  std::uint64_t octaves = 1;
  while (octaves < 63 && low <= (high >> octaves)) ++octaves;
  for (;;) {
    const std::uint64_t octave = low << stream.Below(octaves);
    const std::uint64_t value = octave + stream.Below(octave);
    if (value <= high) return value;
  }
}

}  // namespace beach::sim
