// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/random.h"
#include "oracle/history.h"

// For tests of the check for linearizability: histories of a store that is right, and a check that
// is plain to see.

namespace beach::oracle {

using StoreState = std::map<Bytes, Bytes>;

struct RandomHistoryOptions {
  std::uint64_t operations = 6;
  std::uint64_t clients = 3;
  std::uint64_t keys = 2;
  std::uint64_t values = 0;            // 0: each operation writes a value of its own
  std::uint64_t takes_max = 4;         // time from call to effect, and from effect to return
  std::uint64_t pause_max = 2;         // of a client between two operations
  std::uint64_t unknown_percent = 10;  // of operations without an answer
  // How often what is done.
  std::uint64_t gets = 4;
  std::uint64_t puts = 3;
  std::uint64_t appends = 0;
  std::uint64_t deletes = 1;
  std::uint64_t compare_and_sets = 2;
  std::uint64_t transactions = 0;
};

// What clients see of a store in which each operation takes effect at one moment between its call
// and its return: linearizable.
std::vector<ClientOperation> MakeRandomHistory(RandomStream& random,
                                               const RandomHistoryOptions& options);

// One answer or time is not what it was; it may still be linearizable.
void Mutate(RandomStream& random, std::vector<ClientOperation>& history);

// Whether the operation can take effect there; if so, it does.
bool TakesEffect(const ClientOperation& operation, StoreState& state);

// By trying all orders: for histories of few operations.
bool IsLinearizableByAllOrders(std::span<const ClientOperation> history);

}  // namespace beach::oracle
