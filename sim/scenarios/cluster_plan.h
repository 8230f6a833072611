// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/options.h"
#include "raft/disk/disk_log.h"
#include "raft/node/node.h"
#include "server/client/client.h"
#include "server/machine/sessions.h"
#include "server/service/service.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace beach::sim::scenarios::cluster {

inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kNodesMax = 5;
inline constexpr std::uint64_t kClientsMax = 4;

// What a scenario is about.
enum class Focus : std::uint8_t {
  kEverything,
  kMembership,  // nodes come and go, leadership is handed over
  kSnapshots,   // logs are short, and nodes lag behind them
  kClocks,      // clocks drift, step and stand still; leases where they may be trusted
  kLiveness,    // in the end a majority alone has to serve
  kStorage,     // disks lose what they had
  kServer,      // the server whole, and clients of both protocols
};

// What ends a life: after some time, of one node or of all, which begin anew after a while.
enum class End : std::uint8_t { kNone = 0, kKill = 1, kPowerLoss = 2, kPowerLossOfAll = 3 };
inline constexpr std::uint64_t kEnds = 4;
// What an operator orders.
enum class Order : std::uint8_t {
  kNone = 0,
  kAddVoter = 1,
  kAddLearner = 2,
  kRemove = 3,
  kTransfer = 4,
};
inline constexpr std::uint64_t kOrders = 5;
// What a disk loses, once its node is down or while it runs.
enum class DamageKind : std::uint8_t {
  kNone = 0,
  kLog = 1,
  kRegister = 2,  // of the log: one copy of two
  kTables = 3,
  kArrived = 4,    // of a snapshot
  kEmptyDisk = 5,  // another disk is there, with nothing on it
};
inline constexpr std::uint64_t kDamageKinds = 6;
struct Blow {
  std::uint64_t node = 0;
  End end = End::kNone;
  std::uint64_t after_ms = 0;
  std::uint64_t down_ms = 0;
  Order order = Order::kNone;             // before it
  std::uint64_t target = 0;               // of the order: a place
  bool joint = false;                     // by way of a joint configuration
  DamageKind damage = DamageKind::kNone;  // behind it
  std::uint64_t damages = 0;              // places
  bool damage_newest = false;             // of a log: near its end
  bool unreadable = false;                // sectors, instead of bits that flip
  // Of the end of one node: not at once, but inside one of its calls (Simulation::ArmStrike); 0: at
  // once.
  std::uint64_t strike_calls = 0;
  std::uint64_t armed_ms = 0;  // for so long
  // Of the disk, until the next blow; none: it is as large as ever.
  std::optional<std::uint64_t> bytes_left = {};
};

// All that differs from run to run beside operations and faults.
struct Plan {
  Focus focus = Focus::kEverything;
  std::uint64_t nodes = 3;   // spare ones included
  std::uint64_t voters = 3;  // in the beginning: the first ones
  std::uint64_t clients = 1;
  std::uint64_t operations = 1;  // of all clients
  std::uint64_t keys = 1;
  std::uint64_t value_size_max = 1;
  std::uint64_t pause_max_ms = 1;  // of a client, before an operation
  std::vector<Blow> blows;
  raft::Options core;
  raft::DiskLogOptions log;
  std::uint64_t log_bytes_max = 0;  // before a node drops its log
  std::uint64_t log_entries_kept = 0;
  std::optional<std::uint64_t> log_keeper;  // a node that drops nothing of its log
  std::vector<std::uint64_t> apply_ns;      // of each node: what its state machine takes, at least
  raft::SnapshotOptions snapshots;
  engine::Options engine;
  server::SessionLimits sessions;
  server::ServiceLimits service;
  server::ClientOptions client;
  server::Consistency reads = server::Consistency::kLinearizable;
  std::uint64_t deadline_ns = 0;  // of a client's call
  std::uint64_t call_max_ns = 1;  // of a call on a node
  std::uint64_t readers = 1;      // threads of a node that read for clients
  // Of kStorage: disks of more than a few nodes. Nobody has to be served then.
  bool damages_beyond = false;
};

Plan DrawPlan(Simulation& simulation, Focus focus);
// Beside those of the network.
std::vector<FaultRate> DrawClusterFaults(Simulation& simulation, const Plan& plan);

// On the disk of a node.
inline constexpr char kTablesDirectory[] = "db";
inline constexpr char kLogDirectory[] = "log";
inline constexpr char kArrivedDirectory[] = "incoming";

// "n0:7000", of nodes from 0; the node of place 0 has number 1.
std::string AddressOf(std::uint64_t place);
raft::NodeId NodeOf(std::uint64_t place);
raft::AddressBook AddressesOf(const Plan& plan);
raft::Configuration VotersOf(const Plan& plan);
inline constexpr wire::ClusterId kCluster{'b', 'e', 'a', 'c', 'h'};

}  // namespace beach::sim::scenarios::cluster
