// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/random.h"
#include "raft/types.h"
#include "server/machine/testing/model.h"

namespace beach::server::testing {

// A log as clients, leaders and a network that repeats things make it, and what a model says to
// each entry.
struct History {
  std::vector<raft::Entry> entries;  // from index 1 on
  std::vector<Bytes> answers;
  std::map<Bytes, Bytes> live;  // behind the last
  std::vector<SessionId> sessions;
  std::uint64_t time_ms = 0;
};

History DrawHistory(RandomStream& stream, std::size_t count, SessionLimits limits);

}  // namespace beach::server::testing
