// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "raft/types.h"

namespace beach::raft {

// Of one node's core. Everything it holds has a limit here.
struct Options {
  NodeId id;
  ClusterId cluster;
  std::uint64_t random_key = 0;  // of the election timeouts
  // Greater at every start of the node, below 2^24: what it forwards is told apart from what it
  // forwarded in an earlier life.
  std::uint64_t incarnation = 0;

  // T. A node campaigns when it has not heard of a leader for a time drawn from [T, 2T), and for T
  // it votes for nobody else. At least twice the heartbeat interval.
  std::uint64_t election_timeout_ns = 1'000'000'000;
  std::uint64_t heartbeat_interval_ns = 100'000'000;
  // How much faster one node's clock may run than another's, in millionths: what a lease is shorter
  // than T by. The same on all nodes.
  std::uint64_t clock_drift_ppm = 10'000;

  std::uint64_t message_bytes_max = std::uint64_t{1} << 20;  // of entries; one always fits
  std::uint64_t in_flight_count_max = 256;                   // of messages to one follower
  std::uint64_t in_flight_bytes_max = std::uint64_t{16} << 20;
  std::uint64_t payload_bytes_max = std::uint64_t{32} << 20;
  std::uint64_t uncommitted_bytes_max = std::uint64_t{64} << 20;  // one entry always fits
  std::uint64_t tail_bytes_max = std::uint64_t{32} << 20;  // kept beyond what must be in memory
  std::uint64_t apply_bytes_max = std::uint64_t{8} << 20;  // handed out and not yet applied
  std::uint64_t apply_count_max = 4096;

  std::uint64_t proposals_max = 1 << 16;      // whose fate is not known
  std::uint64_t forwarded_max = 1 << 12;      // proposals, and reads, without an answer
  std::uint64_t reads_max = 1 << 16;          // that wait for their round, or to be applied
  std::uint64_t held_messages_max = 1 << 12;  // until what they say is durable
  // After so long the fate of a proposal is reported unknown.
  std::uint64_t proposal_timeout_ns = 10'000'000'000;
};

}  // namespace beach::raft
