// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "oracle/merge.h"
#include "oracle/value_id.h"
#include "oracle/violation.h"

namespace beach::oracle {

struct ModelOperation {
  Bytes key;
  std::optional<Bytes> value;  // nothing: a delete
  std::optional<Bytes> range_end =
      {};  // a delete of all keys from `key`, included, to it, excluded
  std::optional<MergeKind> merge = {};           // `value` is its operand
  std::optional<std::uint64_t> expires_at = {};  // of a value
  std::optional<std::uint64_t> time = {};        // instead of all that: the time is no less now
};

// Of a conditional write: the key shows that value; nothing: it is absent.
struct ModelCondition {
  Bytes key;
  std::optional<Bytes> value;
};

// An atomic write as its client issued it.
struct ModelBatch {
  BatchId id;
  std::uint64_t client = 0;  // whose batches are sequenced in the order of their ids; 0: anybody
  bool sync = true;
  std::vector<ModelOperation> operations;       // in order; the last one to a key wins
  std::vector<ModelCondition> conditions = {};  // without which it is not written
};

enum class Outcome : std::uint8_t { kUnknown, kApplied, kNotApplied };

using KeyValue = std::pair<Bytes, Bytes>;
using KeyFound = std::pair<Bytes, std::optional<Bytes>>;  // nothing: absent

// Half-open; nothing for `to`: to the end.
struct KeyRange {
  Bytes from;
  std::optional<Bytes> to;

  bool Contains(ByteView key) const { return key >= from && (!to || key < *to); }
};

// What the database under test may show: the reference for one database over all its lives.
//
// A life begins with a settled state, known exactly. Batches are issued, put in order (the engine
// tells the sequence numbers it gave, so the order is known, not searched for), and acknowledged or
// failed. Prefix k of a life is its settled state with the first k sequenced batches applied. At
// any moment the database shows one prefix, which only grows:
//   visible <= shown <= sequenced
// `visible` is the greatest prefix that an acknowledgement or a read has proved to be shown. After
// a crash the crash oracle picks the prefix that was found, and Settle makes it the next life's
// state. Costs are those of the changes, never of the history.
//
// Time is a part of the state: it is no less in a greater prefix, and values that it has reached
// are gone from the prefix on in which it did, as if deleted there.
class Model {
 public:
  Model();

  // --- Events of writers, in real-time order.

  // REQUIRES: an id never issued before.
  void Issue(ModelBatch batch);
  // The engine gave the batch `count` sequence numbers from `first` on. A batch without operations
  // takes no place in the order. Behind those that its client issued before. Conditions must hold
  // in the state right before it.
  Judgement Sequence(BatchId id, std::uint64_t first, std::uint64_t count);
  // The newest batches, those with sequence numbers from `first` on, were turned away before a byte
  // of them was written: they are not applied, and later ones go on without them.
  Judgement Refuse(std::uint64_t first);
  Judgement Acknowledge(BatchId id);
  // The write returned an error: its outcome is unknown until it is seen or settled.
  Judgement Fail(BatchId id);
  // The write returned an error that promises that nothing was written, now or later.
  Judgement Reject(BatchId id);
  // A conditional write was answered: not written. Then in some state between its issue and now,
  // which readers may see, a condition did not hold; with sync, that state is durable.
  Judgement Decline(BatchId id);
  // Between taking the mark and the call, a flush, or a sync of the log, was asked for and done.
  std::uint64_t DurableMark() const { return visible_; }
  void Durable(std::uint64_t mark);
  // The log says of all that is durable that it is so.
  void Vouched() { vouched_ = durable_; }

  // --- Reads, judged by when they began and ended.

  struct ReadMark {
    std::uint64_t visible = 0;               // prefix that the read must show, at least
    std::optional<std::uint64_t> sequenced;  // most it can show; unset: as of its end
    std::uint64_t time = 0;  // what has expired by then is not shown, whatever the prefix's is
  };
  ReadMark BeginRead() const { return {.visible = visible_, .sequenced = {}}; }
  // Since the mark was taken, the engine has said that readers see all up to `sequence`: the end of
  // a prefix that the mark allows. A read at that number shows that prefix only.
  Judgement FixAt(ReadMark& mark, std::uint64_t sequence);
  // The snapshot of a longer read is fixed by now.
  void FixSnapshot(ReadMark& mark) const { mark.sequenced = sequenced(); }
  Judgement EndGet(const ReadMark& mark, ByteView key, const std::optional<Bytes>& found);
  // Several keys that were read as of one moment, in any order.
  Judgement EndMultiGet(const ReadMark& mark, const std::vector<KeyFound>& found);
  // `found` is all that a scan of the range showed, in the order it showed it.
  Judgement EndScan(const ReadMark& mark, const KeyRange& range,
                    const std::vector<KeyValue>& found);

  // --- For the crash oracle.

  std::uint64_t sequenced() const { return order_.size() - 1; }  // greatest prefix
  std::uint64_t visible() const { return visible_; }             // survives a process crash
  std::uint64_t durable() const { return durable_; }             // survives a power loss
  // Something later says that it is durable: survives what hits one place of the log as well.
  std::uint64_t vouched() const { return vouched_; }
  // The time as of the prefix.
  std::uint64_t TimeAt(std::uint64_t prefix) const { return order_[prefix].time; }
  // Last sequence number in the prefix, or before it.
  std::uint64_t LastSequence(std::uint64_t prefix) const { return order_[prefix].last_sequence; }
  BatchId BatchAt(std::uint64_t prefix) const { return order_[prefix].id; }
  std::uint64_t HashAt(std::uint64_t prefix) const { return order_[prefix].state_hash; }
  static std::uint64_t HashOf(const std::vector<KeyValue>& state);
  std::vector<KeyValue> StateAt(std::uint64_t prefix) const;
  // Whether it is that: StateAt without the copies. REQUIRES: `state` in ascending order of keys.
  bool ShowsAt(std::uint64_t prefix, const std::vector<KeyValue>& state) const;
  // All keys ever written that are present now or may be after a crash.
  std::vector<Bytes> Keys() const;

  struct Version {
    std::uint64_t prefix = 0;  // the first that shows it; 0: settled before this life
    std::optional<Bytes> value;
    std::optional<std::uint64_t> expires_at = {};
    std::optional<Bytes> after = {};  // what is shown from then on: what operands made of nothing

    const std::optional<Bytes>& At(std::uint64_t time) const {
      return expires_at && time >= *expires_at ? after : value;
    }
  };
  // What the prefix shows for the key.
  Version At(ByteView key, std::uint64_t prefix) const;
  // The first version of this life with that value, or the settled one.
  std::optional<Version> FindVersion(ByteView key, const std::optional<Bytes>& value) const;
  // The first prefix above `prefix` at which the key is deleted.
  std::optional<std::uint64_t> DeletedAfter(ByteView key, std::uint64_t prefix) const;

  // Ends the life: the prefix is what is there, the rest of the batches is not and will never be.
  // New sequence numbers are above `last_sequence`. REQUIRES: that is none below the prefix's own.
  void Settle(std::uint64_t prefix, std::uint64_t last_sequence);
  // The same where nothing was promised of what is there: it is `state`, in ascending order of
  // keys. No batch of the life counts as applied.
  void Rebase(const std::vector<KeyValue>& state, std::uint64_t last_sequence);
  // The same where it is what all batches of `kept` make.
  void Adopt(const Model& kept, std::uint64_t last_sequence);
  Outcome OutcomeOf(BatchId id) const;
  // "batch 7 (sync, acknowledged)": for messages.
  std::string DescribeBatch(BatchId id) const;
  // Why the key must not show `found` in this life or ever; nothing when some prefix shows it.
  Judgement ExplainForeign(ByteView key, const Bytes& found) const;

 private:
  enum class Stage : std::uint8_t { kIssued, kSequenced, kAcknowledged, kFailed };

  struct Record {
    ModelBatch batch;
    Stage stage = Stage::kIssued;
    std::uint64_t prefix = 0;        // the first that holds it; 0: not sequenced
    std::uint64_t durable_mark = 0;  // at issue
  };

  // What the order holds at one prefix.
  struct Place {
    BatchId id;  // 0 for prefix 0
    std::uint64_t last_sequence = 0;
    std::uint64_t state_hash = 0;
    std::uint64_t last_sync = 0;  // greatest prefix up to here that ends with a synced batch
    std::uint64_t time = 0;
  };

  bool Hold(const std::vector<ModelCondition>& conditions, std::uint64_t prefix) const;
  // The first state since the batch was issued in which its conditions hold, or do not.
  std::optional<std::uint64_t> FindState(const Record& record, bool hold) const;
  // The newest of a key's versions that the prefix holds, or null.
  static const Version* VersionAt(const std::vector<Version>& versions, std::uint64_t prefix);
  void Apply(const ModelBatch& batch, Place& place);
  void SetValue(ByteView key, Version version, Place& place);
  void AdvanceTime(std::uint64_t time, Place& place);
  static Version Merge(const Version& there, const ModelOperation& operation);
  // Takes back what an operation has written at that prefix.
  void TakeBack(const ModelOperation& operation, std::uint64_t prefix);
  using Versions = std::map<Bytes, std::vector<Version>, std::less<>>;
  // A reader or an acknowledgement has shown the prefix: it is as durable as its writers asked.
  void Show(std::uint64_t prefix);
  Judgement WrongRead(ByteView key, const ReadMark& mark, std::uint64_t ceiling,
                      const std::optional<Bytes>& found) const;
  bool ScanEquals(const KeyRange& range, std::uint64_t prefix, std::uint64_t time,
                  const std::vector<KeyValue>& found, Judgement* difference) const;

  // Versions in order of prefix; the settled one, if the key was there, first.
  Versions versions_;
  std::vector<Place> order_;                 // by prefix; never empty
  std::map<BatchId, Record> life_;           // issued in this life
  std::map<std::uint64_t, BatchId> newest_;  // sequenced in this life, of each client
  std::map<BatchId, Outcome> settled_;       // issued before
  std::uint64_t visible_ = 0;
  std::uint64_t durable_ = 0;
  std::uint64_t vouched_ = 0;
};

}  // namespace beach::oracle
