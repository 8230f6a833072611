// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "fuzz/steered_run.h"
#include "sim/scenario.h"

// Calls of the database's interface as bytes, made in a simulated run whose oracles judge each.
//
//   offset  size  meaning
//        0     1  scenario: the n-th of those that call the whole interface, modulo how many
//        1     1  seed, which draws the options, the faults and the schedule
//        2   4 n  calls, in this order: what (1 byte, modulo the kinds), two numbers (1 each), and
//                 who: bits 0 and 1 the client, bit 2 a flag of the call, bit 7 in a new life
//
// What is missing is zeros; what is left of the last call is nothing.

namespace beach::fuzz {

inline constexpr std::size_t kCallSize = 4;
inline constexpr std::size_t kCallsOffset = 2;

// The calls in place of what the seed generated; all else is the seed's.
class CallSteering final : public sim::Steering {
 public:
  // `of_tables`: those of engine-tables, of which each is what its number makes it.
  CallSteering(ByteView calls, bool of_tables) : calls_(calls), of_tables_(of_tables) {}

  std::uint64_t Delay(std::uint64_t drawn) override { return drawn; }
  std::uint64_t Fault(Site /*site*/, std::uint64_t /*outcomes*/, std::uint64_t drawn) override {
    return drawn;
  }
  std::uint64_t Choice(Site /*site*/, std::uint64_t /*bound*/, std::uint64_t drawn) override {
    return drawn;
  }
  bool Buggify(Site /*site*/, bool drawn) override { return drawn; }
  void Workload(std::vector<artifacts::Operation>& operations) override;

 private:
  const ByteView calls_;
  const bool of_tables_;
};

// Every input is a run. `decisions` of what it returns: the calls.
SteeredRun ParseApiRun(ByteView input,
                       const std::vector<std::unique_ptr<sim::Scenario>>& scenarios);

}  // namespace beach::fuzz
