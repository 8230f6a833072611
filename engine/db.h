// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/backup.h"
#include "engine/conditions.h"
#include "engine/iterator.h"
#include "engine/log_cursor.h"
#include "engine/log_mark.h"
#include "engine/options.h"
#include "engine/pinned_files.h"
#include "engine/snapshot.h"
#include "engine/stats.h"
#include "engine/tables/named_table.h"
#include "engine/types.h"
#include "engine/write_batch.h"
#include "env/env.h"

namespace beach::engine {

// An ordered, durable map from bytes to bytes: one directory, one process, any number of threads.
// docs/contract.md says what each call promises; rule numbers below are its.
//
// Thread-safe but for Close and destruction, which need every other call to have returned and every
// iterator to be gone. A write that returned an error is unknown: there or not after the next open,
// and whichever it is stays so (rule 6). After a failed sync the handle refuses every write with
// that first error while reads go on (rule 18): close it and open again.
class Db {
 public:
  // Opens the database in `directory`, creating it where allowed (but not the folder above). What
  // `env` names outlives the handle. What it recovers is durable before it returns. Errors: kBusy
  // (another holds the LOCK), kRefused (rule 16), kCorruption (rules 13 and 14, file and offset
  // named), kInvalidArgument (an option), kNotFound (absent, and not to be created, or the folder
  // above is absent), kIo and kNoSpace (an open that failed so may be tried again).
  static Result<std::unique_ptr<Db>> Open(const env::Env& env, const std::string& directory,
                                          const Options& options);
  // Opens it to be read: all that Open would recover, in memory, and writes nothing at all to the
  // directory, not where the log ends in a torn tail either. Reads, snapshots and iterators work as
  // ever; every other call is kUnsupported. It takes the LOCK as any handle does, where there is
  // one: neither a writer nor another reader is beside it (kBusy). All of the log is kept in memory
  // that tables do not hold. Errors: as of Open; kNotFound without a database.
  static Result<std::unique_ptr<Db>> OpenReadOnly(const env::Env& env, const std::string& directory,
                                                  const Options& options);
  // A new database in this process's memory: no file of it is anywhere else, and it is gone when
  // the handle is. Takes clock and events of `env`; its files may be null. All that the contract
  // says of one process holds, with `bytes_max` as the space that there is (rule 19): log segments
  // count in full, and take memory only where they are written. Checkpoints and backups are made in
  // the same memory, to no use. Errors: kInvalidArgument (an option), kNoSpace.
  static Result<std::unique_ptr<Db>> OpenInMemory(const env::Env& env, const Options& options,
                                                  std::uint64_t bytes_max);
  virtual ~Db() = default;

  // Tables with names are key spaces of their own, which batches and snapshots span. A name is 1 to
  // 255 of A-Z a-z 0-9 _ - and '.'. These four and all that have a table in their options or batch
  // answer kNotFound for one that is not there, or no more: a write then has written nothing.
  //
  // Durable when it returns. Errors: kAlreadyExists, kOverloaded (Options::named_tables_max),
  // kInvalidArgument (the name), and as for writes.
  virtual Result<NamedTable> CreateTable(ByteView name) = 0;
  virtual Result<NamedTable> OpenTable(ByteView name) = 0;
  // With all that is in it: one operation, done and durable when it returns, whatever the table
  // holds; compaction makes room of it. Writes to it are refused from then on, and reads, but
  // those of iterators and snapshots from before, which go on. Needs no more space than a delete
  // does. Another table may have the name again. Errors: as for writes.
  virtual Status DropTable(ByteView name) = 0;
  // Names, in order.
  virtual Result<std::vector<std::string>> ListTables() = 0;

  // The writes return when the write is visible to every reader, and with options.sync
  // durable. They may wait for a flush. Errors: kInvalidArgument (too large, rule 1; nothing was
  // written), kNoSpace (nothing was written, free some and retry; a batch of deletes alone finds
  // room when others do not, until what is kept for them is full; but from a poisoned handle it is
  // the error that poisoned it), kNotFound (a table; nothing was written), kClosed, and what
  // poisoned the handle (rule 18).
  virtual Status Put(const WriteOptions& options, ByteView key, ByteView value) = 0;
  // A put that is there for reads before `expires_at`, and no more from then on: as if it were
  // deleted, at that version of the key. Time is the database's (engine/expiry.h), not a clock's:
  // it moves when somebody says so. 0, or what has passed, is fine: nobody sees it. Operands of
  // merges apply to it while it lives, and to nothing after that.
  virtual Status PutUntil(const WriteOptions& options, ByteView key, ByteView value,
                          std::uint64_t expires_at) = 0;
  // From this write on the database's time is at least `time`; it never goes back. By convention
  // milliseconds since 1970, of a clock that the caller trusts.
  virtual Status AdvanceTime(const WriteOptions& options, std::uint64_t time) = 0;
  // Deleting an absent key is fine.
  virtual Status Delete(const WriteOptions& options, ByteView key) = 0;
  // All keys from `begin`, included, to `end`, excluded, as of this moment: one operation, whatever
  // it hits, and one to be read past until compaction has done it. An empty range is fine;
  // kInvalidArgument where it ends before it begins.
  virtual Status DeleteRange(const WriteOptions& options, ByteView begin, ByteView end) = 0;
  // Applies an operator to the value that is there, without reading it now (merge_operator.h):
  // reads and compaction do. kInvalidArgument: an operand that the operator does not take.
  virtual Status Merge(const WriteOptions& options, ByteView key, MergeOperator merge_operator,
                       ByteView operand) = 0;
  // All of the batch or nothing. An empty batch is fine and, with sync, makes all that was
  // acknowledged before it durable.
  virtual Status Write(const WriteOptions& options, const WriteBatch& batch) = 0;
  // Writes the batch if all conditions hold at the place in the order of all writes that it gets,
  // and nothing otherwise: true, it is written, as by Write; false, a condition did not hold when
  // it was this call's turn. With options.sync either answer is durable: what the conditions were
  // judged by survives what the answer survives, un-synced writes of others too. A false answer of
  // a call without sync is a read's. No conditions hold always; an empty batch only asks. Errors:
  // those of Write (too many conditions are kInvalidArgument: WriteConditions), and kCorruption
  // and kIo of reading a key, after which nothing was written and the handle is as before, unless
  // it refuses the next write too.
  virtual Result<bool> WriteIf(const WriteOptions& options, const WriteConditions& conditions,
                               const WriteBatch& batch) = 0;
  // If the key holds exactly `expected` (nothing: is absent), puts `desired` (nothing: deletes it).
  virtual Result<bool> CompareAndSet(const WriteOptions& options, ByteView key,
                                     const std::optional<ByteView>& expected,
                                     const std::optional<ByteView>& desired) = 0;

  // What tells how an asynchronous write ended: what Write would have returned.
  using WriteDone = std::function<void(const Status&)>;
  // Queues the batch, and returns: it is written in its turn, as by Write, and when Write would
  // have returned, `done` is called (where there is one), once, by a thread of the database. The
  // writes of one thread get their places in the order of its calls, asynchronous or not; one that
  // fails holds back none behind it. `done` is called in no lock; it may call the database, but not
  // Close; others wait for it, so what takes long is not done there. Those that wait together share
  // flights. Close returns when all are answered. Errors, after which nothing is queued and `done`
  // is not called: kInvalidArgument, kClosed (also while Close waits), kOverloaded
  // (Options::async_writes_max or async_bytes_max are queued: answer some and retry, with a copy: a
  // batch that was moved here is gone).
  virtual Status WriteAsync(const WriteOptions& options, WriteBatch batch, WriteDone done) = 0;

  // The value, or nothing for an absent key. Never an older value for a damaged one (rule 11).
  // Errors: kCorruption (file and offset), kIo, kClosed, kInvalidArgument (another's snapshot),
  // kNotFound (the table).
  // Takes no lock but those of the caches.
  virtual Result<std::optional<Bytes>> Get(const ReadOptions& options, ByteView key) = 0;
  // For each key what Get returns, all of them as of one moment. Errors stand by themselves: what
  // can be read is there.
  virtual std::vector<Result<std::optional<Bytes>>> MultiGet(const ReadOptions& options,
                                                             std::span<const ByteView> keys) = 0;
  // Live keys in order as of the creation of the iterator, which must go before the handle does.
  // It pins the memtables and tables that it reads. Error: kClosed, kInvalidArgument (another's
  // snapshot), kNotFound (the table); of reading: Iterator::status().
  virtual Result<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) = 0;
  // This moment, to read at it later: all that is acknowledged when the call begins. Takes no more
  // than a lock. Errors: kClosed, kOverloaded (Options::snapshots_max are held).
  virtual Result<std::unique_ptr<const Snapshot>> GetSnapshot() = 0;
  // What Get returns, where memory alone can tell: memtables, filters, indexes and cached blocks.
  // Reads no file, opens none, and waits for nobody who does. Errors: as of Get.
  virtual Result<TryGetResult> TryGet(const ReadOptions& options, ByteView key) = 0;
  // The sequence number that a read beginning now would see. After Close: the last one.
  virtual SequenceNumber VisibleSequence() = 0;

  // A cursor over all batches with an operation above `after` (engine/log_cursor.h). One that
  // `after` falls inside of comes first, whole. Errors: kInvalidArgument (no operation has that
  // number yet), kCompactedAway (the log does not reach back so far: begin with a copy),
  // kOverloaded (Options::log_cursors_max live), kCorruption, kIo, kClosed.
  virtual Result<std::unique_ptr<LogCursor>> NewLogCursor(SequenceNumber after) = 0;

  // Returns when all that was acknowledged before the call is in tables, durably. kNoSpace: it is
  // not, nothing is lost, and the background goes on trying. Else as for writes.
  virtual Status Flush() = 0;
  // Flushes, and merges all sorted tables that hold keys of [begin, end], both included, of one
  // table, down to the last level that has any; unset: no bound. With no bound and no named table:
  // all there is, of all tables, and what dropped ones have left. What is written meanwhile may
  // stay above. Errors: kNoSpace (some of it is done), kCorruption and kIo of reading a table,
  // kNotFound (the named one), kClosed, and as for writes.
  virtual Status CompactRange(const std::optional<Bytes>& begin, const std::optional<Bytes>& end,
                              NamedTable table = {}) = 0;
  // Flushes, and makes a complete database of this moment in another directory of the same file
  // system: all that was acknowledged before the call is in it, and all of it has a sequence number
  // up to the one returned. Durable when it returns; a crash before leaves it whole, or a directory
  // that no open takes for a database, and that a checkpoint into it clears away. Tables are shared
  // as hard links, which take room only when this database is done with them. It is a database of
  // its own, with an identity and a log of its own: both may be open at once. Writes go on
  // meanwhile. Errors: kAlreadyExists (something is in the directory, which was not touched),
  // kNotFound (no folder above), kBusy (another is made there), kUnsupported (another file system:
  // make a backup), kNoSpace, kIo, kClosed, and of Flush. After one the directory may be tried
  // again, or removed; after kIo it may be a whole database, too.
  virtual Result<SequenceNumber> Checkpoint(const std::string& directory) = 0;
  // Flushes, and adds a backup of this moment to a place of backups, which is made if need be (but
  // not the folder above): engine/backup.h. All that was acknowledged before the call is in it.
  // Durable when it returns; a crash before leaves the place with the backups that it had. A table
  // that is there already and sound is not copied again; one that is copied is read back and
  // checked. Files of tables that are merged away meanwhile go when they have been copied. Errors:
  // kRefused (something else is in the directory), kBusy (somebody else works there), kCorruption
  // (a table of ours), kNotFound, kNoSpace, kIo, kClosed, and of Flush. After kIo it may be there
  // or not; and it is there if only older ones could not be removed.
  virtual Result<BackupReport> Backup(const std::string& directory,
                                      const BackupOptions& options = {}) = 0;
  // Flushes, and pins the table files that are this moment (engine/pinned_files.h): all that was
  // acknowledged before the call is in them. Errors: kOverloaded (Options::file_pins_max live),
  // kClosed, and of Flush.
  virtual Result<std::unique_ptr<PinnedFiles>> PinFiles() = 0;

  // Of a database without a log of its own (Options::external_log): its owner has one, and applies
  // what is in it. What is applied is in memory, and visible at once; it is durable when a flush
  // has made a table of it, and gone after the handle otherwise: then the owner applies it again,
  // from DurableMark() on. All else that writes is kUnsupported here, and these are there.
  //
  // The next entry of the log: sequence numbers go on from the last one's, so that they are a
  // function of what was applied, here and in every other database that the log was applied to. An
  // empty batch moves the mark alone. All of it is visible, and then it returns. May wait for a
  // flush, or for compaction. One caller of Apply, TryApply and Install at a time; reads run beside
  // it. Errors, after which nothing was applied: kInvalidArgument (rule 1; the index is not above
  // that of the last one; the mark is too large), kNotFound (a table), kNoSpace (tables have found
  // none, and memory is full of what waits for it; retry), kClosed, and what poisoned the handle:
  // that of a failed flush or compaction.
  virtual Status Apply(const WriteBatch& batch, LogMark mark) = 0;
  // The same, but false where it would have to wait; nothing was applied then. Others that wait for
  // a turn, such as Flush, are reason enough.
  virtual Result<bool> TryApply(const WriteBatch& batch, LogMark mark) = 0;
  // The newest mark that a power loss leaves: of the tables that the manifest lists, which are all
  // that was applied up to it and nothing else. Index 0 of a database with a log of its own.
  virtual LogMark DurableMark() = 0;
  // Begins a flush of all that is applied, or sees to it that one begins when those before it are
  // done. Waits for nothing; Flush waits for the end.
  virtual void WantFlush() = 0;
  // Whether it takes writes and nothing of it is known to be damaged; else what poisoned the
  // handle, the first damage of a table (kCorruption) that a read, a compaction or a check of
  // pinned files has met, a block that could not be read for a second or more among it, or kClosed.
  // After damage the handle goes on as before: what it can read is right. Waits for locks alone.
  virtual Status Health() = 0;
  // Reads all of a file that Install is to take. kCorruption: it is not what it is said to be, or
  // damaged anywhere; kNotFound, kIo, kClosed. Of no effect on Health: the file is the caller's.
  virtual Status CheckFile(const PinnedFile& file) = 0;
  // Replaces all that is here by the tables of another database that the same log was applied to,
  // as its PinFiles told of them: in one edit, durable when it returns; a crash before leaves the
  // one or the other. `files` are theirs but for the paths: copies, whole and durable, in this file
  // system; they get second names here, and the first ones are the caller's to remove, not to write
  // to. Their footers, indexes and filters are checked, their blocks when they are read, or before,
  // by CheckFile. Iterators
  // go on in what they began in, and so do snapshots. Waits for a flush that is under way;
  // compactions give up. Errors, after which all is as before: kInvalidArgument (the mark, the
  // sequence number or the time is behind what is applied here), kCorruption (a file is not what it
  // is said to be), kNotFound, kNoSpace, kUnsupported (another file system), kClosed, and what
  // poisoned the handle; after kIo either is there.
  virtual Status Install(const std::vector<PinnedFile>& files, SequenceNumber last_sequence,
                         std::uint64_t time, LogMark mark) = 0;

  // Counters, levels, and why writers are slowed down, if they are.
  virtual DbStats Stats() = 0;
  // Finishes the asynchronous writes and the flushes that are under way, syncs and vouches for the
  // log, releases the LOCK. Does not flush: what is in memory is in the log. The destructor does
  // the same and drops the error. Returns the error that poisoned the handle, if one did. Later
  // calls return kClosed, Close what it returned before. Pins of files must be gone, log cursors
  // need not.
  virtual Status Close() = 0;
};

}  // namespace beach::engine
