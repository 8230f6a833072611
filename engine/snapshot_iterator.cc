// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/merging_iterator.h"

// Versions of a key lie newest first. Walking forward, the first one at or below the snapshot
// decides, and the source stays on it while its key is shown. Walking backward, the versions come
// oldest first and the last one at or below the snapshot decides, so the source must leave the key
// before it can be shown: it then stands in front of all its versions, or is invalid.

namespace beach::engine {
namespace {

// In front of, and behind, every version of the key.
constexpr std::uint64_t kTrailerFirst = ~std::uint64_t{0};
constexpr std::uint64_t kTrailerLast = 0;

class SnapshotIterator final : public Iterator {
 public:
  SnapshotIterator(std::unique_ptr<Iterator> internal, SequenceNumber sequence,
                   std::shared_ptr<const void> pinned)
      : pinned_(std::move(pinned)), internal_(std::move(internal)), sequence_(sequence) {}

  bool Valid() const override { return valid_; }

  void SeekToFirst() override {
    internal_->SeekToFirst();
    FindForward(nullptr);
  }

  void SeekToLast() override {
    internal_->SeekToLast();
    FindBackward();
  }

  void Seek(ByteView target) override {
    internal_->Seek(MakeKey(target, PackTrailer(sequence_, kKindFirst)));
    FindForward(nullptr);
  }

  void SeekForPrevious(ByteView target) override {
    internal_->SeekForPrevious(MakeKey(target, kTrailerLast));
    FindBackward();
  }

  void Next() override {
    BEACH_CHECK(Valid());
    if (forward_) {
      internal_->Next();
    } else {
      internal_->Seek(MakeKey(key_, kTrailerLast));
    }
    const Bytes passed = std::exchange(key_, Bytes());
    FindForward(&passed);
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    if (forward_) internal_->SeekForPrevious(MakeKey(key_, kTrailerFirst));
    FindBackward();
  }

  ByteView key() const override {
    BEACH_CHECK(Valid());
    return key_;
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return forward_ ? internal_->value() : ByteView(value_);
  }
  Status status() const override { return status_; }

 private:
  // Shows the first live key at or behind the source's entry, other than `passed`.
  void FindForward(const Bytes* passed) {
    forward_ = true;
    Bytes deleted;
    InternalKey entry;
    for (; ReadEntry(entry); internal_->Next()) {
      if (entry.sequence > sequence_) continue;
      if (passed != nullptr && entry.user_key == *passed) continue;
      if (entry.kind == ValueKind::kDelete) {
        deleted.assign(entry.user_key);
        passed = &deleted;
        continue;
      }
      key_.assign(entry.user_key);
      valid_ = true;
      return;
    }
    valid_ = false;
  }

  // Shows the last live key at or in front of the source's entry, which is the oldest version of
  // its key or older than any version that matters.
  void FindBackward() {
    forward_ = false;
    valid_ = false;
    bool live = false;  // whether key_, whose versions are being walked, is so far
    InternalKey entry;
    bool started = false;
    for (; ReadEntry(entry); internal_->Previous()) {
      if (!started || entry.user_key != key_) {
        if (live) break;
        key_.assign(entry.user_key);
        started = true;
      }
      if (entry.sequence > sequence_) continue;
      live = entry.kind == ValueKind::kPut;
      value_.assign(live ? internal_->value() : ByteView());
    }
    // A source that failed may have hidden newer versions of the key.
    valid_ = live && status_.has_value();
  }

  // False at the end and on an error, with status_ set.
  bool ReadEntry(InternalKey& entry) {
    status_ = {};
    if (!internal_->Valid()) {
      status_ = internal_->status();
      return false;
    }
    if (ParseInternalKey(internal_->key(), entry)) return true;
    status_ = Fail(ErrorCode::kCorruption, "malformed key " + Printable(internal_->key()));
    return false;
  }

  static Bytes MakeKey(ByteView user_key, std::uint64_t trailer) {
    Bytes key(user_key);
    Encoder(key).Fixed64(trailer);
    return key;
  }

  const std::shared_ptr<const void> pinned_;  // goes after internal_, which reads from it
  const std::unique_ptr<Iterator> internal_;
  const SequenceNumber sequence_;
  bool valid_ = false;
  bool forward_ = true;
  Bytes key_;
  Bytes value_;  // backward only
  Status status_;
};

}  // namespace

std::unique_ptr<Iterator> NewSnapshotIterator(std::unique_ptr<Iterator> internal,
                                              SequenceNumber sequence,
                                              std::shared_ptr<const void> pinned) {
  BEACH_CHECK(internal != nullptr);
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  return std::make_unique<SnapshotIterator>(std::move(internal), sequence, std::move(pinned));
}

}  // namespace beach::engine
