// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/site.h"
#include "sim/simulation.h"

// How a scenario draws what differs from run to run. Everything drawn here is an option of the run:
// recorded, and to be set by hand. Each draw has a stream of its own, by its name, so that one more
// fault or knob moves none of the others.

namespace beach::sim {

// How often a fault may strike, per million: one of them is drawn. They are wild on purpose, the
// highest up to where little else gets done.
struct FaultLadder {
  Site site;
  std::span<const std::uint64_t> rates;
};

struct FaultRate {
  Site site;
  std::uint64_t per_million = 0;
};

struct SwarmOptions {
  std::uint64_t calm_percent = 40;  // of the runs have no fault at all
  std::uint64_t on_percent = 50;    // of the faults of any other run are on
};

// Swarm testing (Groce, Zhang, Eide, Chen, Regehr, ISSTA 2012): each run turns off a random subset
// of the faults, so that those left get far, and gives the rest rates of their own. The option of
// each fault is "fault.SITE". Sets nothing: see SetFaults.
std::vector<FaultRate> DrawFaults(Simulation& simulation, std::span<const FaultLadder> faults,
                                  const SwarmOptions& options = {});

// All of them as drawn, or all off.
void SetFaults(Simulation& simulation, std::span<const FaultRate> rates, bool on);

// Limits and choices of the code under test. What is set by hand is brought within the bounds.
class Knobs {
 public:
  // `site`: the stream of the scenario's knobs.
  Knobs(Simulation& simulation, Site site)
      : simulation_(simulation), key_(simulation.Stream(site).Next()) {}

  // As many draws between 1 and 2 as between 1024 and 2048. REQUIRES: 1 <= low <= high < 2^63.
  std::uint64_t Log(const std::string& name, std::uint64_t low, std::uint64_t high) {
    return Log(name, low, high, high);
  }
  // The same, where more than is ever drawn may be set by hand. REQUIRES: high <= most.
  std::uint64_t Log(const std::string& name, std::uint64_t low, std::uint64_t high,
                    std::uint64_t most);
  // All equally often. REQUIRES: low <= high.
  std::uint64_t Even(const std::string& name, std::uint64_t low, std::uint64_t high);
  // True in so many of a hundred runs.
  bool Flag(const std::string& name, std::uint64_t percent);

 private:
  RandomStream StreamOf(const std::string& name) const;

  Simulation& simulation_;
  const std::uint64_t key_;
};

// How often a kind of operation is drawn, among others.
struct KindWeight {
  const char* kind;
  std::uint64_t weight;
};

// One of them, for one draw. A kind that weighs nothing moves no draw, wherever it stands: so the
// seeds that failed before there was one more kind fail while it is switched off. REQUIRES: some
// weight.
const char* DrawKind(RandomStream& stream, std::span<const KindWeight> kinds);

// Between the bounds, uniformly on a log scale. REQUIRES: 1 <= low <= high < 2^63.
std::uint64_t DrawLog(RandomStream& stream, std::uint64_t low, std::uint64_t high);

}  // namespace beach::sim
