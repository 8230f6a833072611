// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/db.h"
#include "engine/options.h"
#include "engine/write_batch.h"
#include "env/threads.h"
#include "raft/node/state_machine.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/machine/change_listener.h"
#include "server/machine/digest.h"
#include "server/machine/place.h"
#include "server/machine/sessions.h"
#include "server/machine/transaction.h"

namespace beach::server {

// Makes them those of a database that a machine is on: without a log of its own, and with room for
// all that a command within its limits may write.
engine::Options EngineOptions(engine::Options options);

struct MachineOptions {
  SessionLimits sessions;
  raft::Configuration bootstrap;  // in force before the first entry: the same on all nodes
};

struct ScanLimits {
  std::uint64_t count = 1000;            // at least 1
  std::uint64_t bytes = kValuesSizeMax;  // of keys and values; the first entry always fits
};
struct Scanned {
  std::vector<std::pair<Bytes, Bytes>> entries;  // in order
  bool more = false;  // there are others behind the last: go on at it with a zero byte appended
};

// The replicated state machine: users' keys and clients' sessions in a database that has no log of
// its own. What it says and what it holds is a function of the entries alone; no clock of this node
// is looked at. An entry is one batch of the engine, with the place that it brings the machine to.
//
// Apply, Reload, Install and what they change: one caller at a time. Everything else runs beside
// it, on any thread.
class Machine final : public raft::StateMachine {
 public:
  // `db` was opened with EngineOptions and nothing was applied to it since; it outlives the
  // machine. kCorruption: what the database holds was not written by a machine; and what reading
  // returns.
  static Result<std::unique_ptr<Machine>> Open(engine::Db& db, MachineOptions options);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  raft::SnapshotMeta durable() const override;
  // `answers` gets encoded ones (server/command/answer.h), and empty ones to what is no command.
  // REQUIRES: the first entry is the one behind the last that was applied.
  Result<std::size_t> Apply(std::span<const raft::Entry> entries, bool may_block,
                            std::vector<Bytes>& answers) override;
  Status Health() const override { return db_.Health(); }
  void WantDurable() override { db_.WantFlush(); }
  Result<std::unique_ptr<raft::PinnedSnapshot>> Pin() override;
  Status Check(ByteView description, const std::vector<std::string>& paths) override;
  Status Install(const raft::SnapshotMeta& meta, ByteView description,
                 const std::vector<std::string>& paths) override;

  // Takes what the database holds, after Db::Install. Errors as of Open.
  Status Reload();
  // What is here is behind where the log begins: until a snapshot is installed, nothing may be
  // applied to it, and reads for clients answer kCompactedAway. Before anybody reads.
  void AwaitSnapshot() { awaits_snapshot_ = true; }

  // Before anybody applies; null: nobody listens any more. It outlives what is applied.
  void SetListener(ChangeListener* listener);

  // Of the user's keys, as of all that was applied when the call begins. Errors: of Db::Get, and
  // kCompactedAway (AwaitSnapshot): another node can tell.
  // `expires_at_ms`, where it is not null: when the value expires; 0: never, or there is none.
  Result<std::optional<Bytes>> Get(ByteView key, std::uint64_t* expires_at_ms = nullptr);
  // Of Db::TryGet.
  Result<engine::TryGetResult> TryGet(ByteView key, std::uint64_t* expires_at_ms = nullptr);
  // From `begin`, included, to `end`, excluded; without `end` to the last one. Reads files.
  // With a snapshot of PinReads: as of then.
  Result<Scanned> Scan(ByteView begin, std::optional<ByteView> end, ScanLimits limits,
                       const engine::Snapshot* snapshot = nullptr);
  // A moment that scans can come back to. Takes no disk. Errors: of Db::GetSnapshot, and as above.
  Result<std::unique_ptr<const engine::Snapshot>> PinReads();

  DigestAt digest() const;
  // At multiples of DigestRing::kStride that were applied since Open or Reload, by index.
  std::vector<DigestAt> RecentDigests() const;
  // Of all that a read would show, sessions included: reads everything. Of one moment only while
  // nobody applies.
  Result<std::uint64_t> ContentDigest();
  // The greatest time that a command was proposed at.
  std::uint64_t time_ms() const;

 private:
  Machine(engine::Db& db, MachineOptions options);

  Result<bool> ApplyOne(const raft::Entry& entry, bool may_block, Bytes& answer);
  Result<bool> PlanCommand(const raft::Entry& entry, bool may_block, Place& next, Bytes& answer);
  Result<bool> PlanTransaction(const Command& command, KeyReader& reader, const Place& next,
                               Bytes& answer);
  Result<bool> PlanNew(const Command& command, KeyReader& reader, const Place& next, Bytes& answer);
  Result<bool> ReadAnswer(const Command& command, KeyReader& reader, Bytes& answer);
  void Arrive(const Place& next);

  Status CheckReadable() const;

  engine::Db& db_;
  const MachineOptions options_;
  std::atomic<bool> awaits_snapshot_ = false;
  ChangeListener* listener_ = nullptr;
  Sessions sessions_;
  PlaceConfiguration configuration_;  // in force at place_
  engine::WriteBatch batch_;          // of the entry that is planned; kept for its memory

  mutable env::Mutex mutex_;
  Place place_;  // these are written under mutex_ by who applies, and read by him without
  DigestRing ring_;
};

}  // namespace beach::server
