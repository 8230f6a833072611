// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/compaction/operand_fold.h"
#include "engine/compaction/picker.h"
#include "engine/expiry.h"
#include "engine/iterator.h"
#include "engine/types.h"
#include "engine/version.h"

namespace beach::engine {

// Which versions must survive. Boundaries are sequence numbers at which somebody may read,
// ascending and never empty: of each key the newest version at or below each of them is kept, and
// all above the last one.
//
// What has expired at the time of a boundary has done so for all who read there and above: the time
// never goes back.
struct KeepRules {
  std::vector<SequenceNumber> boundaries;
  std::vector<std::uint64_t> times;  // as of each of them, or less; ascending
  SequenceNumber newest;             // its operation is never dropped

  // `snapshots` ascending, none above `visible`. The time of `safe` may be less than it was then.
  static KeepRules Of(const std::vector<TimeMark>& snapshots, TimeMark visible,
                      const std::optional<TimeMark>& safe, SequenceNumber newest);

  // The index of the first boundary at or above; their number if none is.
  std::size_t StripeOf(SequenceNumber sequence) const;
};

// Whether tables that a job does not take may hold an older version of a key: those deeper than its
// output, and those of level 0 that are older than its inputs.
class OlderTables {
 public:
  // The version outlives it.
  OlderTables(const Version& version, const CompactionJob& job);
  // Of one key after the other, in ascending order.
  bool MayHold(ByteView user_key);
  // Of the keys from `begin`, included, to `end`, excluded.
  bool MayHoldAnyOf(ByteView begin, ByteView end) const;

 private:
  struct Cursor {
    const Version::Level* level = nullptr;
    std::size_t at = 0;  // the first table that does not end before the key
  };
  std::vector<const Table*> level0_;
  std::vector<Cursor> deeper_;
};

class JobRanges;

// What is left of the entries of a job's inputs: forward only, in internal-key order. An error of
// the source ends it with that error.
class MergeIterator {
 public:
  struct Counts {
    std::uint64_t entries = 0;     // read
    std::uint64_t hidden = 0;      // dropped: a newer version hides them from everybody
    std::uint64_t tombstones = 0;  // dropped: nothing is left for them to hide
    std::uint64_t guarded = 0;     // kept though a newer one is: for a boundary below that
    std::uint64_t in_range = 0;    // dropped: of a key that was deleted with others
    std::uint64_t folded = 0;      // operands that went into what came before them
    std::uint64_t expired = 0;     // values that nobody can see any more
  };

  // `source`: over internal keys. `older` and `ranges`, where there are some, outlive it.
  MergeIterator(std::unique_ptr<Iterator> source, KeepRules rules, OlderTables& older,
                const JobRanges* ranges = nullptr);

  void SeekToFirst();
  bool Valid() const { return valid_; }
  void Next();  // REQUIRES: Valid()
  ByteView key() const {
    if (tombstone_) return *tombstone_;
    return fold_ ? ByteView(fold_->key()) : source_->key();
  }
  ByteView value() const {
    if (tombstone_) return {};
    return fold_ ? ByteView(fold_->value()) : source_->value();
  }
  Status status() const { return status_; }
  const Counts& counts() const { return counts_; }

 private:
  // Stands on the first entry from the source's on that is kept.
  void Settle();
  bool IsKept(const InternalKey& entry);
  // Of an entry of that stripe, at which the source stands: a value that nobody sees any more. A
  // malformed one is damage: then, with status_ set, it is none.
  bool IsExpired(const InternalKey& entry, std::size_t stripe);
  // Of an operand that is kept, at which the source stands: takes in those of its stripe, and what
  // they are applied to, if that is there. Else, or with an error, fold_ is not set. What can still
  // expire they are not applied to: that would make of it what does not.
  void Fold(const InternalKey& entry);

  const std::unique_ptr<Iterator> source_;
  const KeepRules rules_;
  OlderTables& older_;
  const JobRanges* const ranges_;
  std::optional<OperandFold> fold_;  // what is shown, while the source stands behind it
  std::optional<Bytes> tombstone_;   // what is shown instead of the source's entry, which expired
  bool base_needed_ = false;         // what comes next is what the operands shown are applied to
  bool valid_ = false;
  bool has_key_ = false;  // key_ is that of the entry before
  Bytes key_;
  std::size_t stripe_ = 0;  // of the version of key_ that came last
  Status status_;
  Counts counts_;
};

}  // namespace beach::engine
