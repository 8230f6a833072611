// SPDX-License-Identifier: Apache-2.0
#include "engine/dump.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "engine/directory.h"
#include "engine/expiry.h"
#include "engine/group_payload.h"
#include "engine/internal_key.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/manifest.h"
#include "engine/manifest/manifest_file.h"
#include "engine/wal/dump.h"
#include "env/small_file.h"

namespace beach::engine {
namespace {

using Print = std::function<void(std::string_view)>;

std::string Text(LogPosition position) {
  return fmt::format("{}:{}", position.segment.value, position.offset);
}

std::string Text(const TimeMark& mark) {
  return fmt::format("time {} from sequence {}", mark.time, mark.sequence.value);
}

std::string Text(const LogMark& mark) {
  return fmt::format("applied up to {}, state of {} bytes", mark.index, mark.state.size());
}

std::string Text(const wal::Segment& segment) {
  const std::string end =
      segment.end == wal::Segment::kOpenEnd ? "open" : fmt::format("{}", segment.end);
  return fmt::format("segment {} file {} size {} end {}", segment.ordinal.value, segment.file.value,
                     segment.size_bytes, end);
}

std::string Text(const TableInfo& table) {
  std::string of =
      table.origin ? fmt::format(" of {:016x}{:016x}", table.origin->high, table.origin->low) : "";
  if (table.origin_file) of += fmt::format(" there {}", table.origin_file->value);
  return fmt::format("table {}{} level {} size {} entries {} keys \"{}\"..\"{}\" sequences {}..{}",
                     table.file.value, of, table.level, table.size_bytes, table.entries,
                     Printable(UserKeyOf(table.smallest)), Printable(UserKeyOf(table.largest)),
                     table.sequence_min.value, table.sequence_max.value);
}

void DumpEdit(const ManifestEdit& edit, const Print& print) {
  if (edit.database) {
    print(fmt::format("  database {:016x}{:016x}", edit.database->high, edit.database->low));
  }
  if (edit.epoch) print(fmt::format("  epoch {}", edit.epoch->value));
  if (edit.next_file) print(fmt::format("  next file {}", edit.next_file->value));
  if (edit.last_sequence) print(fmt::format("  last sequence {}", edit.last_sequence->value));
  if (edit.replay_from) print("  replay from " + Text(*edit.replay_from));
  if (edit.durable) print("  durable " + Text(*edit.durable));
  if (edit.time) print("  " + Text(*edit.time));
  if (edit.log_mark) print("  " + Text(*edit.log_mark));
  for (const auto& seal : edit.segments_sealed) {
    print(fmt::format("  seal segment {} end {}", seal.ordinal.value, seal.end));
  }
  for (const SegmentOrdinal ordinal : edit.segments_removed) {
    print(fmt::format("  remove segment {}", ordinal.value));
  }
  for (const wal::Segment& segment : edit.segments_added) print("  add " + Text(segment));
  for (const FileNumber file : edit.tables_removed) {
    print(fmt::format("  remove table {}", file.value));
  }
  for (const TableInfo& table : edit.tables_added) print("  add " + Text(table));
}

void DumpState(const ManifestState& state, const Print& print) {
  print("state");
  print(fmt::format("  database {:016x}{:016x}", state.database.high, state.database.low));
  print(fmt::format("  epoch {}, next file {}, last sequence {}", state.epoch.value,
                    state.next_file.value, state.last_sequence.value));
  print("  replay from " + Text(state.replay_from) + ", durable " + Text(state.durable));
  if (state.time != TimeMark()) print("  " + Text(state.time));
  if (state.log_mark) print("  " + Text(*state.log_mark));
  for (const wal::Segment& segment : state.segments) print("  " + Text(segment));
  for (const TableInfo& table : state.tables) print("  " + Text(table));
}

void DumpGroup(const wal::Flight& flight, const wal::DumpSink& sink) {
  const auto visit = [&sink](SequenceNumber sequence, const BatchOperation& operation) {
    if (operation.kind == ValueKind::kDeleteRange) {
      sink(fmt::format("    {} delete from \"{}\" to \"{}\"", sequence.value,
                       Printable(operation.key), Printable(operation.end)));
    } else if (operation.kind == ValueKind::kTime) {
      sink(fmt::format("    {} time {}", sequence.value, operation.time));
    } else if (operation.kind == ValueKind::kPutUntil) {
      ExpiringValue expiring;
      const bool parsed = ParseExpiring(operation.value, expiring);
      BEACH_CHECK(parsed);  // as the reader of batches has it
      sink(fmt::format("    {} put \"{}\" = \"{}\" until {}", sequence.value,
                       Printable(operation.key), Printable(expiring.value), expiring.expires_at));
    } else if (operation.kind == ValueKind::kMerge) {
      sink(fmt::format("    {} merge \"{}\" {}", sequence.value, Printable(operation.key),
                       DescribeOperand(operation.value)));
    } else if (operation.kind == ValueKind::kDelete) {
      sink(fmt::format("    {} delete \"{}\"", sequence.value, Printable(operation.key)));
    } else {
      sink(fmt::format("    {} put \"{}\" = \"{}\"", sequence.value, Printable(operation.key),
                       Printable(operation.value)));
    }
  };
  const Status visited = VisitGroup(flight.payload, flight.first_sequence, flight.count, visit);
  if (!visited) sink("    not a write group: " + visited.error().message());
}

}  // namespace

Status DumpManifest(env::FileSystem& files, const std::string& directory, const Print& print) {
  BEACH_TRY_ASSIGN(const DirectoryContents names, InspectDirectory(files, directory));
  BEACH_TRY(CheckUsable(directory, names, /*create_if_missing=*/false));
  BEACH_TRY_ASSIGN(const FileNumber file, ReadCurrent(files, directory));
  const std::string path = env::JoinPath(directory, ManifestFileName(file));
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(files, path, kManifestFileSizeMax));
  ManifestContents contents;
  Status sound = ParseManifest(bytes, file, path, contents);
  print(fmt::format("{}: {} bytes, snapshot ends at {}", ManifestFileName(file), bytes.size(),
                    contents.snapshot_end));
  // As the reader adds them up: it looks at the sum, and takes what an edit alone would not pass.
  ManifestBuilder builder;
  for (const ManifestRecord& record : contents.records) {
    print(
        fmt::format("record at {}: {} bytes, checksum good", record.offset, record.payload.size()));
    auto edit = DecodeManifestEdit(record.payload);
    if (!edit) return Fail(std::move(edit).error().At(path, record.offset));
    DumpEdit(*edit, print);
    if (Status applied = builder.Apply(*edit); !applied) {
      return Fail(std::move(applied).error().At(path, record.offset));
    }
  }
  if (!sound) return sound;
  if (contents.torn_tail_bytes > 0) {
    print(fmt::format("torn tail at {}: {} bytes, never acknowledged", contents.end,
                      contents.torn_tail_bytes));
  }
  auto state = std::move(builder).Finish();
  if (!state) return Fail(std::move(state).error().At(path, contents.end));
  DumpState(*state, print);
  return {};
}

Status DumpLogSegment(env::FileSystem& files, const std::string& path, const Print& print) {
  const auto sink = [&print](const std::string& line) { print(line); };
  BEACH_TRY_ASSIGN(const wal::SegmentDump dump, wal::DumpSegment(files, path, sink, DumpGroup));
  if (dump.state != wal::SegmentState::kDamaged) return {};
  return Fail(Error(ErrorCode::kCorruption, "the segment is damaged").At(path, dump.end));
}

}  // namespace beach::engine
