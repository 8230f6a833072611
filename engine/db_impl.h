// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/db.h"
#include "engine/manifest/manifest.h"
#include "engine/sst/table_cache.h"
#include "engine/view.h"
#include "engine/wal/log.h"
#include "env/threads.h"

namespace beach::engine {

// The database, split by operation: db_open.cc, db_recover.cc (engine/recover.h), db_write.cc,
// db_flights.cc, db_segments.cc, db_read.cc, db_flush.cc, db_vouch.cc, db_close.cc.
//
// Threads. Callers write and read; two threads of our own: "flush" writes tables and, when writers
// rest, vouches for the log; "prepare" makes log segments before they are needed. Whoever stands at
// the front of writers_ is the leader: it alone appends to the log and touches what is marked
// "leader" below, and it does so without mutex_. The groups in flying_ have left it: whoever has
// set finishing_ adds to the active memtable for them, and with none of them there the leader does.
// Locks. mutex_ guards what is marked so. The manifest's own mutex is taken without mutex_ held,
// always; no lock of ours is held through I/O but that one. The log's is held for no more than what
// happens in memory. docs/internals/commit.md draws the edges.
class DbImpl final : public Db {
 public:
  // What Open has found and made: the handle goes on from here.
  struct Parts {
    std::string directory;
    Options options;
    std::unique_ptr<env::FileLock> lock;
    std::unique_ptr<Manifest> manifest;
    OpenEpoch epoch;
    wal::Segment segment;  // that the log begins in
    std::shared_ptr<sst::TableCache> cache;
    std::optional<wal::Segment> reserve;
    std::shared_ptr<const View> view;
    SequenceNumber last_sequence;
  };
  DbImpl(const env::Env& env, Parts parts);
  ~DbImpl() override;

  // Opens the log in `parts.segment` at `end` and starts the flush thread. REQUIRES: once, before
  // any other call; after a failure the handle is only destroyed.
  Status Start(LogPosition end);

  Status Put(const WriteOptions& options, ByteView key, ByteView value) override;
  Status Delete(const WriteOptions& options, ByteView key) override;
  Status Write(const WriteOptions& options, const WriteBatch& batch) override;
  Result<std::optional<Bytes>> Get(const ReadOptions& options, ByteView key) override;
  Result<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) override;
  SequenceNumber VisibleSequence() override;
  Status Flush() override;
  Status Close() override;

 private:
  // A call that waits in writers_ for its turn, or for a leader to have done its work.
  struct Writer {
    const WriteBatch* batch = nullptr;  // null: a turn at the front, nothing to be written
    bool sync = false;
    std::uint64_t tag = 0;
    bool taken = false;  // off the queue; in a group that is under way
    bool done = false;
    Status status;
    env::CondVar turn;
  };
  struct Group {
    std::vector<Writer*> members;  // the first ones of writers_
    bool sync = false;
    std::uint32_t count = 0;  // operations
    Bytes payload;
    SequenceNumber first;
    LogPosition end;
    std::shared_ptr<LoggedMemtable> memtable;
    std::unique_ptr<wal::PendingFlight> flight;  // of a synced group
    bool landed = false;                         // its flight is durable or has failed:
    Status status;
  };
  struct PinnedView {
    std::shared_ptr<const View> view;
    SequenceNumber sequence;
  };

  // db_write.cc. All but SubmitGroup under mutex_.
  void AwaitTurn(Writer& writer);
  void LeadGroup(Writer& leader);
  Status MakeRoom(bool deletes_only);
  bool MemtableIsFull() const;
  bool MemtableTakesDeletes() const;
  void SwitchMemtable();
  Group FormGroup(bool alone);
  Status AwaitLogRoom(Group& group, bool& rotate);
  Status SubmitGroup(Group& group, bool rotate);
  void TakeOff(const std::vector<Writer*>& members);
  void Acknowledge(const std::vector<Writer*>& members, const Status& status);
  void FinishGroup(const std::vector<Writer*>& members, const Status& status);
  void Poison(const Error& error);
  // db_flights.cc. Under mutex_, which they give up meanwhile.
  // Leader: returns with no more than `most` groups under way.
  void AwaitLandings(std::size_t most);
  // Of the group's own thread; returns when it is acknowledged, or has failed.
  void Fly(Group& group, Writer& leader);
  void FinishLanded();
  static void AddToMemtable(const Group& group);
  // db_segments.cc. Leader; under mutex_, which it gives up meanwhile: returns with so many
  // segments ready.
  Status AwaitSegments(std::size_t count);
  void PrepareAhead(LogPosition end);
  // Leader, without mutex_. The segment that follows, for wal::LogOptions.
  Result<wal::Segment> NextSegment(LogPosition end);
  // Of the thread "prepare".
  void PrepareLoop();
  bool AwaitPrepareWork();
  Status PrepareSegment();
  Status MakeSegmentFile(const wal::Segment& segment, SegmentOrdinal predecessor,
                         const std::optional<wal::Segment>& spare);
  // Without mutex_. Files of segments that the manifest does not list any more.
  void RetireSegmentFiles(const std::vector<wal::Segment>& segments);
  void RemoveSpareSegments();
  void RemoveSegmentFile(const wal::Segment& segment);

  // db_read.cc
  Result<PinnedView> Pin(const ReadOptions& options);

  // db_flush.cc
  void FlushLoop();
  // One attempt at the oldest frozen memtable. Under mutex_, which it gives up meanwhile.
  Status FlushOldest();
  Status PublishTable(const TableInfo& info, LogPosition replay_from, LogPosition durable);
  Status AwaitFlushOf(std::uint64_t memtable_id);

  // db_vouch.cc. Under mutex_, which all but ArmVouch give up meanwhile.
  void ArmVouch(bool needed, bool moved);
  // The flush thread's wait for background_, as CondVar::WaitUntil; vouches for the log when due.
  bool Rest(std::uint64_t deadline_ns);
  void VouchForLog();
  // Leader, before it ends its turn.
  void VouchIfOverdue();
  Status VouchAsLeader();

  void Record(Site event, std::initializer_list<env::EventField> fields);

  const env::Env env_;
  const std::string directory_;
  const Options options_;
  const std::shared_ptr<sst::TableCache> cache_;
  std::unique_ptr<env::FileLock> lock_;
  const std::unique_ptr<Manifest> manifest_;  // thread-safe

  const OpenEpoch epoch_;

  // Leader.
  std::unique_ptr<wal::Log> log_;
  wal::Segment segment_;  // that the log is in
  std::uint64_t log_bytes_since_switch_ = 0;
  std::uint64_t next_sequence_;

  mutable env::Mutex mutex_;
  // All below under mutex_.
  std::deque<Writer*> writers_;  // the front one is the leader
  std::deque<Group*> flying_;    // groups under way, in log order, each on its leader's stack
  bool finishing_ = false;       // somebody sees to the landed ones at the front of flying_
  std::optional<Error> flight_failure_;  // of a group: all above it have failed too
  env::CondVar landed_;                  // flying_ has become shorter
  std::shared_ptr<const View> view_;
  SequenceNumber visible_;
  LogPosition log_end_;  // copies of the log's, which is the leader's
  LogPosition log_durable_;
  std::optional<std::uint64_t> vouch_due_ns_;  // when, if no more is written; set while needed
  bool vouch_overdue_ = false;                 // it was due, and is left to who leads
  std::uint64_t flushed_id_ = 0;               // memtables up to this one are in tables, durably
  std::optional<Error> poison_;
  std::optional<Error> flush_no_space_;  // why the flush thread waits
  // Segments, by ordinal, that are listed and that the log has not entered. The last one is the
  // reserve: only a write of deletes alone enters it, when no other can be made (rule 19).
  std::deque<wal::Segment> ready_segments_;
  bool in_reserve_ = false;  // the log is, and none is ready: it takes deletes alone
  std::vector<wal::Segment> spare_segments_;  // retired: their files may become new ones
  SegmentOrdinal last_ordinal_;               // of those that are or were listed
  bool segment_wanted_ = false;
  std::uint64_t prepare_attempts_ = 0;     // that have ended
  std::optional<Error> prepare_no_space_;  // how the last one ended
  env::CondVar prepare_;                   // a segment is wanted; poison; closing
  env::CondVar prepared_;                  // an attempt has ended; poison
  bool closing_ = false;
  std::optional<Status> closed_;
  env::CondVar background_;  // a flush is wanted, has ended or failed; poison; closing
  env::Thread flush_thread_;
  env::Thread prepare_thread_;
};

}  // namespace beach::engine
