// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "oracle/raft_log.h"
#include "oracle/violation.h"

// How the oracle of Raft words what it found.

namespace beach::oracle {

inline std::string Name(RaftNode node) { return "node " + std::to_string(node.value); }
inline std::string Name(const std::optional<RaftNode>& node) {
  return node ? Name(*node) : "nobody";
}
inline std::string Name(RaftIndex index) { return "index " + std::to_string(index.value); }
inline std::string InTerm(RaftTerm term) { return " in term " + std::to_string(term.value); }
inline std::string OfTerm(RaftTerm term) { return " of term " + std::to_string(term.value); }

inline Violation Wrong(std::string rule, std::string message) {
  return {.rule = std::move(rule), .message = std::move(message)};
}

}  // namespace beach::oracle
