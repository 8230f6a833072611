// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "sim/run.h"
#include "sim/scenario.h"
#include "sim/steering.h"

// A simulated run as bytes: a seed, and decisions that are made otherwise than it draws them.
//
//   offset  size  meaning
//        0     1  scenario: the n-th of the registry, modulo how many there are
//        1     8  seed, little-endian
//        9   4 n  decisions: what is decided (1 byte, modulo 5), value (1), which one (2)
//
// A decision says of the n-th draw of its kind in the run what shall be. Each stands for itself, so
// that one that goes, or comes, leaves the others what they were, up to where the run takes another
// way. What is missing of the seed is zeros; what is left of the last decision is nothing.

namespace beach::fuzz {

enum class DecisionKind : std::uint8_t {
  kDelay = 0,      // of a step: 2 to the power of value % 13, less one, turns
  kFault = 1,      // that has a rate: strikes as value % (outcomes + 1), 0 being not at all
  kChoice = 2,     // value % bound, where the bound is small; else spread over it
  kBuggify = 3,    // taken if the value is odd
  kOperation = 4,  // 0: left out; else it does what the one `value` operations on does
};
inline constexpr std::size_t kDecisionKinds = 5;
inline constexpr std::size_t kDecisionSize = 4;
inline constexpr std::size_t kDecisionsOffset = 9;

// Steers one run as an input says.
class InputSteering final : public sim::Steering {
 public:
  explicit InputSteering(ByteView decisions);

  std::uint64_t Delay(std::uint64_t drawn) override;
  std::uint64_t Fault(Site site, std::uint64_t outcomes, std::uint64_t drawn) override;
  std::uint64_t Choice(Site site, std::uint64_t bound, std::uint64_t drawn) override;
  bool Buggify(Site site, bool drawn) override;
  void Workload(std::vector<artifacts::Operation>& operations) override;

 private:
  // What is planned for the next draw of the kind.
  std::optional<std::uint8_t> Next(DecisionKind kind);

  struct Stream {
    std::map<std::uint64_t, std::uint8_t> planned;  // draw to value
    std::uint64_t draws = 0;
  };
  std::array<Stream, kDecisionKinds> streams_;
};

struct SteeredRun {
  const sim::Scenario* scenario = nullptr;
  sim::RunOptions options;  // but for the steering
  ByteView decisions;       // of the input
};

// Every input is a run. REQUIRES: at least one scenario.
SteeredRun ParseRun(ByteView input, const std::vector<std::unique_ptr<sim::Scenario>>& scenarios);

// The run itself, steered. `options` are those of the parsed run, or these with an observer.
sim::RunReport RunSteered(const SteeredRun& run, sim::RunOptions options);

// Adds, takes away or changes whole decisions, or the seed.
void MutateDecisions(Bytes& input, RandomStream& stream, std::size_t size_max);

}  // namespace beach::fuzz
