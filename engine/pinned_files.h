// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/log_mark.h"
#include "engine/sst/table_info.h"
#include "engine/types.h"

namespace beach::engine {

// A table file (docs/formats/sst.md).
struct PinnedFile {
  std::string path;
  FileNumber number;  // that it was written under: its name may have another
  std::uint64_t size_bytes = 0;
  std::uint32_t level = 0;  // 0 is the newest data
  // User keys: no other is in the file, or hidden by its range deletes. Both included.
  Bytes smallest;
  Bytes largest;
  SequenceNumber sequence_min;
  SequenceNumber sequence_max;
  DatabaseId written_by;  // whose identity it bears: a copy shares tables with what it is of
};

// The table files that together are the database up to one sequence number: every operation up to
// it, as far as any read can tell, and none above it; with the time, which is in none of them. They
// stay as they are, and where they are, for as long as this object lives, whatever compaction does;
// it goes before its handle does. A crash forgets it, and the next open removes what no manifest
// lists. Immutable; let go of it in any thread.
class PinnedFiles {
 public:
  virtual ~PinnedFiles() = default;

  virtual DatabaseId database() const = 0;
  virtual SequenceNumber sequence() const = 0;
  // The database's time as of that number (engine/expiry.h): no file has it, and values that it has
  // expired may still be in them.
  virtual std::uint64_t time() const = 0;
  // What of somebody else's log is in the files (Options::external_log).
  virtual LogMark mark() const = 0;
  // By number.
  virtual const std::vector<PinnedFile>& files() const = 0;
  // Reads all of files()[number] from the disk: whether it is what was written. kCorruption, which
  // is then what Db::Health says; kIo.
  virtual Status Check(std::size_t number) const = 0;
};

}  // namespace beach::engine
