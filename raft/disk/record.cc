// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/record.h"

#include <algorithm>

#include "base/check.h"

namespace beach::raft {
namespace {

// Of kEntry and kFill, which have the same fields.
void AppendEntryRecord(Bytes& target, RecordKind kind, const Entry& entry) {
  BEACH_CHECK(entry.index > LogIndex{});
  BEACH_CHECK(entry.index <= kLogIndexMax);
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(kind));
  encoder.Fixed8(static_cast<std::uint8_t>(entry.kind));
  encoder.Varint(entry.index.value);
  encoder.Varint(entry.term.value);
  encoder.LengthPrefixed(entry.payload.view());
}

}  // namespace

std::optional<Term> LogHead::TermAt(LogIndex index) const {
  if (index < before_index() || index > last) return std::nullopt;
  const auto behind = std::ranges::upper_bound(runs, index, {}, &Run::first);
  return behind == runs.begin() ? before : (behind - 1)->term;
}

bool IsPossible(const LogHead& head, std::size_t runs_max) {
  if (head.runs.size() > runs_max || head.last > kLogIndexMax || head.base > head.last) {
    return false;
  }
  LogIndex below = head.base;
  for (const LogHead::Run& run : head.runs) {
    if (run.first <= below || run.first > head.last) return false;
    below = run.first;
  }
  if (head.runs.empty()) return head.base == head.last;
  if (head.runs.size() < runs_max && head.before_index() != head.base) return false;
  // The first may go on with the term of the base.
  if (head.runs.front().term < head.before) return false;
  for (std::size_t i = 1; i < head.runs.size(); ++i) {
    if (head.runs[i].term <= head.runs[i - 1].term) return false;
  }
  return true;
}

void EncodeHead(Encoder& encoder, const LogHead& head, std::size_t runs_max) {
  BEACH_CHECK(IsPossible(head, runs_max));
  encoder.Varint(head.hard_state.term.value);
  encoder.Varint(head.hard_state.vote.value);
  encoder.Varint(head.base.value);
  encoder.Varint(head.last.value);
  encoder.Varint(head.before.value);
  encoder.Varint(head.runs.size());
  for (const LogHead::Run& run : head.runs) {
    encoder.Varint(run.first.value);
    encoder.Varint(run.term.value);
  }
}

bool DecodeHead(Decoder& decoder, LogHead& head, std::size_t runs_max) {
  head = {};
  head.hard_state.term = Term(decoder.Varint());
  head.hard_state.vote = NodeId(decoder.Varint());
  head.base = LogIndex(decoder.Varint());
  head.last = LogIndex(decoder.Varint());
  head.before = Term(decoder.Varint());
  const std::uint64_t runs = decoder.Varint();
  if (runs > runs_max) return false;
  for (std::uint64_t i = 0; i < runs && decoder.ok(); ++i) {
    LogHead::Run& run = head.runs.emplace_back();
    run.first = LogIndex(decoder.Varint());
    run.term = Term(decoder.Varint());
  }
  return decoder.ok() && IsPossible(head, runs_max);
}

void AppendHead(Bytes& target, const LogHead& head) {
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kHead));
  EncodeHead(encoder, head, kHeadRunsMax);
}

Bytes HeadPayload(const LogHead& head) {
  Bytes payload{static_cast<char>(kRecordsVersion)};
  AppendHead(payload, head);
  return payload;
}

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
  BEACH_CHECK(entry.kind != EntryKind::kLost || entry.payload.size() == 0);
  AppendEntryRecord(target, RecordKind::kEntry, entry);
}

void AppendFill(Bytes& target, const Entry& entry) {
  BEACH_CHECK(entry.kind != EntryKind::kLost);
  AppendEntryRecord(target, RecordKind::kFill, entry);
}

void AppendBase(Bytes& target, LogIndex index, Term term, bool keeps_suffix) {
  BEACH_CHECK(index <= kLogIndexMax);
  Encoder encoder(target);
  encoder.Fixed8(static_cast<std::uint8_t>(RecordKind::kBase));
  encoder.Fixed8(keeps_suffix ? 1 : 0);
  encoder.Varint(index.value);
  encoder.Varint(term.value);
}

Status CheckRecordsVersion(ByteView payload) {
  if (payload.empty()) return {};
  const auto version = static_cast<std::uint8_t>(payload.front());
  if (version == kRecordsVersion) return {};
  return Fail(ErrorCode::kRefused, "a flight of the Raft log has records of version " +
                                       std::to_string(version) + ", this program knows " +
                                       std::to_string(kRecordsVersion) +
                                       "; use the release that wrote it");
}

RecordReader::RecordReader(ByteView payload) : decoder_(payload) {
  ok_ = decoder_.Fixed8() == kRecordsVersion;
}

bool RecordReader::Next(Record& record) {
  if (!ok_) return false;
  if (begun_ && decoder_.rest().empty()) return false;
  record = {};
  ok_ = Decode(record) && decoder_.ok() && record.index <= kLogIndexMax &&
        begun_ == (record.kind != RecordKind::kHead);
  begun_ = true;
  return ok_;
}

bool RecordReader::Decode(Record& record) {
  record.kind = static_cast<RecordKind>(decoder_.Fixed8());
  switch (record.kind) {
    case RecordKind::kHardState:
      record.hard_state.term = Term(decoder_.Varint());
      record.hard_state.vote = NodeId(decoder_.Varint());
      return true;
    case RecordKind::kCut:
      record.index = LogIndex(decoder_.Varint());
      return record.index > LogIndex{};
    case RecordKind::kEntry:
    case RecordKind::kFill: return DecodeEntry(record);
    case RecordKind::kBase: {
      const std::uint8_t keeps = decoder_.Fixed8();
      record.keeps_suffix = keeps == 1;
      record.index = LogIndex(decoder_.Varint());
      record.term = Term(decoder_.Varint());
      return keeps <= 1;
    }
    case RecordKind::kHead: return DecodeHead(decoder_, record.head, kHeadRunsMax);
  }
  return false;
}

bool RecordReader::DecodeEntry(Record& record) {
  const std::uint8_t kind = decoder_.Fixed8();
  record.entry_kind = static_cast<EntryKind>(kind);
  record.index = LogIndex(decoder_.Varint());
  record.term = Term(decoder_.Varint());
  record.payload = decoder_.LengthPrefixed();
  if (kind > static_cast<std::uint8_t>(EntryKind::kLost) || record.index == LogIndex{})
    return false;
  if (record.entry_kind != EntryKind::kLost) return true;
  return record.kind == RecordKind::kEntry && record.payload.empty();
}

}  // namespace beach::raft
