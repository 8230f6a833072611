// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/error.h"

namespace beach::engine {

// A cursor over sorted entries, both ways. Not thread-safe. Starts invalid: seek first. After
// damage or a failed read it is invalid and status() says why; it never skips what it cannot read.
class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual bool Valid() const = 0;
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(ByteView target) = 0;             // first key >= target
  virtual void SeekForPrevious(ByteView target) = 0;  // last key <= target
  virtual void Next() = 0;                            // REQUIRES: Valid()
  virtual void Previous() = 0;                        // REQUIRES: Valid()

  // Live until the next move. REQUIRES: Valid().
  virtual ByteView key() const = 0;
  virtual ByteView value() const = 0;

  virtual Status status() const = 0;
};

}  // namespace beach::engine
