// SPDX-License-Identifier: Apache-2.0
#include "crash/worker/session.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "crash/worker/options.h"
#include "engine/verify.h"
#include "env/os/failpoints.h"

namespace beach::crash {
namespace {

// A database is at rest when no job is under way and nothing has been said of for so long; what
// never comes to rest is not waited for.
constexpr std::uint64_t kQuietNs = 2'000'000;
constexpr std::uint64_t kSettleMaxNs = 200'000'000;

Result<Json> ScanAll(engine::Db& db) {
  const std::uint64_t visible = db.VisibleSequence().value;
  BEACH_TRY_ASSIGN(const auto iterator, db.NewIterator({}));
  Entries entries;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    entries.emplace_back(Bytes(iterator->key()), Bytes(iterator->value()));
  }
  BEACH_TRY(iterator->status());
  return Json{{"visible", visible}, {"entries", ToJson(entries)}};
}

Result<NamedOptions> OptionsAt(const Json& command) {
  NamedOptions named;
  const auto found = command.find("options");
  if (found == command.end()) return named;
  if (!found->is_object()) return Fail(ErrorCode::kInvalidArgument, "\"options\" is no object");
  for (const auto& [name, value] : found->items()) {
    BEACH_TRY_ASSIGN(named[name], NumberAt(*found, name.c_str()));
  }
  return named;
}

bool IsError(const env::EventField& field) { return std::string_view(field.name) == "error"; }

Json CountsOfPoints() {
  Json counts = Json::object();
  for (const env::FailpointCount& count : env::FailpointCounts()) {
    counts[count.name] = count.passages;
  }
  return {{"points", std::move(counts)}};
}

}  // namespace

Session::Session(const env::Env& env, Say say) : env_(env), say_(std::move(say)) {
  env_.events = this;
}

Session::~Session() = default;

void Session::Record(Site event, std::span<const env::EventField> fields) {
  const std::string_view name(event.name);
  if (name == "flush.began" || name == "compaction.began") ++jobs_;
  if (name == "flush.finished" || name == "compaction.finished" || name == "compaction.failed") {
    --jobs_;
  }
  last_event_ns_ = env_.clock->MonotonicNow();
  const bool failed = name == "db.poisoned" || name == "open.log_lost" ||
                      name == "compaction.failed" ||
                      (name == "flush.finished" && std::ranges::any_of(fields, IsError));
  if (name != "write.sequenced" && !failed) return;
  Json line = {{"event", event.name}};
  for (const env::EventField& field : fields) {
    if (field.text.empty()) {
      line[field.name] = field.number;
    } else {
      line[field.name] = ToJson(field.text);
    }
  }
  say_(line.dump());
}

bool Session::ExcludesOthers(const Json& command) {
  const auto what = command.find("do");
  return what != command.end() && (*what == "open" || *what == "close");
}

void Session::Run(const Json& command) {
  Json answer = Json::object();
  const auto id = NumberAt(command, "id", 0);
  if (id) answer["id"] = *id;
  const auto what = BytesAt(command, "do");
  const Result<Json> done =
      !id ? Fail(id.error()) : (what ? Carry(*what, command) : Fail(what.error()));
  answer["ok"] = done.has_value();
  if (done) {
    answer.update(*done);
  } else {
    answer["error"] = ToJson(done.error());
  }
  say_(answer.dump());
}

Result<engine::Db*> Session::Opened() {
  if (db_ == nullptr) return Fail(ErrorCode::kClosed, "no database is open");
  return db_.get();
}

Result<Json> Session::Carry(const std::string& what, const Json& command) {
  if (what == "open") return Open(command);
  if (what == "restore") return Restore(command);
  if (what == "inspect") return Inspect(command);
  if (what == "verify") return Verify(command);
  if (what == "counts") return CountsOfPoints();
  BEACH_TRY_ASSIGN(engine::Db* const db, Opened());
  if (what == "write") return Write(command);
  if (what == "settle") return Settle();
  if (what == "get") return Get(command);
  if (what == "scan") return ScanAll(*db);
  if (what == "compact") return Compact(command);
  if (what == "flush") {
    BEACH_TRY(db->Flush());
    return Json::object();
  }
  if (what == "checkpoint") {
    BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
    BEACH_TRY_ASSIGN(const engine::SequenceNumber sequence, db->Checkpoint(directory));
    return Json{{"sequence", sequence.value}};
  }
  if (what == "backup") {
    BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
    BEACH_TRY_ASSIGN(const std::uint64_t keep, NumberAt(command, "keep", 0));
    BEACH_TRY_ASSIGN(const engine::BackupReport report, db->Backup(directory, {.keep = keep}));
    return Json{{"sequence", report.backup.last_sequence.value}};
  }
  if (what == "close") {
    BEACH_TRY(Close());
    return Json::object();
  }
  return Fail(ErrorCode::kInvalidArgument, "there is no command \"" + what + "\"");
}

Result<Json> Session::Open(const Json& command) {
  if (db_ != nullptr) return Fail(ErrorCode::kAlreadyExists, "a database is open already");
  BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
  BEACH_TRY_ASSIGN(const NamedOptions named, OptionsAt(command));
  BEACH_TRY_ASSIGN(const engine::Options options, MakeOptions(named));
  BEACH_TRY_ASSIGN(db_, engine::Db::Open(env_, directory, options));
  return Json{{"visible", db_->VisibleSequence().value}};
}

Result<Json> Session::Write(const Json& command) {
  BEACH_TRY_ASSIGN(const std::vector<Change> changes, BatchAt(command, "batch"));
  BEACH_TRY_ASSIGN(const bool sync, FlagAt(command, "sync", true));
  BEACH_TRY_ASSIGN(const std::uint64_t tag, NumberAt(command, "tag", 0));
  engine::WriteBatch batch;
  for (const Change& change : changes) {
    switch (change.kind) {
      case Change::Kind::kPut: batch.Put(change.key, change.argument); break;
      case Change::Kind::kDelete: batch.Delete(change.key); break;
      case Change::Kind::kErase: batch.DeleteRange(change.key, change.argument); break;
    }
  }
  BEACH_TRY(db_->Write({.sync = sync, .tag = tag, .table = {}}, batch));
  return Json::object();
}

Result<Json> Session::Get(const Json& command) {
  BEACH_TRY_ASSIGN(const Bytes key, BytesAt(command, "key"));
  BEACH_TRY_ASSIGN(const std::optional<Bytes> value, db_->Get({}, key));
  return Json{{"value", value ? ToJson(*value) : Json(nullptr)}};
}

Result<Json> Session::Compact(const Json& command) {
  std::optional<Bytes> from;
  std::optional<Bytes> to;
  if (command.contains("from")) {
    BEACH_TRY_ASSIGN(from, BytesAt(command, "from"));
  }
  if (command.contains("to")) {
    BEACH_TRY_ASSIGN(to, BytesAt(command, "to"));
  }
  BEACH_TRY(db_->CompactRange(from, to));
  return Json::object();
}

Result<Json> Session::Settle() {
  const std::uint64_t begin = env_.clock->MonotonicNow();
  for (std::uint64_t now = begin; now - begin < kSettleMaxNs; now = env_.clock->MonotonicNow()) {
    if (jobs_ <= 0 && now - last_event_ns_ > kQuietNs) break;
    env_.clock->SleepUntil(now + kQuietNs / 4);
  }
  return Json::object();
}

Result<Json> Session::Restore(const Json& command) {
  BEACH_TRY_ASSIGN(const Bytes from, BytesAt(command, "from"));
  BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
  BEACH_TRY_ASSIGN(const engine::BackupInfo info, engine::RestoreBackup(env_, from, directory));
  return Json{{"sequence", info.last_sequence.value}};
}

Result<Json> Session::Inspect(const Json& command) {
  BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
  env::Env quiet = env_;
  quiet.events = nullptr;
  BEACH_TRY_ASSIGN(const auto db, engine::Db::OpenReadOnly(quiet, directory, {}));
  BEACH_TRY_ASSIGN(Json state, ScanAll(*db));
  BEACH_TRY(db->Close());
  return state;
}

Result<Json> Session::Verify(const Json& command) {
  BEACH_TRY_ASSIGN(const Bytes directory, BytesAt(command, "directory"));
  BEACH_TRY_ASSIGN(const engine::VerifyReport report,
                   engine::VerifyDatabase(*env_.files, directory));
  Json damage = Json::array();
  for (const Error& error : report.damage) damage.push_back(ToJson(error.ToString()));
  Json debris = Json::array();
  for (const std::string& name : report.debris) debris.push_back(ToJson(name));
  return Json{{"damage", std::move(damage)},
              {"debris", std::move(debris)},
              {"torn", report.log_torn || report.torn_tail_bytes > 0}};
}

Status Session::Close() {
  if (db_ == nullptr) return {};
  Status closed = db_->Close();
  db_.reset();
  return closed;
}

}  // namespace beach::crash
