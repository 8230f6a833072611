// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/record.h"

#include "base/check.h"

namespace beach::raft {

void AppendHardState(Bytes& target, HardState state) {
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kHardState));
  encoder.Varint(state.term.value);
  encoder.Varint(state.vote.value);
}

void AppendCut(Bytes& target, LogIndex from) {
  BEACH_CHECK(from > LogIndex{});
  BEACH_CHECK(from <= kLogIndexMax);
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kCut));
  encoder.Varint(from.value);
}

void AppendEntry(Bytes& target, const Entry& entry) {
  BEACH_CHECK(entry.index > LogIndex{});
  BEACH_CHECK(entry.index <= kLogIndexMax);
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kEntry));
  encoder.Fixed8(static_cast<std::uint8_t>(entry.kind));
  encoder.Varint(entry.index.value);
  encoder.Varint(entry.term.value);
  encoder.LengthPrefixed(entry.payload.view());
}

void AppendBase(Bytes& target, LogIndex index, Term term, bool keeps_suffix) {
  BEACH_CHECK(index <= kLogIndexMax);
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kBase));
  encoder.Fixed8(keeps_suffix ? 1 : 0);
  encoder.Varint(index.value);
  encoder.Varint(term.value);
}

RecordReader::RecordReader(ByteView payload) : decoder_(payload) {
  ok_ = decoder_.Fixed8() == kRecordsVersion;
}

bool RecordReader::Next(Record& record) {
  if (!ok_ || decoder_.rest().empty()) return false;
  record = {};
  ok_ = Decode(record) && decoder_.ok() && record.index <= kLogIndexMax;
  return ok_;
}

bool RecordReader::Decode(Record& record) {
  const std::uint8_t kind = decoder_.Fixed8();
  record.kind = static_cast<RecordKind>(kind);
  switch (record.kind) {
    case RecordKind::kHardState:
      record.hard_state.term = Term(decoder_.Varint());
      record.hard_state.vote = NodeId(decoder_.Varint());
      return true;
    case RecordKind::kCut:
      record.index = LogIndex(decoder_.Varint());
      return record.index > LogIndex{};
    case RecordKind::kEntry: {
      const std::uint8_t entry_kind = decoder_.Fixed8();
      record.entry_kind = static_cast<EntryKind>(entry_kind);
      record.index = LogIndex(decoder_.Varint());
      record.term = Term(decoder_.Varint());
      record.payload = decoder_.LengthPrefixed();
      return entry_kind <= static_cast<std::uint8_t>(EntryKind::kConfiguration) &&
             record.index > LogIndex{};
    }
    case RecordKind::kBase: {
      const std::uint8_t keeps = decoder_.Fixed8();
      record.keeps_suffix = keeps == 1;
      record.index = LogIndex(decoder_.Varint());
      record.term = Term(decoder_.Varint());
      return keeps <= 1;
    }
  }
  return false;
}

}  // namespace beach::raft
