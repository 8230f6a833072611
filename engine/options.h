// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "engine/key_range.h"
#include "engine/memtable/kind.h"
#include "engine/recovery_mode.h"
#include "engine/snapshot.h"
#include "engine/tables/named_table.h"
#include "engine/types.h"

namespace beach::engine {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;

inline constexpr std::uint64_t kGiB = 1024 * kMiB;

// Which tables are merged, and when. Values are never renumbered: artifacts have them.
enum class CompactionStyle : std::uint8_t {
  kLeveled = 0,     // few tables to search, each byte written several times
  kSizeTiered = 1,  // tables of like size are merged: fewer bytes written, more to search
  kManual = 2,      // only by Db::CompactRange; writers are never slowed down
};

// How blocks of tables are made smaller. Values are on disk: never renumbered.
enum class Compression : std::uint8_t {
  kNone = 0,
  kLz4 = 1,
  kZstd = 2,
};

// How a database is opened. Sizes are bytes. Validated by Db::Open: kInvalidArgument names the
// field. None is remembered on disk: each open may choose anew.
struct Options {
  bool create_if_missing = true;
  // kPointInTime gives up what it must, and says so in the event "open.log_lost". It mends the log
  // alone: a damaged manifest is refused in every mode.
  RecoveryMode recovery_mode = RecoveryMode::kTornTail;

  // The database has no log: its owner has one, and Db::Apply alone writes. Of one kind or the
  // other from its creation on; the other is refused (kInvalidArgument). What is said of the log
  // below is for nothing then, and log_kept_size is 0.
  bool external_log = false;

  // Contract rule 1; at most 4 MiB for a key, 512 MiB for the others. A batch (its encoding,
  // WriteBatch::size_bytes) must also fit a log segment: wal_segment_size less 32 KiB and a little.
  std::uint64_t key_size_max = 64 * kKiB;
  std::uint64_t value_size_max = 4 * kMiB;
  std::uint64_t batch_size_max = 16 * kMiB;

  // Bytes of entries after which a memtable is frozen and flushed; also when its log is four times
  // as large. 1 KiB to 1 GiB, and with all that may be frozen no more than 16384 log segments.
  std::uint64_t memtable_size = 64 * kMiB;
  // How a memtable keeps its entries; what reads show is the same.
  MemtableKind memtable_kind = MemtableKind::kBTree;
  // A write group whose batches have this many operations each, on average, is added to a skip list
  // by all its writers at once, where they wake in time; 0: by one of them, always. Up to 2^32.
  std::uint64_t concurrent_adds_min = 0;
  // Frozen memtables that may wait for their flush; writers wait when there are more. 1 to 1024.
  std::uint64_t frozen_memtables_max = 2;
  // A log segment, header included; a multiple of 4 KiB, at least 64 KiB, less than 4 GiB.
  std::uint64_t wal_segment_size = 64 * kMiB;
  // Synced flights go O_DIRECT where the file system allows it.
  bool wal_direct = true;
  // Synced flights under way at once, 1 to 8; one where they do not go direct.
  std::uint64_t wal_flights_max = 2;
  // Files of retired log segments that are kept to become new ones; more are removed. At most 64.
  std::uint64_t wal_recycled_max = 2;
  // Most bytes of batches that one flight takes together; the first batch always fits.
  std::uint64_t wal_group_size_max = kMiB;
  // Cursors over the log (engine/log_cursor.h) that may live at once. 1 to 4096.
  std::uint64_t log_cursors_max = 64;
  // Bytes of log segments that nothing but cursors still needs; when there would be more, the
  // oldest are given up, and a cursor that had yet to read them is told so. At most 1 PiB.
  std::uint64_t log_pinned_size_max = kGiB;
  // Bytes of log segments, the newest ones, that are kept when their content is in tables, so that
  // a cursor may go on after a reconnect or another open; above 0, each memtable's log is synced
  // when it is frozen. At most 16384 segments' worth. 0: none.
  std::uint64_t log_kept_size = 0;
  // Pinned files (Db::PinFiles) that may live at once. 1 to 4096.
  std::uint64_t file_pins_max = 64;
  // A manifest larger than this, and than twice the snapshot it began with, is rolled to a new
  // file. At most 256 MiB.
  std::uint64_t manifest_size_max = 4 * kMiB;

  // Tables: target size of an uncompressed data block, and keys between restart points.
  std::uint64_t block_size = 4 * kKiB;
  std::uint64_t block_restart_interval = 16;
  // Bits of a table's filter for each of its keys, 0 to 64; 0 for none. With 10, of 1000 reads of
  // keys that a table does not have, about 10 look into it.
  std::uint64_t filter_bits_per_key = 10;
  // Tried for each data block, and kept where it saves an eighth; bottom_compression in the deepest
  // level, where most of the data lies.
  Compression compression = Compression::kNone;
  Compression bottom_compression = Compression::kNone;
  // Bytes of data blocks that are kept in memory for reads; 0 for none. At most 1 TiB.
  std::uint64_t block_cache_size = 32 * kMiB;
  // Files of tables that are open at once, those that are read at the moment not counted. 1 to
  // 1048576.
  std::uint64_t open_tables_max = 512;
  // An iterator that goes on from block to block reads several at once, from 8 KiB to this; 0: each
  // by itself. At most 64 MiB.
  std::uint64_t readahead_max = 256 * kKiB;

  // Compaction (docs/internals/compaction.md says how each of these decides).
  CompactionStyle compaction_style = CompactionStyle::kLeveled;
  std::uint64_t compaction_threads = 2;  // 1 to 8
  // Outputs are cut at about this size, never inside the versions of one key. 1 byte to 1 GiB.
  std::uint64_t table_size = 32 * kMiB;
  // Tables of level 0 at which they are compacted; at which writers are slowed down; and stopped.
  // 1 to 10000 each, none below the one before it.
  std::uint64_t level0_compact_count = 4;
  std::uint64_t level0_slow_count = 20;
  std::uint64_t level0_stop_count = 36;
  // The most that the first level below level 0 is to hold, and how many times more each level
  // after that: 1 byte to 1 TiB, and 2 to 100.
  std::uint64_t level_size_base = 256 * kMiB;
  std::uint64_t level_size_ratio = 10;
  // Bytes waiting to be compacted at which writers are slowed down, and stopped. Up to 1 PiB.
  std::uint64_t compaction_debt_slow = 64 * kGiB;
  std::uint64_t compaction_debt_stop = 256 * kGiB;
  // A table with this percentage of tombstones and expired values, or more, is compacted for that
  // alone. 1 to 100; 101: none is.
  std::uint64_t compaction_delete_percent = 50;
  // What it is worth to spare a cursor one table of level 0, in bytes of compaction: where it is
  // leveled, level 0 is compacted when cursors have merged so much of it, though nothing else asks.
  // 0: it never is. Up to 1 GiB.
  std::uint64_t compaction_read_worth = 4 * kKiB;
  // Most bytes that compactions write in a second, all together, while nobody waits for them; 0:
  // as fast as they can. At least 4 KiB where it is set.
  std::uint64_t compaction_bytes_per_second = 0;
  // A version that a read at this sequence number or above would show is kept, whatever hides it
  // now: the low-water mark of a replica. Unset: versions are kept for live snapshots alone.
  std::optional<SequenceNumber> safe_sequence;

  // Asynchronous writes that wait at once to be written and answered, and the bytes of their
  // batches; the first always fits. Up to 2^20, and 1 TiB.
  std::uint64_t async_writes_max = 8 * kKiB;
  std::uint64_t async_bytes_max = 64 * kMiB;

  // Snapshots that may live at once. 1 to 2^32.
  std::uint64_t snapshots_max = 64 * kKiB;
  // Tables with a name that there may be; of one that has more already, none is created. 1 to
  // 1048576.
  std::uint64_t named_tables_max = 4 * kKiB;
};

struct WriteOptions {
  // True: acknowledged means durable. False: survives a process crash; a power loss leaves a
  // prefix.
  bool sync = true;
  // Shown in the event about this write, "write.sequenced"; opaque to the engine, not stored.
  std::uint64_t tag = 0;
  // Of a single key or range. A batch says at each operation which table it is for.
  NamedTable table = {};
};

struct ReadOptions {
  // Read as of then: of the same handle, and living until the call returns (an iterator may outlive
  // it). Null: all that is acknowledged when the call begins.
  const Snapshot* snapshot = nullptr;
  // Iterators show no other keys, and read nothing for them; seeks beyond it stop at its ends.
  // Other reads pay no heed to it. Copied. KeyRange::OfPrefix makes one.
  KeyRange range = {};
  // Whose keys. One that was dropped is kNotFound, but to a snapshot taken before it was.
  NamedTable table = {};
  // What has expired by then is not shown, even if the database's time, as of what is read, is
  // behind. An earlier one than that changes nothing.
  std::uint64_t time = 0;
  // Of Get and TryGet: set to when the value that they return expires; 0: never, or there is none.
  // One that was merged onto is of the put that it began with: the operands stay when that goes.
  std::uint64_t* expires_at = nullptr;
};

}  // namespace beach::engine
