// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "fuzz/seeds.h"
#include "fuzz/steered_run.h"

namespace beach::fuzz {
namespace {

struct Planned {
  DecisionKind kind;
  std::uint8_t value;
  std::uint16_t draw;
};

Bytes RunSeed(std::uint8_t scenario, std::uint64_t seed, const std::vector<Planned>& decisions) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(scenario);
  encoder.Fixed64(seed);
  for (const Planned& decision : decisions) {
    encoder.Fixed8(static_cast<std::uint8_t>(decision.kind));
    encoder.Fixed8(decision.value);
    encoder.Fixed16(decision.draw);
  }
  return bytes;
}

}  // namespace

void AddRunSeeds(Seeds& seeds) {
  using enum DecisionKind;
  for (std::uint8_t scenario = 0; scenario < 3; ++scenario) {
    const std::string name = "scenario-" + std::to_string(scenario);
    seeds.push_back({"decisions", name, RunSeed(scenario, 1, {})});
    seeds.push_back({"decisions", name + "-steered",
                     RunSeed(scenario, 7,
                             {{kDelay, 12, 40},
                              {kDelay, 0, 41},
                              {kDelay, 9, 400},
                              {kFault, 1, 3},
                              {kFault, 0, 20},
                              {kChoice, 1, 0},
                              {kChoice, 3, 2},
                              {kBuggify, 1, 5},
                              {kBuggify, 1, 50},
                              {kOperation, 0, 4},
                              {kOperation, 9, 8}})});
  }
  // Each kind of call three times, by both clients, in three lives.
  for (std::uint8_t scenario = 0; scenario < 5; ++scenario) {
    Bytes bytes = {static_cast<char>(scenario), 3};
    for (std::uint8_t call = 0; call < 90; ++call) {
      const auto who = static_cast<std::uint8_t>((call % 2) | ((call % 7) << 2 & 4) |
                                                 (call % 30 == 29 ? 0x80 : 0));
      for (const int byte : {call * 5, call * 3 % 17, call * 7 % 19, int{who}}) {
        bytes.push_back(static_cast<char>(byte));
      }
    }
    seeds.push_back({"api", "scenario-" + std::to_string(scenario), std::move(bytes)});
  }
}

}  // namespace beach::fuzz
