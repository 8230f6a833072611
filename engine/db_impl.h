// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/compaction/picker.h"
#include "engine/compaction/pressure.h"
#include "engine/compaction/run.h"
#include "engine/current_view.h"
#include "engine/db.h"
#include "engine/log_shelf.h"
#include "engine/manifest/manifest.h"
#include "engine/snapshot_list.h"
#include "engine/sst/table_cache.h"
#include "engine/table_holds.h"
#include "engine/tables/catalogue.h"
#include "engine/view.h"
#include "engine/wal/log.h"
#include "env/threads.h"

namespace beach::engine {

// The database, split by operation: db_open.cc, db_recover.cc (engine/recover.h), db_write.cc,
// db_apply.cc, db_install.cc, db_async.cc, db_conditions.cc, db_flights.cc, db_add.cc,
// db_segments.cc, db_read.cc, db_flush.cc, db_compact.cc, db_throttle.cc, db_vouch.cc,
// db_tables.cc, db_checkpoint.cc, db_backup.cc, db_close.cc.
//
// Threads. Callers write and read; threads "async" lead the writes that nobody waits for, "answer"
// tells how they ended (db_async.cc); two that are always there: "flush" writes tables and, when
// writers rest, vouches for the log and freezes a memtable that a table waits for; "prepare" makes
// log segments before they are needed. "compact0" and on merge tables; they start when there is
// work for them. Whoever stands at the front of writers_ is the leader: it alone appends to the log
// and touches what is marked "leader" below, and it does so without mutex_. The groups in flying_
// have left it: whoever has set finishing_ adds to the active memtable for them, and with none of
// them there the leader does; either may have the writers of the group help (db_add.cc). Locks.
// mutex_ guards what is marked so. The manifest's own mutex is taken without mutex_ held, always;
// no lock of ours is held through I/O but that one. The log's is held for no more than what happens
// in memory. docs/internals/commit.md draws the edges.
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
    LogStart log_start;
    LogMark mark;
  };
  DbImpl(const env::Env& env, Parts parts);
  ~DbImpl() override;

  // Opens the log in `parts.segment` at `end`, where there is one, and starts the threads.
  // REQUIRES: once, before any other call; after a failure the handle is only destroyed.
  Status Start(LogPosition end);
  // Keeps the files that it is on. REQUIRES: they are those of its Env.
  void Own(std::unique_ptr<env::FileSystem> files) { owned_files_ = std::move(files); }

  Result<NamedTable> CreateTable(ByteView name) override;
  Result<NamedTable> OpenTable(ByteView name) override;
  Status DropTable(ByteView name) override;
  Result<std::vector<std::string>> ListTables() override;
  Status Put(const WriteOptions& options, ByteView key, ByteView value) override;
  Status PutUntil(const WriteOptions& options, ByteView key, ByteView value,
                  std::uint64_t expires_at) override;
  Status AdvanceTime(const WriteOptions& options, std::uint64_t time) override;
  Status Delete(const WriteOptions& options, ByteView key) override;
  Status DeleteRange(const WriteOptions& options, ByteView begin, ByteView end) override;
  Status Merge(const WriteOptions& options, ByteView key, MergeOperator merge_operator,
               ByteView operand) override;
  Status Write(const WriteOptions& options, const WriteBatch& batch) override;
  Result<bool> WriteIf(const WriteOptions& options, const WriteConditions& conditions,
                       const WriteBatch& batch) override;
  Result<bool> CompareAndSet(const WriteOptions& options, ByteView key,
                             const std::optional<ByteView>& expected,
                             const std::optional<ByteView>& desired) override;
  Result<std::optional<Bytes>> Get(const ReadOptions& options, ByteView key) override;
  std::vector<Result<std::optional<Bytes>>> MultiGet(const ReadOptions& options,
                                                     std::span<const ByteView> keys) override;
  Result<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) override;
  Result<std::unique_ptr<const Snapshot>> GetSnapshot() override;
  Status WriteAsync(const WriteOptions& options, WriteBatch batch, WriteDone done) override;
  SequenceNumber VisibleSequence() override;
  Result<std::unique_ptr<LogCursor>> NewLogCursor(SequenceNumber after) override;
  Status Flush() override;
  Status CompactRange(const std::optional<Bytes>& begin, const std::optional<Bytes>& end,
                      NamedTable table) override;
  DbStats Stats() override;
  Result<SequenceNumber> Checkpoint(const std::string& directory) override;
  Result<BackupReport> Backup(const std::string& directory, const BackupOptions& options) override;
  Result<std::unique_ptr<PinnedFiles>> PinFiles() override;
  Result<TryGetResult> TryGet(const ReadOptions& options, ByteView key) override;
  Status Apply(const WriteBatch& batch, LogMark mark) override;
  Result<bool> TryApply(const WriteBatch& batch, LogMark mark) override;
  LogMark DurableMark() override;
  void WantFlush() override;
  Status Health() override;
  Status CheckFile(const PinnedFile& file) override;
  Status Install(const std::vector<PinnedFile>& files, SequenceNumber last_sequence,
                 std::uint64_t time, LogMark mark) override;
  Status Close() override;

  // db_read.cc. What a read at that number shows of a view; `keep` is what the iterator holds.
  static Result<std::optional<Bytes>> Read(const View& view, SequenceNumber sequence,
                                           std::uint64_t time, ByteView key,
                                           const TableReadOptions& options = {},
                                           std::uint64_t* expires_at = nullptr);
  static std::unique_ptr<Iterator> Walk(const View& view, SequenceNumber sequence,
                                        std::uint64_t time, NamedTable table, const KeyRange& range,
                                        std::shared_ptr<const View> keep);
  // db_tables.cc. The same of the system table; kNotFound as the Db's calls.
  static Status TableIsThere(const View& view, SequenceNumber sequence, NamedTable table);
  static Result<NamedTable> FindTable(const View& view, SequenceNumber sequence, ByteView name);
  static Result<std::vector<std::string>> TableNames(const View& view, SequenceNumber sequence);

 private:
  class HeldTables;
  struct AsyncWrite;
  class FilePin;
  // A call that waits in writers_ for its turn, or for a leader to have done its work.
  struct Writer {
    AsyncWrite* async = nullptr;        // itself, where no call waits
    const WriteBatch* batch = nullptr;  // null: a turn at the front, nothing to be written
    const WriteConditions* conditions = nullptr;  // null: none. It leads the group that it is in
    bool declined = false;                        // they did not hold; the batch is empty then
    const TableChange* change = nullptr;          // what the batch is, if it is one
    bool sync = false;
    std::uint64_t tag = 0;
    bool taken = false;  // off the queue; in a group that is under way
    bool done = false;
    // The group is in the log, and its members may add their own batches to the memtable.
    bool may_add = false;
    SequenceNumber first;              // of the batch, while they may
    std::atomic<bool> adding = false;  // set by who takes it; without mutex_
    Status status;
    env::CondVar turn;
  };
  struct AsyncWrite : Writer {
    WriteBatch owned;
    WriteDone answer;
    bool led = false;  // by a thread that still looks at it
  };
  struct Group {
    std::vector<Writer*> members;  // the first ones of writers_
    bool sync = false;
    std::uint32_t count = 0;  // operations
    SequenceNumber first;
    LogPosition end;
    LoggedMemtable* memtable = nullptr;  // the active one: it stays so while a group is under way
    std::unique_ptr<wal::PendingFlight> flight;  // of a synced group
    bool landed = false;                         // its flight is durable or has failed:
    Status status;
  };
  // What is to be in the place of all that is here.
  struct Replacement {
    SequenceNumber last_sequence;
    std::uint64_t time = 0;
    LogMark mark;
    std::vector<TablePointer> tables = {};   // under names of this database
    bool in_doubt = false;                   // the edit failed, and the next open tells how
    std::vector<TablePointer> retired = {};  // what they replace, but for what is held
  };
  // What a read looks at. In this order: see db_read.cc.
  struct Moment {
    Moment(DbImpl& db, const ReadOptions& options);
    CurrentView::Pin view;
    SequenceNumber sequence;
    std::uint64_t time;
  };

  // db_close.cc
  Status StartLog(LogPosition end);
  // db_write.cc. All but SubmitGroup under mutex_.
  void AwaitTurn(Writer& writer);
  void LeadGroup(Writer& leader);
  Status MakeRoom(bool deletes_only);
  // kNotFound: one of its tables is not there for what is written next. Of a leader's turn.
  Status CheckTables(const Writer& writer) const;
  bool MemtableIsFull() const;
  bool MemtableHasExpiry() const;
  bool WantsFreeze() const;
  const char* FreezeReason() const;
  // Nobody writes, nor waits to.
  bool IsAtRest() const { return writers_.empty() && flying_.empty(); }
  bool MemtableTakesDeletes() const;
  // Why a full one is: of SwitchMemtable's reasons.
  const char* FullReason() const;
  void SwitchMemtable(const char* reason);
  Group FormGroup(bool alone);
  Status AwaitLogRoom(Group& group, bool& rotate);
  Status SubmitGroup(Group& group, bool rotate, wal::LogState& log);
  void TakeOff(const std::vector<Writer*>& members);
  void Acknowledge(const std::vector<Writer*>& members, const Status& status);
  void FinishGroup(const std::vector<Writer*>& members, const Status& status);
  void Poison(const Error& error);
  // db_async.cc. Under mutex_, which the loops and DrainAsync give up meanwhile.
  void WakeFront();
  void AsyncLoop();
  void AnswerLoop();
  void DrainAsync();
  // Without mutex_, when it is closing.
  void JoinAsync();
  // db_conditions.cc. Leader, with no group under way; under mutex_, which it gives up meanwhile.
  Status Decide(Writer& leader);
  // Without mutex_.
  Result<bool> Hold(const WriteConditions& conditions);
  // db_flights.cc. Under mutex_, which they give up meanwhile.
  // Leader: returns with no more than `most` groups under way.
  void AwaitLandings(std::size_t most);
  // Of the group's own thread; returns when it is acknowledged, or has failed.
  void Fly(Group& group, Writer& leader);
  void FinishLanded();
  // db_add.cc. Without mutex_; of the leader, or of whoever has set finishing_: returns when all
  // operations of the group are in its memtable.
  void AddToMemtable(const Group& group);
  void AddAtOnce(const Group& group);
  static void AddBatch(Memtable& memtable, const Writer& writer);
  // Under mutex_, which it gives up meanwhile. For its turn, or to be done; adds what it may.
  void Wait(Writer& writer);
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

  // db_tables.cc. ShowTables under mutex_.
  Status LoadTables();
  Result<NamedTable> ChangeTables(const std::function<Result<TableChange>()>& plan);
  void ShowTables(const TableChange& change, SequenceNumber first);
  Status CheckTable(const Moment& moment, const ReadOptions& options);
  void RecordChange(const TableChange& change, SequenceNumber first);
  // db_apply.cc
  Status CheckOwnLog() const;
  Status CheckApply(const WriteBatch& batch, const LogMark& mark) const;
  // These under mutex_, which ApplyInTurn gives up meanwhile. Leader.
  Status ApplyInTurn(const WriteBatch& batch, LogMark& mark);
  Status CheckNext(const WriteBatch& batch, const LogMark& mark) const;
  bool ApplyMustWait();
  // db_install.cc. Without mutex_.
  Status TakeIn(const std::vector<PinnedFile>& files, Replacement& replacement);
  Status ReplaceInTurn(Replacement& replacement);
  // These under mutex_, which StandStill, Replace and Show give up meanwhile. Leader.
  void StandStill();
  void GoOn();
  Status CheckAhead(const Replacement& replacement) const;
  Status Replace(Replacement& replacement);
  void Show(Replacement& replacement, const std::vector<FileNumber>& removed, TimeMark time);
  // Those that no snapshot needs any more, to be dropped without a lock.
  [[nodiscard]] CurrentView::Views TakeFormerViews();
  // Without mutex_. Null: what is current has all that the snapshot is of.
  std::shared_ptr<const View> FormerViewOf(const Snapshot* snapshot);
  // db_log_cursor.cc
  void ShowLog();
  Status SyncKeptLog();
  void GiveUpPinnedLog();

  // db_read.cc
  Status CheckReadable(const ReadOptions& options) const;

  // db_flush.cc
  void FlushLoop();
  void FreezeAtRest();
  void TellOfFreeze();
  // One attempt at the oldest frozen memtable. Under mutex_, which it gives up meanwhile.
  Status FlushOldest();
  // These without mutex_.
  Result<TablePointer> WriteFlush(const LoggedMemtable& memtable);
  Status PublishFlush(const LoggedMemtable& memtable, const TablePointer& table,
                      LogPosition replay_from, LogPosition durable);
  Status AwaitFlushOf(std::uint64_t memtable_id);

  // db_vouch.cc. Under mutex_, which all but ArmVouch give up meanwhile.
  void ArmVouch(bool needed, bool moved);
  // The flush thread's wait for background_, as CondVar::WaitUntil; vouches for the log when due.
  bool Rest(std::uint64_t deadline_ns);
  void VouchForLog();
  // Leader, before it ends its turn.
  void VouchIfOverdue();
  Status VouchAsLeader();

  // db_compact.cc. Under mutex_, which RunJob and what it calls give up meanwhile.
  // What must be kept for readers, as of now: for live snapshots, and for all that come later.
  KeepRules RulesNow() const;
  PickerInput PickerInputNow() const;
  // Of a thread of its own.
  void CompactLoop();
  // Starts a thread if there is work and nobody to take it.
  void WakeCompaction();
  // When to look again without being asked.
  std::uint64_t CompactionDeadline() const;
  // The time as of visible_.
  std::uint64_t TimeNow() const { return view_->TimeAt(SequenceNumber(visible_)); }
  // Of a reader, without locks: what cursors have merged may be worth a compaction.
  void LookAtMerged();
  bool MayCompact() const;
  void ForgetWhatIsOver();
  Status RunJob(const CompactionJob& job);
  Status MoveTable(const CompactionJob& job);
  Status MergeTables(const CompactionJob& job, const Version& version, const KeepRules& rules,
                     CompactionFailure& failure);
  // What reads let go of is left in `dropped`.
  Status PublishTables(const CompactionJob& job, const std::vector<TablePointer>& added,
                       CurrentView::Views& dropped);
  // Without mutex_. REQUIRES: no version that reads begin with has it.
  void RemoveTableFile(const Table& table);
  // Without mutex_.
  Status CacheTables(const std::vector<TablePointer>& tables);
  void JobFailed(const CompactionJob& job, CompactionFailure failure, const Error& error);
  Status CompactLevel(std::uint32_t level, std::optional<Bytes> begin,
                      const std::optional<Bytes>& end);
  // Without mutex_. Waits as long as the outputs so far are ahead of their pace.
  void PaceCompaction(std::uint64_t bytes);

  // db_throttle.cc. Leader; under mutex_, which it gives up meanwhile.
  void Throttle();
  void PressureChanged();
  bool CompactionHelps();
  // Under mutex_: reads that begin from now on see it. What it returns is dropped without a lock.
  [[nodiscard]] CurrentView::Views SetView(std::shared_ptr<const View> next);

  void Record(Site event, std::initializer_list<env::EventField> fields);

  std::unique_ptr<env::FileSystem> owned_files_;  // goes last; null: somebody else's
  const env::Env env_;
  const std::string directory_;
  const Options options_;
  const std::shared_ptr<sst::TableCache> cache_;
  std::unique_ptr<env::FileLock> lock_;
  const std::unique_ptr<Manifest> manifest_;  // thread-safe

  const OpenEpoch epoch_;
  const WriteBatch nothing_;                       // of who was declined
  const std::shared_ptr<SnapshotList> snapshots_;  // thread-safe
  const std::shared_ptr<LogShelf> log_shelf_;      // thread-safe

  // Written under mutex_, read without it.
  CurrentView current_;  // view_
  std::atomic<std::uint64_t> visible_;
  std::atomic<bool> closing_{false};
  std::atomic<std::uint64_t> former_below_{0};  // snapshots below it read in former_views_

  // Leader.
  std::unique_ptr<wal::Log> log_;
  wal::Segment segment_;  // that the log is in
  std::uint64_t log_bytes_since_switch_ = 0;
  Bytes payload_;                 // of the group that is formed, until the log has it
  std::vector<Writer*> members_;  // empty: memory for those of the next group
  // What the memtables of a full queue leave is kept for the next ones.
  const std::shared_ptr<ChunkPool> memtable_chunks_ =
      std::make_shared<ChunkPool>(options_.memtable_size * options_.frozen_memtables_max);
  std::uint64_t next_sequence_;
  SequenceNumber below_group_;  // the last number before the group that is submitted

  mutable env::Mutex mutex_;
  // All below under mutex_.
  std::deque<Writer*> writers_;  // the front one is the leader
  struct Async {
    std::uint64_t count = 0;  // of writes that wait in writers_, are under way or in answers
    std::uint64_t bytes = 0;  // of their batches
    std::deque<std::unique_ptr<AsyncWrite>> answers;  // that are done, and to be told
    bool answering = false;
    bool closing = false;    // no more are taken
    std::uint64_t idle = 0;  // of the leaders
    env::CondVar turn;       // one of them stands at the front; closing
    env::CondVar answers_wait;
    env::CondVar answered;  // none is left
    std::vector<env::Thread> leaders;
    env::Thread answerer;
  };
  Async async_;
  std::deque<Group*> flying_;          // groups under way, in log order, each on its leader's stack
  bool finishing_ = false;             // somebody sees to the landed ones at the front of flying_
  LoggedMemtable* adds_to_ = nullptr;  // of the group whose members may add now
  std::uint64_t adders_ = 0;           // that are at it
  env::CondVar added_;                 // adders_ is 0
  std::optional<Error> flight_failure_;  // of a group: all above it have failed too
  env::CondVar landed_;                  // flying_ has become shorter
  std::shared_ptr<const View> view_;
  LogPosition log_end_;  // copies of the log's, which is the leader's
  LogPosition log_durable_;
  std::optional<std::uint64_t> vouch_due_ns_;  // when, if no more is written; set while needed
  bool vouch_overdue_ = false;                 // it was due, and is left to who leads
  Catalogue catalogue_;                        // as of the end of the log; leader
  std::uint64_t flushed_id_ = 0;               // memtables up to this one are in tables, durably
  SequenceNumber flushed_sequence_;            // all up to this one is in the tables of view_
  TimeMark flushed_time_;                      // the last mark among those
  // With an external log.
  LogMark flushed_mark_;                       // of the tables of view_
  std::uint64_t applied_index_ = 0;            // of what was applied last
  bool flush_wanted_ = false;                  // of the active memtable, when its turn comes
  std::optional<std::uint64_t> try_apply_ns_;  // when compaction lets TryApply go on
  bool flushing_ = false;
  bool standing_still_ = false;  // no flush begins, and no compaction
  struct FormerView {            // that was replaced by what was installed
    SequenceNumber below;        // snapshots from before are below it
    std::shared_ptr<const View> view;
  };
  std::vector<FormerView> former_views_;      // by that number
  std::optional<std::uint64_t> next_expiry_;  // of the tables: one is to be looked at then
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
  // Compaction.
  std::vector<const CompactionJob*> jobs_running_;
  struct TableAside {  // it could not be read
    std::uint64_t until_ns;
    Error error;
  };
  std::map<FileNumber, TableAside> tables_aside_;
  TableHolds table_holds_;
  std::uint64_t file_pins_ = 0;                    // that live
  std::optional<std::uint64_t> compact_retry_ns_;  // no job before, for want of space
  std::uint64_t compactors_idle_ = 0;
  std::uint64_t pace_next_ns_ = 0;     // when the next output bytes are due
  std::uint64_t merged_ = 0;           // for PickerInput
  Pressure pressure_;                  // of view_
  std::uint64_t throttled_bytes_ = 0;  // written since a writer last waited for compaction
  DbStats counters_;                   // what stands in the tables and pressure is not kept here
  std::atomic<bool> compaction_off_ = false;  // poison, or closing: jobs are given up
  env::CondVar compact_;                      // there may be work; closing
  env::CondVar compacted_;                    // a job ended, pressure changed; poison; closing
  std::vector<env::Thread> compact_threads_;
  std::optional<Status> closed_;
  env::CondVar background_;  // a flush is wanted, has ended or failed; poison; closing
  env::Thread flush_thread_;
  env::Thread prepare_thread_;
};

}  // namespace beach::engine
