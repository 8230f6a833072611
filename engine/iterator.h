// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

namespace beach::engine {

// A cursor over sorted entries, both ways, without bounds. Not thread-safe: one thread at a time;
// several iterators of a database may be used by as many threads. Starts invalid: seek first. After
// damage or a failed read it is invalid and status() says why; it never skips what it cannot read.
// A seek begins afresh, also after that.
class Iterator {
 public:
  virtual ~Iterator() = default;

  bool Valid() const { return stands_; }
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(ByteView target) = 0;             // first key >= target
  virtual void SeekForPrevious(ByteView target) = 0;  // last key <= target
  virtual void Next() = 0;                            // REQUIRES: Valid()
  virtual void Previous() = 0;                        // REQUIRES: Valid()

  // Live until the next move. REQUIRES: Valid().
  ByteView key() const {
    BEACH_CHECK(stands_);
    return key_;
  }
  virtual ByteView value() const = 0;

  // Why the last move ended, where it is not the end of the entries: kCorruption, kIo. A loop that
  // ends by !Valid() asks it.
  virtual Status status() const = 0;

 protected:
  // Every move ends with one of these. What is asked about where an iterator stands, at each step
  // by each of those that are built of others, then takes no virtual call.
  void StandAt(ByteView key) {  // live until the next move
    key_ = key;
    stands_ = true;
  }
  void StandNowhere() { stands_ = false; }

 private:
  ByteView key_;
  bool stands_ = false;
};

}  // namespace beach::engine
