// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "raft/testing/node.h"

// What scenarios print.

namespace beach::raft::testing {

std::string Text(const Message& message);              // "1 -> 2  heartbeat round 3, commit 2"
std::string Text(const Configuration& configuration);  // "voters 1 2 3, learners 4"
std::string Text(const Entry& entry);                  // "4/2 x": index, term, payload
std::string Text(const Event& event);                  // empty: not worth a line
std::string StatusLine(NodeId id, const Node& node);
std::string ProgressLines(const Node& node);

}  // namespace beach::raft::testing
