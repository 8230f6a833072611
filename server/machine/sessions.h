// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/db.h"
#include "engine/write_batch.h"
#include "server/command/command.h"
#include "server/machine/session_rows.h"

namespace beach::server {

// The same on all nodes: what a session is told depends on them.
struct SessionLimits {
  std::uint64_t count_max = 10'000;       // at least 1; above it the one goes that was used least
  std::uint64_t idle_max_ms = 3'600'000;  // a session that was not used for so long is gone
};

// Sessions of clients, by which a retried request is applied once. What is true of them is in
// tables, written in the batch of the entry that changes it; this is a copy in memory, rebuilt from
// there. Not thread-safe.
//
// An entry is planned first: calls below the line put into its batch what it changes in tables, and
// nothing else changes. Once the batch is applied, `Commit` does the same here.
class Sessions {
 public:
  // Answers that are longer are in tables alone.
  static constexpr std::size_t kAnswerKeptMax = 64;
  // Idle sessions that one entry removes, at most: none takes long.
  static constexpr std::size_t kRemovedMax = 2;

  // REQUIRES: count_max is at least 1.
  explicit Sessions(SessionLimits limits);

  // All that is in the tables, and no more. kCorruption: a row that is none.
  Status Load(engine::Db& db);

  std::size_t count() const { return by_id_.size(); }

  enum class Standing : std::uint8_t {
    kNew,        // to be applied
    kAnswered,   // `answer`; where that is empty it is in the row of `SessionRowKey`
    kForgotten,  // below what its session says to be answered
    kGone,       // no such session
  };
  struct Found {
    Standing standing = Standing::kGone;
    ByteView answer;  // good until Commit or Load
  };
  // As of `time_ms`: the greatest that any command was proposed at, this one included.
  Found Find(SessionId session, RequestNumber request, std::uint64_t time_ms) const;

  // ---- The plan of the next entry ----
  // Forgets what was planned and not committed.
  void Begin() { plan_ = {}; }
  // Removes some of those that are idle, the longest idle ones first.
  void RemoveIdle(std::uint64_t time_ms, engine::WriteBatch& batch);
  // Opens the session of that entry; makes room for it if need be.
  void Open(std::uint64_t index, std::uint64_t time_ms, ByteView answer, engine::WriteBatch& batch);
  // False: it is not there.
  bool Close(SessionId session, std::uint64_t time_ms, engine::WriteBatch& batch);
  // Keeps the answer for retries. REQUIRES: Find says kNew.
  void Remember(const Command& command, std::uint64_t index, std::uint64_t time_ms, ByteView answer,
                engine::WriteBatch& batch);
  void Commit();

 private:
  struct Answered {
    RequestNumber request;
    bool kept = true;  // else the answer is in its row alone
    Bytes answer;
  };
  struct Session {
    SessionId id;
    std::uint64_t used_index = 0;
    std::uint64_t used_at_ms = 0;
    RequestNumber answered_below;
    std::uint64_t slots = 0;         // bit n: there is a row in slot n
    bool open_row = false;           // and in kOpenSlot
    std::vector<Answered> answered;  // at answered_below or above
  };
  using ByUse = std::list<Session>;
  struct Use {
    SessionId session;
    std::uint64_t index = 0;
    std::uint64_t time_ms = 0;
    RequestNumber answered_below;
    std::uint64_t slots_deleted = 0;
    Answered answered;
  };
  struct Plan {
    std::vector<SessionId> removed;
    std::optional<Session> opened;
    std::optional<Use> use;
  };

  bool IsIdle(const Session& session, std::uint64_t time_ms) const;
  void Remove(const Session& session, engine::WriteBatch& batch);
  Status LoadRow(ByteView key, ByteView value);
  void Order();
  static Answered Kept(RequestNumber request, ByteView answer);

  const SessionLimits limits_;
  ByUse by_use_;  // the one that was used least recently first
  std::map<SessionId, ByUse::iterator> by_id_;
  Plan plan_;
};

}  // namespace beach::server
