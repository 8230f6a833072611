// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "artifacts/artifact.h"
#include "base/site.h"

namespace beach::sim {

// Puts values of its own in place of single ones that a run draws, so that a search over runs can
// change one thing and leave the rest. Each call gives what was drawn and takes what shall be: the
// n-th call of a kind is the n-th such draw of the run. All of it is recorded, so that the run's
// artifact is an ordinary one, and replays without us. Called with a SystemScope open. A pure
// function of its calls, or the run is not deterministic.
class Steering {
 public:
  // The largest delay of a step.
  static constexpr std::uint64_t kDelayMax = (std::uint64_t{1} << 12) - 1;

  // How many turns a step of a thread is put off, under the random policy; at most kDelayMax.
  virtual std::uint64_t Delay(std::uint64_t drawn) = 0;
  // 0, or which outcome of a fault that has a rate strikes; at most `outcomes`.
  virtual std::uint64_t Fault(Site site, std::uint64_t outcomes, std::uint64_t drawn) = 0;
  // Below `bound`.
  virtual std::uint64_t Choice(Site site, std::uint64_t bound, std::uint64_t drawn) = 0;
  // Whether a rare branch is taken.
  virtual bool Buggify(Site site, bool drawn) = 0;
  // Once: what the seed generated. What comes out must be a workload of the scenario.
  virtual void Workload(std::vector<artifacts::Operation>& operations) = 0;

 protected:
  ~Steering() = default;
};

}  // namespace beach::sim
