// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/entry_reader.h"

#include <optional>
#include <utility>

#include "engine/wal/segment_reader.h"
#include "raft/disk/record.h"

namespace beach::raft {
namespace {

using engine::wal::SegmentReader;

std::unexpected<Error> Missing(const EntryPlace& place) {
  return Fail(Error(ErrorCode::kCorruption,
                    "the Raft log has lost entry " + std::to_string(place.first.value))
                  .At(place.path, place.at.offset));
}

// What the flight leaves behind: it may take back what it began with.
std::vector<Record> Remaining(ByteView payload) {
  std::vector<Record> entries;
  RecordReader reader(payload);
  Record record;
  while (reader.Next(record)) {
    if (record.kind == RecordKind::kCut) {
      while (!entries.empty() && entries.back().index >= record.index) entries.pop_back();
    }
    if (record.kind == RecordKind::kBase && !record.keeps_suffix) entries.clear();
    if (record.kind == RecordKind::kEntry) entries.push_back(record);
  }
  return entries;
}

// False: `bytes` would exceed the limit.
Result<bool> TakeFrom(SegmentReader& reader, const EntryPlace& place, std::uint64_t bytes_max,
                      std::uint64_t& bytes, std::vector<Entry>& entries) {
  engine::wal::ItemHeader header;
  BEACH_TRY_ASSIGN(const bool there, reader.ItemAt(place.at.offset, place.readable, header));
  if (!there) return Missing(place);
  BEACH_TRY_ASSIGN(const ByteView payload, reader.Payload(header));
  LogIndex next = place.first;
  for (const Record& record : Remaining(payload)) {
    if (record.index != next) continue;
    if (next > place.last) break;
    bytes += kEntryOverhead + record.payload.size();
    if (bytes > bytes_max && !entries.empty()) return false;
    entries.push_back({.term = record.term,
                       .index = record.index,
                       .kind = record.entry_kind,
                       .payload = Payload::Copy(record.payload)});
    next = next.Next();
  }
  if (next <= place.last) return Missing(place);
  return true;
}

}  // namespace

Result<std::vector<Entry>> ReadEntries(env::FileSystem& files,
                                       const std::vector<EntryPlace>& places,
                                       std::uint64_t bytes_max) {
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  std::optional<SegmentReader> reader;
  for (const EntryPlace& place : places) {
    if (!reader || reader->path() != place.path) {
      BEACH_TRY_ASSIGN(reader, SegmentReader::Open(files, place.path));
      reader->ReadNoFurther(place.readable);
      // Another segment has the file by now.
      if (reader->block().ordinal != place.at.segment) return Missing(place);
    }
    BEACH_TRY_ASSIGN(const bool more, TakeFrom(*reader, place, bytes_max, bytes, entries));
    if (!more) break;
  }
  return entries;
}

}  // namespace beach::raft
