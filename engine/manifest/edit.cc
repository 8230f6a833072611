// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/edit.h"

#include "base/coding.h"
#include "engine/internal_key.h"

namespace beach::engine {
namespace {

void AppendField(Bytes& target, ManifestTag tag, ByteView body) {
  Encoder encoder(target);
  encoder.Varint(static_cast<std::uint64_t>(tag));
  encoder.LengthPrefixed(body);
}

void AppendVarintField(Bytes& target, ManifestTag tag, std::uint64_t value) {
  Bytes body;
  Encoder(body).Varint(value);
  AppendField(target, tag, body);
}

void AppendPositionField(Bytes& target, ManifestTag tag, LogPosition position) {
  Bytes body;
  Encoder encoder(body);
  encoder.Varint(position.segment.value);
  encoder.Varint(position.offset);
  AppendField(target, tag, body);
}

void AppendTable(Bytes& target, const TableInfo& table) {
  Bytes body;
  Encoder encoder(body);
  ManifestTag tag = table.level > 0 ? ManifestTag::kAddTableBelow : ManifestTag::kAddTable;
  if (table.origin) {
    tag = table.origin_file ? ManifestTag::kAddTableFrom : ManifestTag::kAddTableOf;
    if (table.origin_file) encoder.Varint(table.origin_file->value);
    encoder.Fixed64(table.origin->high);
    encoder.Fixed64(table.origin->low);
  }
  if (table.level > 0 || table.origin) encoder.Varint(table.level);
  encoder.Varint(table.file.value);
  encoder.Varint(table.size_bytes);
  encoder.Varint(table.entries);
  encoder.LengthPrefixed(table.smallest);
  encoder.LengthPrefixed(table.largest);
  encoder.Varint(table.sequence_min.value);
  encoder.Varint(table.sequence_max.value);
  AppendField(target, tag, body);
}

void AppendSegment(Bytes& target, const wal::Segment& segment) {
  Bytes body;
  Encoder encoder(body);
  encoder.Varint(segment.ordinal.value);
  encoder.Varint(segment.file.value);
  encoder.Varint(segment.size_bytes);
  encoder.Varint(segment.end + 1);  // kOpenEnd wraps to 0
  AppendField(target, ManifestTag::kAddSegment, body);
}

LogPosition DecodePosition(Decoder& body) {
  LogPosition position;
  position.segment = SegmentOrdinal(body.Varint());
  position.offset = body.Varint();
  return position;
}

TableInfo DecodeTable(Decoder& body) {
  TableInfo table;
  table.file = FileNumber(body.Varint());
  table.size_bytes = body.Varint();
  table.entries = body.Varint();
  table.smallest = body.LengthPrefixed();
  table.largest = body.LengthPrefixed();
  table.sequence_min = SequenceNumber(body.Varint());
  table.sequence_max = SequenceNumber(body.Varint());
  return table;
}

// A level that there is not becomes kLevelCount, which the caller refuses.
TableInfo DecodeTableBelow(Decoder& body) {
  const std::uint64_t level = body.Varint();
  TableInfo table = DecodeTable(body);
  const bool known = level > 0 && level < kLevelCount;
  table.level = known ? static_cast<std::uint32_t>(level) : kLevelCount;
  return table;
}

TableInfo DecodeTableOf(Decoder& body) {
  DatabaseId origin;
  origin.high = body.Fixed64();
  origin.low = body.Fixed64();
  const std::uint64_t level = body.Varint();
  TableInfo table = DecodeTable(body);
  table.level = level < kLevelCount ? static_cast<std::uint32_t>(level) : kLevelCount;
  table.origin = origin;
  return table;
}

TableInfo DecodeTableFrom(Decoder& body) {
  const FileNumber there(body.Varint());
  TableInfo table = DecodeTableOf(body);
  table.origin_file = there;
  return table;
}

wal::Segment DecodeSegment(Decoder& body) {
  wal::Segment segment;
  segment.ordinal = SegmentOrdinal(body.Varint());
  segment.file = FileNumber(body.Varint());
  segment.size_bytes = body.Varint();
  segment.end = body.Varint() - 1;
  return segment;
}

// False for a tag that is not known.
bool DecodeField(std::uint64_t tag, Decoder& body, ManifestEdit& edit) {
  switch (static_cast<ManifestTag>(tag)) {
    case ManifestTag::kDatabase: {
      DatabaseId database;
      database.high = body.Fixed64();
      database.low = body.Fixed64();
      edit.database = database;
      return true;
    }
    case ManifestTag::kEpoch: edit.epoch = OpenEpoch(body.Varint()); return true;
    case ManifestTag::kNextFile: edit.next_file = FileNumber(body.Varint()); return true;
    case ManifestTag::kLastSequence:
      edit.last_sequence = SequenceNumber(body.Varint());
      return true;
    case ManifestTag::kReplayFrom: edit.replay_from = DecodePosition(body); return true;
    case ManifestTag::kDurable: edit.durable = DecodePosition(body); return true;
    case ManifestTag::kAddTable: edit.tables_added.push_back(DecodeTable(body)); return true;
    case ManifestTag::kRemoveTable: edit.tables_removed.emplace_back(body.Varint()); return true;
    case ManifestTag::kAddSegment: edit.segments_added.push_back(DecodeSegment(body)); return true;
    case ManifestTag::kSealSegment: {
      ManifestEdit::Seal seal;
      seal.ordinal = SegmentOrdinal(body.Varint());
      seal.end = body.Varint();
      edit.segments_sealed.push_back(seal);
      return true;
    }
    case ManifestTag::kRemoveSegment:
      edit.segments_removed.emplace_back(body.Varint());
      return true;
    case ManifestTag::kAddTableBelow:
      edit.tables_added.push_back(DecodeTableBelow(body));
      return true;
    case ManifestTag::kTime: {
      TimeMark mark;
      mark.sequence = SequenceNumber(body.Varint());
      mark.time = body.Varint();
      edit.time = mark;
      return true;
    }
    case ManifestTag::kLogMark: {
      LogMark& mark = edit.log_mark.emplace();
      mark.index = body.Varint();
      mark.state = body.LengthPrefixed();
      return true;
    }
    case ManifestTag::kAddTableFrom:
      edit.tables_added.push_back(DecodeTableFrom(body));
      return true;
    case ManifestTag::kAddTableOf: edit.tables_added.push_back(DecodeTableOf(body)); return true;
  }
  return false;
}

}  // namespace

Bytes EncodeManifestEdit(const ManifestEdit& edit) {
  Bytes bytes;
  Encoder(bytes).Fixed8(kManifestEditVersion);
  if (edit.database) {
    Bytes body;
    Encoder encoder(body);
    encoder.Fixed64(edit.database->high);
    encoder.Fixed64(edit.database->low);
    AppendField(bytes, ManifestTag::kDatabase, body);
  }
  if (edit.epoch) AppendVarintField(bytes, ManifestTag::kEpoch, edit.epoch->value);
  if (edit.next_file) AppendVarintField(bytes, ManifestTag::kNextFile, edit.next_file->value);
  if (edit.last_sequence) {
    AppendVarintField(bytes, ManifestTag::kLastSequence, edit.last_sequence->value);
  }
  if (edit.replay_from) AppendPositionField(bytes, ManifestTag::kReplayFrom, *edit.replay_from);
  if (edit.durable) AppendPositionField(bytes, ManifestTag::kDurable, *edit.durable);
  if (edit.time) {
    Bytes body;
    Encoder encoder(body);
    encoder.Varint(edit.time->sequence.value);
    encoder.Varint(edit.time->time);
    AppendField(bytes, ManifestTag::kTime, body);
  }
  if (edit.log_mark) {
    Bytes body;
    Encoder encoder(body);
    encoder.Varint(edit.log_mark->index);
    encoder.LengthPrefixed(edit.log_mark->state);
    AppendField(bytes, ManifestTag::kLogMark, body);
  }
  for (const TableInfo& table : edit.tables_added) AppendTable(bytes, table);
  for (const FileNumber file : edit.tables_removed) {
    AppendVarintField(bytes, ManifestTag::kRemoveTable, file.value);
  }
  for (const wal::Segment& segment : edit.segments_added) AppendSegment(bytes, segment);
  for (const ManifestEdit::Seal& seal : edit.segments_sealed) {
    AppendPositionField(bytes, ManifestTag::kSealSegment, {seal.ordinal, seal.end});
  }
  for (const SegmentOrdinal ordinal : edit.segments_removed) {
    AppendVarintField(bytes, ManifestTag::kRemoveSegment, ordinal.value);
  }
  return bytes;
}

Result<ManifestEdit> DecodeManifestEdit(ByteView bytes) {
  Decoder decoder(bytes);
  const std::uint8_t version = decoder.Fixed8();
  if (!decoder.ok()) return Fail(ErrorCode::kCorruption, "empty manifest edit");
  if (version != kManifestEditVersion) {
    return Fail(ErrorCode::kRefused, "manifest edit of an unknown version");
  }
  ManifestEdit edit;
  while (!decoder.rest().empty()) {
    const std::uint64_t tag = decoder.Varint();
    Decoder body(decoder.LengthPrefixed());
    if (!decoder.ok()) break;
    if (tag >= kFirstSkippableTag) continue;
    if (!DecodeField(tag, body, edit)) {
      return Fail(ErrorCode::kRefused,
                  "manifest edit with a field that this release does not know");
    }
    if (!body.done()) return Fail(ErrorCode::kCorruption, "manifest edit with a malformed field");
  }
  if (!decoder.done()) return Fail(ErrorCode::kCorruption, "manifest edit with a malformed field");
  if (edit.log_mark && edit.log_mark->state.size() > kLogMarkStateMax) {
    return Fail(ErrorCode::kCorruption, "manifest edit with an impossible mark");
  }
  for (const TableInfo& table : edit.tables_added) {
    if (table.level >= kLevelCount) {
      return Fail(ErrorCode::kCorruption, "manifest edit with a table at no level");
    }
    InternalKey key;
    if (!ParseInternalKey(table.smallest, key) || !ParseInternalKey(table.largest, key)) {
      return Fail(ErrorCode::kCorruption, "manifest edit with a malformed table bound");
    }
  }
  return edit;
}

}  // namespace beach::engine
