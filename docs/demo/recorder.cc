// SPDX-License-Identifier: Apache-2.0
#include "docs/demo/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/sst/dump.h"
#include "engine/sst/table.h"

namespace beach::demo {
namespace {

// The background is at rest when nothing was told for so long.
constexpr std::uint64_t kPollNs = 2'000'000;
constexpr int kQuietPolls = 12;
constexpr int kPollsMax = 10'000;
// Small enough to be looked at: seven or eight of them fill a memtable.
constexpr std::size_t kValueSize = 100;

[[noreturn]] void Die(const std::string& what) {
  fmt::print(stderr, "record: {}\n", what);
  std::exit(1);
}

template <class Outcome>
void MustBe(const Outcome& outcome, const char* call) {
  if (!outcome) Die(fmt::format("{}: {}", call, outcome.error().ToString()));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c < ' ' || c > '~') Die("a text that is not plain ASCII");
    quoted += c;
  }
  return quoted + '"';
}

std::uint64_t Number(std::span<const env::EventField> fields, std::string_view name) {
  for (const env::EventField& field : fields) {
    if (field.name == name) return field.number;
  }
  Die(fmt::format("an event without its {}", name));
}

}  // namespace

Recorder::Recorder(std::string directory, engine::Options options, std::FILE* output)
    : directory_(std::move(directory)), options_(std::move(options)), output_(output) {
  Line(fmt::format(R"({{"kind": "options", "memtable_size": {}, "table_size": {}, )"
                   R"("level0_compact_count": {}, "level_size_base": {}, "level_size_ratio": {}, )"
                   R"("value_size": {}}})",
                   options_.memtable_size, options_.table_size, options_.level0_compact_count,
                   options_.level_size_base, options_.level_size_ratio, kValueSize));
}

Recorder::~Recorder() = default;

void Recorder::Line(const std::string& json) {
  const std::lock_guard lock(mutex_);
  fmt::print(output_, "{}\n", json);
}

void Recorder::Chapter(const char* title) {
  Line(fmt::format(R"({{"kind": "chapter", "title": {}}})", Quoted(title)));
}

void Recorder::Began(const std::string& call) {
  ++calls_;
  Line(fmt::format(R"({{"kind": "call", "call": {}}})", call));
}

void Recorder::Ended(const std::string& call, const std::string& more) {
  Line(fmt::format(R"({{"kind": "result", "call": {}{}}})", call, more));
  if (db_ != nullptr) Settle();
}

void Recorder::Open() {
  Began(R"("open")");
  auto db = engine::Db::Open(os_.env(this), directory_, options_);
  MustBe(db, "open");
  db_ = *std::move(db);
  Ended(R"("open")", fmt::format(R"(, "sequence": {})", db_->VisibleSequence().value));
}

void Recorder::Close() {
  Began(R"("close")");
  MustBe(db_->Close(), "close");
  db_.reset();
  Ended(R"("close")");
}

void Recorder::Put(const std::string& key) {
  std::string value = fmt::format("v{}", calls_ + 1);
  const std::string what =
      fmt::format(R"("put", "key": {}, "value": {})", Quoted(key), Quoted(value));
  Began(what);
  value.resize(kValueSize, '.');
  MustBe(db_->Put({.sync = false, .tag = calls_}, key, value), "put");
  Written(key, false, value);
  Ended(what, fmt::format(R"(, "sequence": {})", sequence_));
}

void Recorder::Delete(const std::string& key) {
  const std::string what = fmt::format(R"("delete", "key": {})", Quoted(key));
  Began(what);
  MustBe(db_->Delete({.sync = false, .tag = calls_}, key), "delete");
  Written(key, true, "");
  Ended(what, fmt::format(R"(, "sequence": {})", sequence_));
}

void Recorder::Written(const std::string& key, bool deleted, std::string value) {
  versions_[key].push_back({.sequence = sequence_, .deleted = deleted, .value = std::move(value)});
}

void Recorder::Get(const std::string& key, bool at_snapshot) {
  const std::string what =
      fmt::format(R"("get", "key": {}, "at_snapshot": {})", Quoted(key), at_snapshot);
  Began(what);
  const engine::Snapshot* const snapshot = at_snapshot ? snapshot_.get() : nullptr;
  const auto found = db_->Get({.snapshot = snapshot, .range = {}}, key);
  MustBe(found, "get");
  const std::uint64_t sequence =
      at_snapshot ? snapshot_->sequence().value : db_->VisibleSequence().value;
  const Version* version = nullptr;
  for (const Version& each : versions_[key]) {
    if (each.sequence <= sequence) version = &each;
  }
  const bool live = version != nullptr && !version->deleted;
  if (found->has_value() != live || (live && **found != version->value)) {
    Die("a get that is not what was put: " + key);
  }
  const std::string value =
      live ? Quoted(version->value.substr(0, version->value.find('.'))) : "null";
  Ended(what,
        fmt::format(R"(, "value": {}, "answer": {})", value, AnswerOf(key, sequence, version)));
}

// Of each key the newest version that is visible is in one place, and what reads stop at.
std::string Recorder::AnswerOf(const std::string& key, std::uint64_t sequence,
                               const Version* version) {
  const std::string at = fmt::format(R"("at": {})", sequence);
  const std::lock_guard lock(mutex_);
  if (version == nullptr) return fmt::format(R"({{"from": "nowhere", {}}})", at);
  const std::string of =
      fmt::format(R"({}, "sequence": {}, "deleted": {})", at, version->sequence, version->deleted);
  if (version->sequence > frozen_last_) return fmt::format(R"({{"from": "memtable", {}}})", of);
  for (const auto& [file, table] : tables_) {
    if (std::ranges::find(table.entries, std::pair(key, version->sequence)) == table.entries.end())
      continue;
    return fmt::format(R"({{"from": "table", "file": {}, "level": {}, {}}})", file, table.level,
                       of);
  }
  if (!version->deleted) Die("no table has what was found: " + key);
  return fmt::format(R"({{"from": "nowhere", {}}})",
                     at);  // the tombstone is gone, with all that it hid
}

void Recorder::TakeSnapshot() {
  Began(R"("snapshot")");
  auto snapshot = db_->GetSnapshot();
  MustBe(snapshot, "snapshot");
  snapshot_ = *std::move(snapshot);
  Ended(R"("snapshot")", fmt::format(R"(, "sequence": {})", snapshot_->sequence().value));
}

void Recorder::ReleaseSnapshot() {
  Began(R"("release")");
  snapshot_.reset();
  Ended(R"("release")");
}

void Recorder::Flush() {
  Began(R"("flush")");
  MustBe(db_->Flush(), "flush");
  Ended(R"("flush")");
}

void Recorder::Compact() {
  Began(R"("compact")");
  MustBe(db_->CompactRange({}, {}), "compact");
  Ended(R"("compact")");
}

// It reads a new table right here, before a compaction can take it away. A sink of a program that
// serves would only copy.
void Recorder::Record(Site event, std::span<const env::EventField> fields) {
  const std::string_view name = event.name;
  std::string said;
  for (const env::EventField& field : fields) {
    said += fmt::format("{}{}: {}", said.empty() ? "" : ", ", Quoted(field.name),
                        field.text.empty() ? std::to_string(field.number) : Quoted(field.text));
  }
  const std::lock_guard lock(mutex_);
  fmt::print(output_,
             R"({{"kind": "event", "name": {}, "fields": {{{}}}}})"
             "\n",
             Quoted(name), said);
  ++events_;
  if (name == "write.sequenced") sequence_ = Number(fields, "first") + Number(fields, "count") - 1;
  if (name == "memtable.frozen") {
    ++unflushed_;
    frozen_last_ = sequence_;
  }
  if (name == "table.removed") tables_.erase(Number(fields, "file"));
  if (name != "table.added") return;
  const std::uint64_t level = Number(fields, "level");
  TableAdded(Number(fields, "file"),
             {.level = level, .size_bytes = Number(fields, "size_bytes"), .entries = {}});
  if (unflushed_ > 0 && level == 0) --unflushed_;
}

// The lines of a dump that are entries: `  "key" 17 put = "value"`.
void Recorder::TableAdded(std::uint64_t file, Table table) {
  const std::string path =
      env::JoinPath(directory_, engine::TableFileName(engine::FileNumber(file)));
  std::string entries;
  const auto dumped = engine::sst::DumpTable(*os_.files, path, true, [&](std::string_view line) {
    if (!line.starts_with("  \"")) return;
    line.remove_prefix(3);
    const std::string key(line.substr(0, line.find('"')));
    line.remove_prefix(key.size() + 2);
    const std::uint64_t sequence = std::stoull(std::string(line));
    const bool deleted = line.find(" delete = ") != std::string_view::npos;
    entries +=
        fmt::format("{}[{}, {}, {}]", entries.empty() ? "" : ", ", Quoted(key), sequence, deleted);
    table.entries.emplace_back(key, sequence);
  });
  MustBe(dumped, "reading a table");
  fmt::print(output_,
             R"({{"kind": "entries", "file": {}, "entries": [{}]}})"
             "\n",
             file, entries);
  tables_.insert_or_assign(file, std::move(table));
}

void Recorder::Settle() {
  std::uint64_t seen = 0;
  int polls = 0;
  for (int quiet = 0; quiet < kQuietPolls; ++quiet) {
    if (++polls > kPollsMax) Die("the background does not come to rest");
    os_.clock->SleepUntil(os_.clock->MonotonicNow() + kPollNs);
    const engine::DbStats stats = db_->Stats();
    const bool work = stats.compactions_running > 0 || stats.debt_bytes > 0;
    const std::lock_guard lock(mutex_);
    if (work || unflushed_ > 0 || events_ != seen) quiet = 0;
    seen = events_;
  }
  WriteStats();
}

void Recorder::WriteStats() {
  const engine::DbStats stats = db_->Stats();
  std::vector<engine::DbStats::Level> counted(stats.levels.size());
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [file, table] : tables_) {
      ++counted.at(table.level).tables;
      counted.at(table.level).bytes += table.size_bytes;
    }
  }
  std::string levels;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    const auto& [tables, bytes] = stats.levels[i];
    if (tables != counted[i].tables || bytes != counted[i].bytes)
      Die("events and Stats disagree on a level");
    levels += fmt::format("{}[{}, {}]", i == 0 ? "" : ", ", tables, bytes);
  }
  const std::string line = fmt::format(
      R"({{"kind": "stats", "levels": [{}], "user_bytes": {}, "log_bytes": {}, "flush_bytes": {}, )"
      R"("compaction_bytes": {}, "flushes": {}, "compactions": {}, "moves": {}, "snapshots": {}, )"
      R"("write_amplification": {}, "read_amplification": {}, "space_amplification": {}}})",
      levels, stats.user_bytes, stats.log_bytes, stats.flush_bytes, stats.compaction_bytes,
      stats.flushes, stats.compactions, stats.moves, stats.snapshots, stats.write_amplification(),
      stats.read_amplification(), stats.space_amplification());
  if (line == stats_) return;
  stats_ = line;
  Line(line);
}

}  // namespace beach::demo
