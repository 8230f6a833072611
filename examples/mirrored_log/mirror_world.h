// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "message.h"
#include "sim/simulation.h"
#include "sim/swarm.h"

namespace mirrored_log {

// What a client is to ask.
struct Operation {
  std::uint64_t id = 0;  // of an append: its item's, unique in the run
  Kind kind{};
  std::uint64_t node = 0;
  std::uint64_t number = 0;  // of a read, the item; of an append, how long it is
  std::uint64_t pause_ms = 0;
};

struct WorkloadOptions {
  std::uint64_t clients = 1;
  std::uint64_t operations = 1;  // of each
  std::uint64_t pause_max_ms = 1;
  std::span<const beach::sim::KindWeight> kinds;
};

// What outlives the processes, and judges what they tell. Each function that they call opens a
// SystemScope.
class World {
 public:
  explicit World(beach::sim::Simulation& simulation) : simulation_(simulation) {}

  void AddFaults(const std::vector<beach::sim::FaultRate>& faults);
  void SetFaults(bool on);
  // By client. Drawn, or what an artifact says.
  std::vector<std::vector<Operation>> DrawWorkload(const WorkloadOptions& options);
  std::uint64_t NextId() { return ++last_id_; }

  static beach::Bytes MakeItem(std::uint64_t id, std::uint64_t size);

  // An item is about to be asked for; from here on it may be found.
  void Appends(std::uint64_t id);
  void Answered(const Operation& operation, const beach::Result<Message>& answer);
  void Acknowledged(std::uint64_t number, const beach::Bytes& item);
  // Items below this have been acknowledged.
  std::uint64_t acknowledged() const { return acknowledged_; }
  // A node showed `count` items, of which `item` is the one asked for. `acknowledged`: when the
  // read began.
  void Read(const Operation& operation, std::uint64_t acknowledged, std::uint64_t count,
            const beach::Bytes& item);
  void Stopped(const std::string& node, const beach::Error& error);
  void DoesNotServe(const Operation& operation);

 private:
  void Found(std::uint64_t number, const beach::Bytes& item);

  beach::sim::Simulation& simulation_;
  std::vector<beach::sim::FaultRate> faults_;
  std::uint64_t last_id_ = 0;
  std::set<std::uint64_t> asked_;                 // ids
  std::map<std::uint64_t, beach::Bytes> found_;   // by number, acknowledged or shown
  std::map<std::uint64_t, std::uint64_t> place_;  // by id, its number
  std::uint64_t acknowledged_ = 0;
};

}  // namespace mirrored_log
