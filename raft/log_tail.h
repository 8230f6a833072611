// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// The newest entries of the log, in memory: all that is not yet durable and applied, and as many
// more as a budget allows. What was cut from the log is cut here by the same call (Log). Bytes of
// any stretch are a difference of two sums, so that no counter can drift from what is there.
class LogTail {
 public:
  explicit LogTail(LogIndex next) : first_(next) {}

  LogIndex first() const { return first_; }  // of the entries that are here
  LogIndex next() const { return first_ + slots_.size(); }
  bool Holds(LogIndex index) const { return index >= first_ && index < next(); }
  const Entry& At(LogIndex index) const { return slots_[index.value - first_.value].entry; }

  // Of (after, upto]. REQUIRES: both are here, or `after` is one before the first.
  std::uint64_t BytesBetween(LogIndex after, LogIndex upto) const {
    return after < upto ? SumUpTo(upto) - SumUpTo(after) : 0;
  }
  // All that is here.
  std::uint64_t bytes() const { return BytesBetween(first_ - 1, next() - 1); }
  // The last index up to which entries behind `after` fit `bytes_max`, `last` at most; one always
  // does. REQUIRES: after < last, all of it here.
  LogIndex Fit(LogIndex after, LogIndex last, std::uint64_t bytes_max) const;
  void CopyTo(LogIndex after, LogIndex upto, std::vector<Entry>& entries) const;

  // REQUIRES: its index is next().
  void Append(Entry entry);
  // Each in place of the one of its index. One pass over what is behind the first.
  // REQUIRES: in order of index, all here.
  void Replace(std::vector<Entry> entries);
  void TruncateFrom(LogIndex from);
  void DropUpTo(LogIndex index);
  void Reset(LogIndex next);

 private:
  struct Slot {
    Entry entry;
    std::uint64_t sum = 0;  // of sizes, up to and with this one, since the last Reset
  };
  std::uint64_t SumUpTo(LogIndex index) const {
    return index < first_ ? sum_before_ : slots_[index.value - first_.value].sum;
  }

  LogIndex first_;
  std::uint64_t sum_before_ = 0;
  Ring<Slot> slots_;
};

}  // namespace beach::raft
