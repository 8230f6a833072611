// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/dump.h"

#include "raft/disk/log_map.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"

namespace beach::raft {
namespace {

using Print = std::function<void(std::string_view)>;

std::string Number(std::uint64_t number) { return std::to_string(number); }

std::string Place(engine::LogPosition position) {
  return Number(position.segment.value) + ":" + Number(position.offset);
}

const char* KindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kNormal: return "normal";
    case EntryKind::kNoOp: return "no-op";
    case EntryKind::kConfiguration: return "configuration";
    case EntryKind::kLost: return "lost";
  }
  return "?";
}

std::string Told(const LogHead& head) {
  std::string text = "term " + Number(head.hard_state.term.value) + ", vote " +
                     Number(head.hard_state.vote.value) + ", base " + Number(head.base.value) +
                     ", last " + Number(head.last.value) + "; term " + Number(head.before.value) +
                     " at " + Number(head.before_index().value);
  for (const LogHead::Run& run : head.runs) {
    text += ", " + Number(run.term.value) + " from " + Number(run.first.value);
  }
  return text;
}

std::string Told(const Record& record) {
  const std::string index = Number(record.index.value);
  switch (record.kind) {
    case RecordKind::kHardState:
      return "hard state: term " + Number(record.hard_state.term.value) + ", vote " +
             Number(record.hard_state.vote.value);
    case RecordKind::kCut: return "cut from " + index;
    case RecordKind::kHead: return "head: " + Told(record.head);
    case RecordKind::kEntry:
    case RecordKind::kFill:
      return (record.kind == RecordKind::kFill ? "fill " : "entry ") + index + ", term " +
             Number(record.term.value) + ", " + KindName(record.entry_kind) + ", " +
             Number(record.payload.size()) + " bytes";
    case RecordKind::kBase:
      return "base " + index + ", term " + Number(record.term.value) +
             (record.keeps_suffix ? ", entries above it stay" : ", no entries");
  }
  return "?";
}

void TellRegister(const Register& content, const Print& print) {
  print("register: cluster " + Number(content.cluster.value) + ", node " +
        Number(content.node.value) + ", " + Number(content.starts) + " starts, base " +
        Number(content.base.value) + ", term " + Number(content.base_term.value) +
        ", durable below " + Place(content.durable));
  print("head there: " + Told(content.head));
  for (const engine::wal::Segment& segment : content.segments) {
    const bool open = segment.end == engine::wal::Segment::kOpenEnd;
    print("segment " + Number(segment.ordinal.value) + ": " +
          engine::wal::SegmentFileName(segment.file) + ", " + Number(segment.size_bytes) +
          " bytes, " + (open ? "open" : "ends at " + Number(segment.end)));
  }
}

void TellEnd(const LogMap& map, const engine::wal::Recovery& log, const Print& print) {
  print("ends at " + Place(log.end) + ", vouched for below " + Place(log.durable) +
        (log.torn ? ", torn" : ""));
  std::string text = "term " + Number(map.hard_state().term.value) + ", vote " +
                     Number(map.hard_state().vote.value) + ", base " + Number(map.base().value) +
                     ", last " + Number(map.last().value);
  for (const StoredRun& run : map.Runs()) {
    text += ", " + Number(run.count) + " of term " + Number(run.term.value);
  }
  if (map.lost() > 0) text += ", " + Number(map.lost()) + " lost";
  print(text);
}

// Where there are segments, a register that is not there has been lost.
Result<FoundRegister> ReadListed(env::FileSystem& files, const std::string& directory) {
  auto content = ReadRegister(files, directory);
  if (content || content.error().code() != ErrorCode::kNotFound) return content;
  BEACH_TRY_ASSIGN(const auto names, files.List(directory));
  for (const std::string& name : names) {
    if (name.ends_with(".wal")) return content;
  }
  return Fail(Error(ErrorCode::kNotFound, "no Raft log here").At(directory));
}

}  // namespace

Status DumpRaftLog(env::FileSystem& files, const std::string& directory, const Print& print) {
  BEACH_TRY_ASSIGN(const FoundRegister found, ReadListed(files, directory));
  const Register& content = found.content;
  if (found.damage) print("one copy of the register is damaged: " + found.damage->ToString());
  TellRegister(content, print);
  LogMap map(content.base, content.base_term, content.head.hard_state);
  const auto tell = [&](const engine::wal::Flight& flight) -> Status {
    RecordReader reader(flight.payload);
    Record record;
    while (reader.Next(record)) print(Place(flight.begin) + ": " + Told(record));
    Status taken = map.Apply(flight.payload, flight.begin);
    if (taken) return taken;
    return Fail(std::move(taken).error().At(directory + ", " + Place(flight.begin)));
  };
  const engine::wal::RecoveryInput input{.directory = directory,
                                         .segments = content.segments,
                                         .replay_from = {},
                                         .durable = content.durable,
                                         .salt = content.salt};
  BEACH_TRY_ASSIGN(const auto log, engine::wal::RecoverLog(files, input, tell));
  TellEnd(map, log, print);
  Status whole = map.CheckWhole();
  if (whole) return whole;
  return Fail(std::move(whole).error().At(directory));
}

}  // namespace beach::raft
