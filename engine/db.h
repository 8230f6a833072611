// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/iterator.h"
#include "engine/options.h"
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
  // Opens the database in `directory`, creating it where allowed. `env` and what it names outlive
  // the handle. Errors: kBusy (another holds the LOCK), kRefused (rule 16), kCorruption (rule 13,
  // file and offset named), kInvalidArgument (an option), kNotFound (absent, and not to be
  // created).
  static Result<std::unique_ptr<Db>> Open(const env::Env& env, const std::string& directory,
                                          const Options& options);
  virtual ~Db() = default;

  virtual Status Put(const WriteOptions& options, ByteView key, ByteView value) = 0;
  // Deleting an absent key is fine.
  virtual Status Delete(const WriteOptions& options, ByteView key) = 0;
  // All of the batch or nothing. An empty batch is fine and, with sync, makes all that was
  // acknowledged before it durable.
  virtual Status Write(const WriteOptions& options, const WriteBatch& batch) = 0;

  // The value, or nothing for an absent key. Never an older value for a damaged one (rule 11).
  virtual Result<std::optional<Bytes>> Get(const ReadOptions& options, ByteView key) = 0;
  // Live keys in order as of the creation of the iterator, which must go before the handle does.
  virtual Result<std::unique_ptr<Iterator>> NewIterator(const ReadOptions& options) = 0;
  // The sequence number that a read beginning now would see.
  virtual SequenceNumber VisibleSequence() = 0;

  // Returns when all that was acknowledged before the call is in tables, durably.
  virtual Status Flush() = 0;
  // Finishes background work, syncs and vouches for the log, releases the LOCK. The destructor does
  // the same and drops the error. Later calls return kClosed.
  virtual Status Close() = 0;
};

}  // namespace beach::engine
