// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/entry_reader.h"

#include <map>
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

// What the flight leaves behind: it may take back what it began with, and fill in any order.
std::map<LogIndex, Record> Remaining(ByteView payload) {
  std::map<LogIndex, Record> entries;
  RecordReader reader(payload);
  Record record;
  while (reader.Next(record)) {
    switch (record.kind) {
      case RecordKind::kCut: entries.erase(entries.lower_bound(record.index), entries.end()); break;
      case RecordKind::kBase:
        if (!record.keeps_suffix) entries.clear();
        break;
      case RecordKind::kEntry: entries.insert_or_assign(record.index, record); break;
      case RecordKind::kFill: {
        const auto [entry, is_new] = entries.try_emplace(record.index, record);
        const bool lost = entry->second.entry_kind == EntryKind::kLost;
        if (!is_new && lost && entry->second.term == record.term) entry->second = record;
        break;
      }
      case RecordKind::kHardState:
      case RecordKind::kHead: break;
    }
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
  const std::map<LogIndex, Record> entries_here = Remaining(payload);
  for (auto at = entries_here.lower_bound(next); at != entries_here.end(); ++at) {
    const Record& record = at->second;
    if (record.index != next || next > place.last) break;
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
