// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/raft_core_plan.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "sim/swarm.h"

namespace beach::sim::scenarios::raft_core {
namespace {

// Of this much drift clocks of one run tell different times.
constexpr std::uint64_t kApartPpm = 300'000;
constexpr std::uint64_t kUnit = 40;  // bytes: of an entry with a small payload

// From the smallest up to what is drawn, on a log scale: messages that take long are rare, and some
// runs have none.
Latency DrawLatency(Knobs& knobs, const std::string& name, std::uint64_t high_us) {
  const std::uint64_t max = knobs.Log(name + ".max_us", 10, high_us);
  const std::uint64_t min = knobs.Even(name + ".min_us", 1, max);
  return {.min_ns = min * kMicrosecond, .max_ns = max * kMicrosecond};
}

raft::Options DrawLimits(Knobs& knobs) {
  raft::Options options;
  options.cluster = raft::ClusterId(7);
  options.election_timeout_ns = 100 * kMillisecond;
  options.heartbeat_interval_ns = 20 * kMillisecond;
  options.clock_drift_ppm = knobs.Flag("clocks_apart", 15)
                                ? knobs.Even("drift_ppm", kApartPpm, 800'000)
                                : knobs.Log("drift_ppm", 20'000, kApartPpm - 1);
  options.message_bytes_max = knobs.Log("message_units", 1, 64) * kUnit;
  options.in_flight_count_max = knobs.Even("in_flight_count_max", 1, 4);
  options.in_flight_bytes_max = knobs.Log("in_flight_units", 1, 64) * kUnit;
  options.uncommitted_bytes_max = knobs.Log("uncommitted_units", 1, 256) * kUnit;
  options.payload_bytes_max = kPayloadMax;
  options.tail_bytes_max = knobs.Even("tail_units", 0, 40) * kUnit;
  options.apply_bytes_max = knobs.Log("apply_units", 1, 64) * kUnit;
  options.apply_count_max = knobs.Log("apply_count_max", 1, 16);
  options.held_messages_max = knobs.Log("held_messages_max", 4, 64);
  options.forwarded_max = knobs.Log("forwarded_max", 1, 64);
  options.reads_max = knobs.Log("reads_max", 1, 64);
  options.proposals_max = knobs.Log("proposals_max", 1, 256);
  options.proposal_timeout_ns = knobs.Log("proposal_timeout_ms", 20, 400) * kMillisecond;
  return options;
}

// `stated_ppm`: how much faster one clock may run than another, as cores are told. Each one is off
// by less than half of it; where that is much, by nearly as much as it may be.
std::int64_t DrawDrift(Knobs& knobs, const std::string& prefix, std::uint64_t stated_ppm) {
  const auto most = static_cast<std::int64_t>(stated_ppm * 9 / 20);
  if (stated_ppm >= kApartPpm) return knobs.Flag(prefix + "slow_clock", 30) ? -most : most;
  const std::uint64_t drift = knobs.Even(prefix + "drift_ppm", 0, stated_ppm * 9 / 10);
  return static_cast<std::int64_t>(drift) - most;
}

NodePlan DrawNode(Knobs& knobs, std::uint64_t node, std::uint64_t stated_ppm) {
  const std::string prefix = "n" + std::to_string(node) + ".";
  const std::int64_t drift_ppm = DrawDrift(knobs, prefix, stated_ppm);
  const bool slow_disk = knobs.Flag(prefix + "slow_disk", 30);
  const bool compacts = knobs.Flag(prefix + "compacts", 30);
  const bool slow_apply = knobs.Flag(prefix + "slow_apply", 15);
  return {.drift_ppm = drift_ppm,
          .origin_ns = (node + 1) * 1'000 * kMillisecond,
          .disk_times = slow_disk ? knobs.Log(prefix + "disk_times", 2, 32) : 1,
          .apply_times = slow_apply ? knobs.Log(prefix + "apply_times", 2, 64) : 1,
          .compact_every = compacts ? knobs.Log(prefix + "compact_every", 1, 64) : 0};
}

}  // namespace

Plan DrawPlan(Simulation& simulation) {
  Knobs knobs(simulation, "raft.knobs");
  Plan plan;
  static constexpr std::uint64_t kVoters[] = {1, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5};
  RandomStream voters = simulation.Stream("raft.voters");
  plan.voters = std::clamp<std::uint64_t>(
      simulation.Option("voters", kVoters[voters.Below(std::size(kVoters))]), 1, kVotersMax);
  const std::uint64_t spares = knobs.Even("spares", 0, kSparesMax);
  plan.options = DrawLimits(knobs);
  for (std::uint64_t i = 0; i < plan.voters + spares; ++i) {
    plan.nodes.push_back(DrawNode(knobs, i, plan.options.clock_drift_ppm));
  }
  plan.message = DrawLatency(knobs, "message", 20'000);
  plan.disk = DrawLatency(knobs, "disk", 40'000);
  plan.apply = DrawLatency(knobs, "apply", 5'000);
  plan.load = DrawLatency(knobs, "load", 5'000);
  plan.snapshot = DrawLatency(knobs, "snapshot", 100'000);
  if (knobs.Flag("slow_snapshots", 50)) {  // longer than it takes to elect another leader
    plan.snapshot.min_ns = knobs.Even("slow_snapshots.min_ms", 50, 400) * kMillisecond;
    plan.snapshot.max_ns += plan.snapshot.min_ns;
  }
  plan.in_order = knobs.Flag("in_order", 40);
  plan.late_max_ns = knobs.Log("late_max_ms", 1, 2'000) * kMillisecond;
  plan.gather_ns = knobs.Log("gather_us", 1, 4'000) * kMicrosecond;
  plan.gather_percent = knobs.Flag("gathers", 50) ? knobs.Even("gather_percent", 1, 50) : 0;
  plan.operations = knobs.Log("operations", 64, 4'095);
  plan.pause_max_us = knobs.Log("pause_max_us", 200, 50'000);
  plan.trouble_pause_max_us = knobs.Log("trouble_pause_max_us", 1'000, 1'000'000);
  if (knobs.Flag("damages", 30)) {
    plan.damages = knobs.Flag("damages_everywhere", 40) ? Damages::kEverywhere : Damages::kMinority;
  }
  plan.few_come_back = plan.damages == Damages::kMinority && knobs.Flag("few_come_back", 60);
  if (plan.damages == Damages::kEverywhere) {
    for (NodePlan& node : plan.nodes) node.compact_every = 0;
  }
  plan.loses_entries = simulation.Option("loses_entries", 0) != 0;
  return plan;
}

}  // namespace beach::sim::scenarios::raft_core
