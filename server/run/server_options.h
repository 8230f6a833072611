// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/options.h"
#include "env/tls/tls_files.h"
#include "raft/disk/disk_log.h"
#include "raft/node/node.h"
#include "raft/options.h"
#include "raft/types.h"
#include "server/machine/sessions.h"
#include "server/service/service.h"
#include "server/users/users.h"

namespace beach::server {

// Of a node of a cluster. One that stands alone is a cluster of one.
struct ServerOptions {
  std::string directory;  // made where the folder above is there

  // Where it listens: for nodes and clients, for Redis clients, for HTTP. A port of 0: any; empty:
  // not.
  std::string native_address = "127.0.0.1:7700";
  std::string resp_address;
  std::string http_address;  // for monitoring; it tells everybody who asks

  // With a certificate all that it listens at is under TLS, and so is what the nodes of a cluster
  // say to each other: each shows its own, which is good for the host of its address in `nodes`.
  env::TlsFiles tls;
  env::ClientCertificates tls_clients = env::ClientCertificates::kNone;
  env::ServerCheck tls_nodes = env::ServerCheck::kName;  // what nodes ask of each other

  // Who may ask, over the native port and that for Redis clients; nothing: everybody, everything.
  std::optional<std::vector<User>> users;

  raft::NodeId node{1};
  // Of all nodes, this one included, as they dial each other; empty: it stands alone. When the
  // directory is made these are the cluster's founders, the same on all of them.
  std::map<raft::NodeId, std::string> nodes;
  std::string cluster_name = "beachdb";  // told apart by it when they are founded

  std::string version = "0";  // of this program, for clients that ask

  engine::Options engine;
  SessionLimits sessions;
  ServiceLimits service;
  std::uint64_t clients_max = 10'000;   // connections, of each kind; more are let go at once
  std::uint64_t reader_threads = 2;     // of reads that memory alone does not answer
  std::uint64_t slow_ns = 100'000'000;  // a request that takes longer is told of; 0: none is
  std::uint64_t reply_queue_bytes = std::uint64_t{8} << 20;  // of a client that does not read
  std::uint64_t watch_bytes_max = std::uint64_t{64} << 20;   // that watchers may be behind
  // From being told to stop until it does, whatever is under way.
  std::uint64_t leave_max_ns = 3'000'000'000;

  // Whose these are, and where their files are, is not looked at.
  raft::Options core = {.id = {},
                        .cluster = {},
                        .election_timeout_ns = 300'000'000,
                        .heartbeat_interval_ns = 50'000'000};
  raft::DiskLogOptions log;
  raft::SnapshotOptions snapshots;
  std::uint64_t log_bytes_max = std::uint64_t{256} << 20;  // raft::NodeOptions has them
  std::uint64_t log_entries_kept = 4096;
  std::uint64_t call_max_ns = 10'000'000'000;
  raft::NodeWatcher* watcher = nullptr;
};

// kInvalidArgument with what is wrong, for people.
Status CheckServerOptions(const ServerOptions& options);

}  // namespace beach::server
