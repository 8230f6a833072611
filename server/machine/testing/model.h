// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/machine/sessions.h"

namespace beach::server::testing {

// What the machine is to do, said as plainly as can be: maps, and no engine, batch or row.
class Model {
 public:
  explicit Model(SessionLimits limits) : limits_(limits) {}

  // The entry of that index. Answers, encoded.
  Bytes Apply(const Command& command, std::uint64_t index);
  // Bytes that are no command.
  static Bytes ApplyGarbage(std::uint64_t index);

  std::uint64_t time_ms() const { return time_ms_; }
  std::map<Bytes, Bytes> Live() const;
  // Ids of sessions that a request would be done for.
  std::vector<SessionId> Sessions() const;

 private:
  // A value that may expire, and what was merged onto it since.
  struct Cell {
    std::optional<Bytes> base = {};
    std::optional<std::uint64_t> expires_at_ms = {};
    std::vector<std::pair<MergeKind, Bytes>> merges = {};
  };
  struct Session {
    std::uint64_t used_index = 0;
    std::uint64_t used_at_ms = 0;
    RequestNumber answered_below;
    std::map<RequestNumber, Bytes> answers;
  };

  Bytes Transact(const Command& command, std::uint64_t index);
  Bytes Do(const Command& command, std::uint64_t index);
  void Write(const Operation& operation);
  std::optional<Bytes> Read(const Bytes& key) const;
  // When what is there expires; 0: never, or nothing is.
  std::uint64_t Expiry(const Bytes& key) const;
  // What an operation says, and does.
  std::optional<Bytes> Say(const Operation& operation, std::uint64_t& bytes_left);
  std::optional<Bytes> Compute(const Operation& operation, const std::optional<Bytes>& value);
  void Leave(const Bytes& key, const Bytes& value, std::uint64_t expires_at_ms);
  bool Holds(const Condition& condition) const;
  bool IsIdle(const Session& session) const {
    return time_ms_ - session.used_at_ms >= limits_.idle_max_ms;
  }
  // The one that was used least recently; null: none.
  const SessionId* Oldest() const;

  bool touched_ = false;  // by the operation that was computed last
  const SessionLimits limits_;
  std::uint64_t time_ms_ = 0;
  std::map<Bytes, Cell> cells_;
  std::map<SessionId, Session> sessions_;
};

}  // namespace beach::server::testing
