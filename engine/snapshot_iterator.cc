// SPDX-License-Identifier: Apache-2.0
#include "engine/snapshot_iterator.h"

#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "engine/expiry.h"
#include "engine/internal_key.h"
#include "engine/key_buffer.h"
#include "engine/merge_operator.h"
#include "env/marks.h"

// Versions of a key lie newest first. Walking forward, the first one at or below the snapshot
// decides, and the source stays on it while its key is shown. Walking backward, the versions come
// oldest first and the last one at or below the snapshot decides, so the source must leave the key
// before it can be shown: it then stands in front of all its versions, or is invalid.

namespace beach::engine {
namespace {

// In front of, and behind, every version of the key.
constexpr std::uint64_t kTrailerFirst = ~std::uint64_t{0};
constexpr std::uint64_t kTrailerLast = 0;

// Versions that are passed one by one before a search takes the place of steps.
constexpr int kStepsMax = 8;

class SnapshotIterator final : public Iterator {
 public:
  SnapshotIterator(std::unique_ptr<Iterator> internal, RangeCover cover, std::uint64_t time,
                   KeyRange range, std::shared_ptr<const void> pinned, const KeySpace& keys)
      : keys_(keys),
        pinned_(std::move(pinned)),
        internal_(std::move(internal)),
        cover_(std::move(cover)),
        sequence_(cover_.at()),
        time_(time),
        range_(keys_.Stored(std::move(range))) {}

  void SeekToFirst() override {
    if (!range_.IsBelowEnd(range_.begin)) return ShowNothing();
    if (range_.begin.empty()) {
      internal_->SeekToFirst();
    } else {
      SeekInternal(range_.begin, kTrailerFirst);
    }
    FindForward(false);
  }

  void SeekToLast() override {
    if (!range_.IsBelowEnd(range_.begin)) return ShowNothing();
    if (range_.end) {
      internal_->SeekForPrevious(MakeKey(*range_.end, kTrailerFirst));
    } else {
      internal_->SeekToLast();
    }
    FindBackward();
  }

  void Seek(ByteView user_key) override {
    const ByteView target = keys_.Stored(user_key, stored_);
    if (target < range_.begin) return SeekToFirst();
    if (!range_.IsBelowEnd(target)) return ShowNothing();
    SeekInternal(target, PackTrailer(sequence_, kKindFirst));
    FindForward(false);
  }

  void SeekForPrevious(ByteView user_key) override {
    const ByteView target = keys_.Stored(user_key, stored_);
    if (!range_.IsBelowEnd(target)) return SeekToLast();
    if (target < range_.begin) return ShowNothing();
    internal_->SeekForPrevious(MakeKey(target, kTrailerLast));
    FindBackward();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    passed_.Assign(shown_);
    if (!forward_) {
      SeekInternal(key_, kTrailerLast);
    } else if (!folded_) {
      internal_->Next();
    }
    FindForward(true);
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    if (forward_) internal_->SeekForPrevious(MakeKey(shown_, kTrailerFirst));
    FindBackward();
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return forward_ && !folded_ ? internal_->value().substr(prefix_) : ByteView(value_);
  }
  Status status() const override { return status_; }

 private:
  // Of a seek that finds nothing, whatever is there.
  void ShowNothing() {
    StandNowhere();
    status_ = {};
  }

  void Show(ByteView stored_key) {
    shown_ = stored_key;
    StandAt(keys_.UserKey(stored_key));
  }

  // Shows the first live key at or behind the source's entry, other than passed_ if that is said.
  void FindForward(bool has_passed) {
    forward_ = true;
    StandNowhere();
    folded_ = false;
    InternalKey entry;
    int steps = 0;  // over versions that do not matter
    while (ReadEntry(entry)) {
      if (!range_.IsBelowEnd(entry.user_key)) return;
      if (has_passed && entry.user_key == passed_.view()) {
        Skip(entry.user_key, kTrailerLast, steps);
        continue;
      }
      if (entry.sequence > sequence_) {
        Skip(entry.user_key, PackTrailer(sequence_, kKindFirst), steps);
        continue;
      }
      steps = 0;
      if (Shows(entry)) {
        prefix_ = entry.kind == ValueKind::kPutUntil ? kExpirySize : 0;
        if (entry.kind == ValueKind::kMerge) return FoldForward(entry.user_key);
        return Show(entry.user_key);
      }
      if (!status_) return;
      passed_.Assign(entry.user_key);
      has_passed = true;
      internal_->Next();
    }
  }

  // Shows the key at whose newest operand the source stands: leaves the value in value_, and the
  // source at what decided.
  void FoldForward(ByteView user_key) {
    key_.assign(user_key);
    std::vector<Bytes> operands;
    std::optional<Bytes> value;
    InternalKey entry;
    do {
      operands.emplace_back(internal_->value());
      internal_->Next();
      if (!ReadEntry(entry)) break;
    } while (entry.user_key == key_ && entry.kind == ValueKind::kMerge && !IsCovered(entry));
    if (!status_) return;
    if (internal_->Valid() && entry.user_key == key_ && entry.kind != ValueKind::kMerge &&
        Shows(entry)) {
      value = Bytes(ValueOf(entry));
    }
    if (!status_) return;
    status_ = FoldOperands(operands, value);
    if (!status_) return;
    value_ = *std::move(value);
    folded_ = true;
    Show(key_);
  }

  // To the next entry, or after many steps to where the rest of them ends. The trailer is that of
  // no entry that is passed: the search does not go back.
  void Skip(ByteView user_key, std::uint64_t trailer, int& steps) {
    if (++steps <= kStepsMax) return internal_->Next();
    BEACH_SOMETIMES("iterator.versions_skipped", true);
    steps = 0;
    SeekInternal(user_key, trailer);
  }

  // Shows the last live key at or in front of the source's entry, which is the oldest version of
  // its key or older than any version that matters.
  void FindBackward() {
    forward_ = false;
    StandNowhere();
    bool live = false;  // whether key_, whose versions are being walked, is so far
    InternalKey entry;
    bool started = false;
    for (; ReadEntry(entry); internal_->Previous()) {
      if (!started || entry.user_key != key_) {
        if (live || entry.user_key < range_.begin) break;
        key_.assign(entry.user_key);
        started = true;
      }
      if (entry.sequence > sequence_) continue;
      const bool counts = Shows(entry);
      if (!status_) break;
      if (counts && entry.kind == ValueKind::kMerge) {
        if (!FoldOnto(live)) break;
      } else {
        value_.assign(counts ? ValueOf(entry) : ByteView());
      }
      live = counts;
    }
    // A source that failed may have hidden newer versions of the key.
    if (live && status_) Show(key_);
  }

  // Applies the source's operand to value_, or to none. False on an error.
  bool FoldOnto(bool live) {
    std::optional<Bytes> value;
    if (live) value = std::move(value_);
    status_ = FoldOperands({Bytes(internal_->value())}, value);
    if (status_) value_ = *std::move(value);
    return status_.has_value();
  }

  // Of a version that the read may see, at which the source stands: there is something to be seen.
  // Also false, with status_ set, for what is malformed.
  bool Shows(const InternalKey& entry) {
    if (entry.kind == ValueKind::kDelete || IsCovered(entry)) return false;
    if (entry.kind != ValueKind::kPutUntil) return true;
    ExpiringValue expiring;
    if (ParseExpiring(internal_->value(), expiring)) return !expiring.IsExpired(time_);
    status_ = Fail(ErrorCode::kCorruption,
                   "malformed value that expires, of key " + Printable(entry.user_key));
    return false;
  }
  // Of one that Shows.
  ByteView ValueOf(const InternalKey& entry) const {
    return internal_->value().substr(entry.kind == ValueKind::kPutUntil ? kExpirySize : 0);
  }

  // Of a version that the read may see: a range delete hides it.
  bool IsCovered(const InternalKey& entry) {
    return !cover_.empty() && entry.sequence < cover_.NewestOver(entry.user_key);
  }

  // False at the end and on an error, with status_ set.
  bool ReadEntry(InternalKey& entry) {
    if (!status_) status_ = {};
    if (!internal_->Valid()) {
      status_ = internal_->status();
      return false;
    }
    if (ParseInternalKey(internal_->key(), entry)) return true;
    status_ = Fail(ErrorCode::kCorruption, "malformed key " + Printable(internal_->key()));
    return false;
  }

  void SeekInternal(ByteView user_key, std::uint64_t trailer) {
    internal_->Seek(MakeKey(user_key, trailer));
  }

  // Good until the next call. `user_key` may be the source's own.
  ByteView MakeKey(ByteView user_key, std::uint64_t trailer) {
    target_.assign(user_key);
    Encoder(target_).Fixed64(trailer);
    return target_;
  }

  const KeySpace keys_;                       // all below is of stored keys
  const std::shared_ptr<const void> pinned_;  // goes after internal_, which reads from it
  const std::unique_ptr<Iterator> internal_;
  RangeCover cover_;
  const SequenceNumber sequence_;
  const std::uint64_t time_;
  const KeyRange range_;
  bool forward_ = true;
  std::size_t prefix_ = 0;  // forward: what the source's value has in front of the user's
  bool folded_ = false;     // forward: the value is in value_, the source may stand behind the key
  ByteView shown_;          // the key, as it is stored: the source's, or
  Bytes key_;               // backward, or folded
  Bytes value_;             // the same
  KeyBuffer passed_;        // forward only: a key of which nothing more is shown
  Bytes target_;
  Bytes stored_;  // what is sought
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewSnapshotIterator(std::unique_ptr<Iterator> internal, RangeCover cover,
                                              std::uint64_t time, KeyRange range,
                                              std::shared_ptr<const void> pinned,
                                              const KeySpace& keys) {
  BEACH_CHECK(internal != nullptr);
  BEACH_CHECK_LE(cover.at().value, kMaxSequence.value);
  return std::make_unique<SnapshotIterator>(std::move(internal), std::move(cover), time,
                                            std::move(range), std::move(pinned), keys);
}

}  // namespace beach::engine
