// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_plan.h"

#include <algorithm>
#include <iterator>

#include "engine/wal/format.h"
#include "sim/weather.h"

namespace beach::sim::scenarios::cluster {
namespace {

constexpr std::uint64_t kDriftPpm = 100'000;
constexpr std::uint64_t kOperationsMax = 1 << 14;  // where a hand sets them

constexpr std::uint64_t kRates[] = {100, 1'000, 10'000};
constexpr std::uint64_t kRatesOfSyncs[] = {500, 5'000, 20'000};
constexpr std::uint64_t kRatesOfShortOnes[] = {10'000, 100'000, 500'000};
constexpr std::uint64_t kRatesOfLongOnes[] = {20, 200, 2'000};
constexpr FaultLadder kMachines[] = {{"net.bit_flip", kRates},
                                     {"process.descriptors", kRates},
                                     {"disk.eio.write", kRates},
                                     {"disk.eio.sync", kRatesOfSyncs},
                                     {"disk.no_space", kRates},
                                     {"disk.short_write", kRatesOfShortOnes},
                                     {"disk.short_read", kRatesOfShortOnes},
                                     {"disk.stall", kRatesOfLongOnes},
                                     {"clock.step", kRates}};
constexpr FaultLadder kPauses[] = {{"host.pause", kRatesOfLongOnes},
                                   {"thread.stall", kRatesOfLongOnes}};
constexpr FaultLadder kStandstills[] = {{"clock.freeze", kRatesOfLongOnes}};

raft::Options DrawCore(Simulation& simulation, Knobs& knobs) {
  raft::Options options;
  options.random_key = simulation.Stream("cluster.elections").Next();
  options.election_timeout_ns = knobs.Log("election_timeout_ms", 300, 1'000) * kMillisecond;
  options.heartbeat_interval_ns = options.election_timeout_ns / knobs.Even("heartbeats", 3, 10);
  options.clock_drift_ppm = kDriftPpm;
  options.message_bytes_max = knobs.Log("message_bytes_max", 256, 1 << 20);
  options.in_flight_count_max = knobs.Log("in_flight_count_max", 1, 256);
  options.in_flight_bytes_max = knobs.Log("in_flight_bytes_max", 1 << 10, 1 << 22);
  options.uncommitted_bytes_max = knobs.Log("uncommitted_bytes_max", 1 << 10, 1 << 22);
  options.payload_bytes_max = 1 << 16;
  options.tail_bytes_max = knobs.Log("tail_bytes_max", 1 << 8, 1 << 20);
  options.apply_bytes_max = knobs.Log("apply_bytes_max", 1 << 8, 1 << 20);
  options.apply_count_max = knobs.Log("apply_count_max", 1, 1 << 10);
  options.proposal_timeout_ns = knobs.Log("proposal_timeout_ms", 500, 10'000) * kMillisecond;
  return options;
}

engine::Options DrawEngine(Knobs& knobs) {
  engine::Options options;
  options.external_log = true;
  options.memtable_size = knobs.Log("memtable_size", 1 << 10, 1 << 17);
  options.table_size = knobs.Log("table_size", 1 << 10, 1 << 14);
  options.level0_compact_count = knobs.Even("level0_compact_count", 1, 4);
  options.level0_slow_count = options.level0_compact_count + knobs.Even("level0_slow_more", 1, 6);
  options.level0_stop_count = options.level0_slow_count + knobs.Even("level0_stop_more", 1, 6);
  options.level_size_base = knobs.Log("level_size_base", 1 << 10, 1 << 16);
  options.compaction_threads = 1;
  options.block_cache_size = knobs.Flag("no_cache", 30) ? 0 : 1 << 18;
  return options;
}

raft::SnapshotOptions DrawSnapshots(Knobs& knobs) {
  raft::SnapshotOptions options;
  options.sender.chunk_bytes = knobs.Log("snapshot.chunk_bytes", 64, 1 << 16);
  options.sender.window_bytes =
      options.sender.chunk_bytes * knobs.Log("snapshot.window_chunks", 1, 64);
  options.sender.ask_again_ns = knobs.Log("snapshot.ask_again_ms", 100, 2'000) * kMillisecond;
  options.sender.give_up_ns = knobs.Log("snapshot.give_up_ms", 2'000, 30'000) * kMillisecond;
  options.sender.pin_idle_ns = knobs.Log("snapshot.pin_idle_ms", 1, 30'000) * kMillisecond;
  if (knobs.Flag("snapshot.throttled", 30)) {
    options.sender.bytes_per_second = knobs.Log("snapshot.bytes_per_second", 1 << 14, 1 << 20);
  }
  options.receiver.directory = kArrivedDirectory;
  options.receiver.sync_every_bytes = knobs.Log("snapshot.sync_every_bytes", 1 << 8, 1 << 20);
  options.receiver.queue_bytes_max =
      options.sender.chunk_bytes * knobs.Log("snapshot.queue_chunks", 1, 64);
  options.receiver.early_max_ns = knobs.Log("snapshot.early_max_ms", 10, 1'000) * kMillisecond;
  return options;
}

std::vector<Blow> DrawBlows(Knobs& knobs, Focus focus, std::uint64_t nodes) {
  const bool orders = focus == Focus::kMembership;
  const bool often = orders || focus == Focus::kStorage;
  const std::uint64_t armed = focus == Focus::kSnapshots ? 60 : 25;
  std::vector<Blow> blows(often ? knobs.Even("blows", 1, 12)
                                : knobs.Even("blows", 0, focus == Focus::kSnapshots ? 10 : 6));
  for (std::size_t i = 0; i < blows.size(); ++i) {
    const std::string prefix = "blow." + std::to_string(i) + ".";
    blows[i] = {.node = knobs.Even(prefix + "node", 0, kNodesMax - 1) % nodes,
                .end = static_cast<End>(knobs.Even(prefix + "end", 0, kEnds - 1)),
                .after_ms = knobs.Log(prefix + "after_ms", 1, 4'000),
                .down_ms = knobs.Log(prefix + "down_ms", 1, 4'000)};
    if (focus == Focus::kStorage && knobs.Flag(prefix + "damages", 60)) {
      blows[i].damage = static_cast<DamageKind>(knobs.Even(prefix + "damage", 1, kDamageKinds - 1));
      blows[i].damages = knobs.Log(prefix + "damage_places", 1, 16);
      blows[i].damage_newest = knobs.Flag(prefix + "damage_newest", 50);
      blows[i].unreadable = knobs.Flag(prefix + "unreadable", 30);
    }
    if (knobs.Flag(prefix + "armed", armed)) {
      blows[i].strike_calls = knobs.Log(prefix + "strike_calls", 1, 1 << 10);
      blows[i].armed_ms = knobs.Log(prefix + "armed_ms", 100, 8'000);
    }
    if (knobs.Flag(prefix + "full", 20)) {
      blows[i].bytes_left = knobs.Log(prefix + "bytes_left", 1, std::uint64_t{1} << 20) - 1;
    }
    if (!orders) continue;
    blows[i].order = static_cast<Order>(knobs.Even(prefix + "order", 0, kOrders - 1));
    blows[i].target = knobs.Even(prefix + "target", 0, kNodesMax - 1) % nodes;
    blows[i].joint = knobs.Flag(prefix + "joint", 50);
  }
  return blows;
}

// Nodes differ: one may have what the others have dropped, and be slower than they are.
void DrawUnequalNodes(Knobs& knobs, Plan& plan) {
  const bool about_snapshots = plan.focus == Focus::kSnapshots;
  if (knobs.Flag("log_keeper", about_snapshots ? 40 : 10)) {
    plan.log_keeper = knobs.Even("log_keeper.node", 0, kNodesMax - 1) % plan.nodes;
  }
  for (std::uint64_t place = 0; place < plan.nodes; ++place) {
    const std::string name = "slow_machine." + std::to_string(place);
    const bool slow = knobs.Flag(name, about_snapshots ? 50 : 10);
    plan.apply_ns.push_back(slow ? knobs.Log(name + ".apply_ms", 1, 4'000) * kMillisecond : 0);
  }
}

}  // namespace

Plan DrawPlan(Simulation& simulation, Focus focus) {
  Knobs knobs(simulation, "cluster.knobs");
  Plan plan;
  plan.focus = focus;
  static constexpr std::uint64_t kNodes[] = {1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5};
  plan.nodes = kNodes[knobs.Even("nodes", 0, std::size(kNodes) - 1)];
  // A majority of one or two is all of them, or leaves nobody out.
  if (focus == Focus::kLiveness) plan.nodes = std::max<std::uint64_t>(plan.nodes, 3);
  // So that there is a minority.
  if (focus == Focus::kStorage) {
    plan.nodes = std::max<std::uint64_t>(plan.nodes, 3);
    plan.damages_beyond = knobs.Flag("damages_beyond", 25);
  }
  plan.voters = plan.nodes;
  if (focus == Focus::kMembership) plan.nodes = std::min(plan.nodes + 2, kNodesMax);
  plan.clients = knobs.Even("clients", 1, kClientsMax);
  plan.operations = knobs.Log("operations", 32, 512, kOperationsMax);
  plan.keys = knobs.Log("keys", 1, 32);
  plan.value_size_max = knobs.Log("value_size_max", 8, 4'096);
  plan.pause_max_ms = knobs.Log("pause_max_ms", 1, 400);
  plan.blows = DrawBlows(knobs, focus, plan.nodes);
  plan.core = DrawCore(simulation, knobs);
  plan.engine = DrawEngine(knobs);
  plan.log.segment_size_bytes =
      knobs.Log("segment_blocks", engine::wal::kSegmentSizeMin / engine::wal::kBlockSize * 2, 256) *
      engine::wal::kBlockSize;
  plan.log.flights_max = knobs.Even("flights_max", 1, 8);
  plan.log.flight_bytes_max = knobs.Log("flight_bytes_max", 256, 1 << 22);
  // Long enough that a snapshot passes calls that wait.
  const bool long_calls = focus == Focus::kSnapshots;
  plan.call_max_ns =
      knobs.Log("call_max_ms", long_calls ? 2'000 : 100, long_calls ? 30'000 : 10'000) *
      kMillisecond;
  plan.deadline_ns = knobs.Log("deadline_ms", 200, 20'000) * kMillisecond;
  plan.readers = knobs.Even("readers", 1, 3);
  const std::uint64_t leases = focus == Focus::kClocks ? 60 : 30;
  if (knobs.Flag("lease_reads", leases)) plan.reads = server::Consistency::kLease;
  plan.client.silence_max_ns = knobs.Log("client_silence_ms", 100, 2'000) * kMillisecond;
  plan.client.random_key = simulation.Stream("cluster.clients").Next();
  plan.sessions.count_max = knobs.Flag("few_sessions", 10) ? 2 : 10'000;
  const bool about_snapshots = focus == Focus::kSnapshots;
  plan.log_bytes_max = knobs.Flag("log_is_short", about_snapshots ? 100 : 60)
                           ? 0
                           : knobs.Log("log_bytes_max", 1 << 16, 1 << 24);
  plan.log_entries_kept = knobs.Log("log_entries_kept", 1, about_snapshots ? 32 : 1 << 10);
  plan.snapshots = DrawSnapshots(knobs);
  DrawUnequalNodes(knobs, plan);
  return plan;
}

std::vector<FaultRate> DrawClusterFaults(Simulation& simulation, const Plan& plan) {
  std::vector<FaultRate> faults = DrawFaults(simulation, UsualNetworkFaults());
  const auto add = [&faults](const std::vector<FaultRate>& more) {
    faults.insert(faults.end(), more.begin(), more.end());
  };
  add(DrawFaults(simulation, kMachines, {.on_percent = 25}));
  // What Redis clients say has no checksum: behind TCP's own nobody can tell.
  if (plan.focus == Focus::kServer) {
    std::erase_if(faults, [](const FaultRate& fault) {
      return fault.site.hash == Site("net.bit_flip").hash;
    });
  }
  // They outlast the moment from which a majority has to serve.
  if (plan.focus != Focus::kLiveness) add(DrawFaults(simulation, kPauses, {.on_percent = 25}));
  // A lease is good while clocks drift no more than is stated, and one that stands still drifts.
  if (plan.focus == Focus::kClocks && plan.reads == server::Consistency::kLinearizable) {
    add(DrawFaults(simulation, kStandstills, {.calm_percent = 10, .on_percent = 100}));
  }
  return faults;
}

std::string AddressOf(std::uint64_t place) { return "n" + std::to_string(place) + ":7000"; }

raft::NodeId NodeOf(std::uint64_t place) { return raft::NodeId(place + 1); }

raft::AddressBook AddressesOf(const Plan& plan) {
  raft::AddressBook addresses;
  for (std::uint64_t i = 0; i < plan.nodes; ++i) addresses[NodeOf(i)] = AddressOf(i);
  return addresses;
}

raft::Configuration VotersOf(const Plan& plan) {
  raft::Configuration configuration;
  for (std::uint64_t i = 0; i < plan.voters; ++i) configuration.voters.push_back(NodeOf(i));
  return configuration;
}

}  // namespace beach::sim::scenarios::cluster
