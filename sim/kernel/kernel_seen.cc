// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/kernel/kernel.h"
#include "sim/system_scope.h"

// What a spectator is shown of a run (sim/spectator.h). Nothing here may count an event, draw, take
// time or switch: the run is the same with and without.

namespace beach::sim {
namespace {

const char* NameOf(const std::optional<ProcessEnd>& end) {
  if (!end) return "started";
  switch (*end) {
    case ProcessEnd::kExited: return "exited";
    case ProcessEnd::kKilled: return "killed";
    case ProcessEnd::kPowerLost: return "lost its power";
    case ProcessEnd::kOutOfMemory: return "ran out of memory";
  }
  return "?";
}

// Of one kind; a file with more of them is shown by its first ones.
constexpr std::size_t kRangesMax = 64;

void AddRanges(SightRange::Kind kind, const std::vector<ByteRange>& ranges, Sight& sight) {
  for (std::size_t i = 0; i < std::min(ranges.size(), kRangesMax); ++i) {
    sight.ranges.push_back({kind, ranges[i].first, ranges[i].end});
  }
}

void Describe(const FileState& file, Sight& sight) {
  const bool gone = file.path.empty() && file.durable_path.empty();
  sight.name = gone ? "gone" : file.is_directory ? "directory" : "file";
  sight.file = file.id.value;
  sight.path = file.path;
  sight.text = file.durable_path;
  sight.offset = file.size_bytes;
  sight.length = file.durable_size_bytes;
  sight.number = static_cast<std::int64_t>(file.pending);
  AddRanges(SightRange::Kind::kDirty, file.dirty, sight);
  AddRanges(SightRange::Kind::kInFlight, file.in_flight, sight);
}

}  // namespace

Sight Kernel::Look(SightKind kind) {
  Sight sight;
  sight.kind = kind;
  sight.event = recorder_.events();
  sight.virtual_ns = scheduler_.now();
  const Identity& who = scheduler_.identity();
  sight.host = who.host;
  sight.life = who.life;
  sight.thread = who.thread;
  return sight;
}

void Kernel::CountOperation() {
  ++operations_;
  if (options_.spectator == nullptr) return;
  const SystemScope system;
  options_.spectator->See(Look(SightKind::kOperation));
}

void Kernel::Show(const char* name, std::span<const env::EventField> fields,
                  std::uint64_t ahead_ns) {
  if (!Watched()) return;
  const SystemScope system;
  if (options_.keep_shown) {
    recorder_.NoteShown(scheduler_.now() + ahead_ns, scheduler_.identity(), name, fields);
  }
  if (options_.spectator == nullptr) return;
  Sight sight = Look(SightKind::kShown);
  sight.virtual_ns += ahead_ns;
  sight.name = name;
  for (const env::EventField& field : fields) {
    sight.fields.push_back({field.name, field.number, std::string(field.text)});
  }
  options_.spectator->See(sight);
}

void Kernel::ShowWay(const char* what, HostId from, HostId to) {
  const env::EventField fields[] = {{.name = "from", .text = HostOf(from).name},
                                    {.name = "to", .text = HostOf(to).name}};
  Show(what, fields, 0);
}

void Kernel::ShowCall(const SeenCall& call) {
  const SystemScope system;
  Sight sight = Look(SightKind::kCall);
  sight.name = call.name;
  sight.path = call.path;
  sight.text = call.other_path;
  sight.offset = call.offset;
  sight.length = call.length;
  options_.spectator->See(sight);
}

void Kernel::ShowReturn(Process& process, std::int64_t result, SeenChanges changes) {
  const SystemScope system;
  Sight sight = Look(SightKind::kReturn);
  sight.number = result;
  options_.spectator->See(sight);
  if (changes == SeenChanges::kYes) ShowFiles(process.host);
}

void Kernel::ShowProcess(const Process& process) {
  const SystemScope system;
  Sight sight = Look(SightKind::kProcess);
  sight.host = process.host.name;
  sight.life = process.life;
  sight.thread.clear();
  sight.name = NameOf(process.end);
  sight.text = process.name;
  sight.number = process.id.value;
  options_.spectator->See(sight);
}

void Kernel::ShowStrike(Site where) {
  const SystemScope system;
  Sight sight = Look(SightKind::kStrike);
  sight.name = where.name;
  options_.spectator->See(sight);
}

void Kernel::ShowFiles(Host& host) {
  const SystemScope system;
  std::set<FileId> present;
  const auto show = [&](const FileState& file) {
    Sight sight = Look(SightKind::kFile);
    sight.host = host.name;
    Describe(file, sight);
    options_.spectator->See(sight);
  };
  for (FileState& file : host.disk->Files()) {
    present.insert(file.id);
    FileState& shown = host.files_shown[file.id];
    if (shown == file) continue;
    shown = std::move(file);
    show(shown);
  }
  for (auto shown = host.files_shown.begin(); shown != host.files_shown.end();) {
    const bool gone = !present.contains(shown->first);
    if (gone && !(shown->second.path.empty() && shown->second.durable_path.empty())) {
      FileState last;
      last.id = shown->first;
      show(last);
    }
    shown = gone ? host.files_shown.erase(shown) : std::next(shown);
  }
}

void Kernel::ShowCut(const Host& host, const CutSummary& cut) {
  const SystemScope system;
  for (const CutPart& part : cut.parts) {
    Sight sight = Look(SightKind::kCut);
    sight.host = host.name;
    sight.file = part.file.value;
    sight.path = part.path;
    sight.name = part.what;
    sight.offset = part.range.first;
    sight.length = part.range.end - part.range.first;
    sight.number = part.kept ? 1 : 0;
    AddRanges(SightRange::Kind::kKept, part.kept_ranges, sight);
    AddRanges(SightRange::Kind::kTorn, part.torn, sight);
    options_.spectator->See(sight);
  }
}

}  // namespace beach::sim
