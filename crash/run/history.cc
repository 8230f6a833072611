// SPDX-License-Identifier: Apache-2.0
#include "crash/run/history.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::crash {
namespace {

using oracle::Judgement;
using oracle::Violation;

constexpr const char* kBackups = "backups";
constexpr std::uint64_t kBackupsKept = 2;

Judgement BadAnswer(const Error& error) {
  return Violation{"bad-answer", "the worker said what makes no sense: " + error.ToString()};
}

std::string ErrorOf(const Json& answer) {
  const auto error = answer.find("error");
  if (error == answer.end() || !error->is_object()) return "no error";
  const auto message = error->find("message");
  return message == error->end() || !message->is_string() ? "no message"
                                                          : message->get<std::string>();
}

bool IsRefusal(const Json& answer) {
  const auto error = answer.find("error");
  if (error == answer.end() || !error->is_object() || !error->contains("code")) return false;
  return (*error)["code"] == ErrorCodeName(ErrorCode::kRefused) ||
         (*error)["code"] == ErrorCodeName(ErrorCode::kNotFound);
}

std::vector<Change> ChangesOf(const oracle::ModelBatch& batch) {
  std::vector<Change> changes;
  for (const oracle::ModelOperation& operation : batch.operations) {
    if (operation.range_end) {
      changes.push_back({Change::Kind::kErase, operation.key, *operation.range_end});
    } else if (operation.value) {
      changes.push_back({Change::Kind::kPut, operation.key, *operation.value});
    } else {
      changes.push_back({Change::Kind::kDelete, operation.key, {}});
    }
  }
  return changes;
}

}  // namespace

Json History::Issue(const artifacts::Operation& operation) {
  std::optional<Action> action = ParseOperation(operation);
  BEACH_CHECK(action.has_value());
  Json command = {{"id", operation.id}, {"client", operation.client}};
  Asked asked{.operation = operation, .action = *std::move(action), .mark = {}};
  asked.durable_mark = model_.DurableMark();
  switch (asked.action.kind) {
    case ActionKind::kWrite:
      model_.Issue(asked.action.batch);
      command["do"] = "write";
      command["sync"] = asked.action.batch.sync;
      command["tag"] = operation.id;
      command["batch"] = ToJson(ChangesOf(asked.action.batch));
      break;
    case ActionKind::kGet:
      asked.mark = model_.BeginRead();
      command["do"] = "get";
      command["key"] = ToJson(asked.action.key);
      break;
    case ActionKind::kScan:
      asked.mark = model_.BeginRead();
      command["do"] = "scan";
      break;
    case ActionKind::kFlush: command["do"] = "flush"; break;
    case ActionKind::kCompact:
      command["do"] = "compact";
      if (asked.action.range) {
        command["from"] = ToJson(asked.action.range->from);
        command["to"] = ToJson(*asked.action.range->to);
      }
      break;
    case ActionKind::kCheckpoint:
    case ActionKind::kBackup: {
      const bool is_backup = asked.action.kind == ActionKind::kBackup;
      asked.copy = new_copies_.size();
      new_copies_.push_back(
          {.directory = is_backup ? copies_folder_ + "/" + kBackups : CheckpointPlace(operation.id),
           .is_backup = is_backup,
           .from = asked.durable_mark});
      command["do"] = is_backup ? "backup" : "checkpoint";
      command["directory"] = ToJson(new_copies_.back().directory);
      if (is_backup) command["keep"] = kBackupsKept;
      break;
    }
  }
  asked_.emplace(operation.id, std::move(asked));
  return command;
}

Judgement History::Answer(const Json& answer, bool fault_struck) {
  const Result<std::uint64_t> id = NumberAt(answer, "id");
  if (!id) return BadAnswer(id.error());
  const auto found = asked_.find(*id);
  if (found == asked_.end()) {
    return Violation{"bad-answer", "the worker answered what nobody asked"};
  }
  const Asked asked = std::move(found->second);
  asked_.erase(found);
  const Result<bool> ok = FlagAt(answer, "ok", false);
  if (!ok) return BadAnswer(ok.error());
  if (!*ok) return Failed(asked, answer, fault_struck);
  ++acknowledged_;
  return AnswerOf(asked, answer);
}

Judgement History::AnswerOf(const Asked& asked, const Json& answer) {
  switch (asked.action.kind) {
    case ActionKind::kWrite: return model_.Acknowledge(asked.action.batch.id);
    case ActionKind::kGet: {
      std::optional<Bytes> value;
      if (answer.contains("value") && !answer["value"].is_null()) {
        Result<Bytes> bytes = BytesAt(answer, "value");
        if (!bytes) return BadAnswer(bytes.error());
        value = *std::move(bytes);
      }
      return model_.EndGet(asked.mark, asked.action.key, value);
    }
    case ActionKind::kScan: {
      const Result<Entries> entries = EntriesAt(answer, "entries");
      if (!entries) return BadAnswer(entries.error());
      return model_.EndScan(asked.mark, {}, *entries);
    }
    case ActionKind::kCheckpoint:
    case ActionKind::kBackup: {
      model_.Durable(asked.durable_mark);
      return Copied(asked, answer);
    }
    case ActionKind::kFlush:
    case ActionKind::kCompact: break;
  }
  model_.Durable(asked.durable_mark);
  return std::nullopt;
}

Judgement History::Failed(const Asked& asked, const Json& answer, bool fault_struck) {
  const bool reads =
      asked.action.kind == ActionKind::kGet || asked.action.kind == ActionKind::kScan;
  const bool writes = asked.action.kind == ActionKind::kWrite;
  if (!fault_struck || reads || (writes && !poisoned_)) {
    return Violation{"unexplained-error",
                     "operation " + std::to_string(asked.operation.id) + " (" +
                         asked.operation.kind +
                         ") failed, and nothing explains it: " + ErrorOf(answer)};
  }
  if (writes) return model_.Fail(asked.action.batch.id);
  return std::nullopt;
}

// The copy is of the prefix that ends with the number it was told to be of.
Judgement History::Copied(const Asked& asked, const Json& answer) {
  const Result<std::uint64_t> sequence = NumberAt(answer, "sequence");
  if (!sequence) return BadAnswer(sequence.error());
  std::uint64_t prefix = model_.sequenced();
  while (prefix > asked.durable_mark && model_.LastSequence(prefix) > *sequence) --prefix;
  if (model_.LastSequence(prefix) != *sequence) {
    return Violation{"copy-of-no-prefix",
                     "a copy is said to be of sequence number " + std::to_string(*sequence) +
                         ", where no batch ends, or lacks what was acknowledged before"};
  }
  Copy& copy = new_copies_[asked.copy];
  copy.acknowledged = true;
  copy.states = {model_.HashAt(prefix)};
  return std::nullopt;
}

bool History::Awaits(const Json& answer) const {
  const Result<std::uint64_t> id = NumberAt(answer, "id");
  return id && asked_.contains(*id);
}

Judgement History::Event(const Json& event, bool fault_struck) {
  const std::string name = event.value("event", "");
  if (name != "write.sequenced") {
    // All others that are told of are failures.
    poisoned_ = poisoned_ || name == "db.poisoned";
    if (fault_struck) return std::nullopt;
    return Violation{"unexplained-error", name + ", and nothing explains it: " +
                                              event.value("error", std::string("no error named"))};
  }
  const Result<std::uint64_t> tag = NumberAt(event, "tag");
  const Result<std::uint64_t> first = NumberAt(event, "first");
  const Result<std::uint64_t> count = NumberAt(event, "count");
  for (const auto* field : {&tag, &first, &count}) {
    if (!*field) return BadAnswer(field->error());
  }
  return model_.Sequence(oracle::BatchId(*tag), *first, *count);
}

Judgement History::Recovered(const Json& state) {
  const Result<Entries> entries = EntriesAt(state, "entries");
  const Result<std::uint64_t> visible = NumberAt(state, "visible");
  if (!entries) return BadAnswer(entries.error());
  if (!visible) return BadAnswer(visible.error());
  return crash_.Recovered(*entries, *visible);
}

void History::Ended(oracle::LifeEnd end) {
  for (Copy& copy : new_copies_) {
    if (!copy.acknowledged) {
      for (std::uint64_t prefix = copy.from; prefix <= model_.sequenced(); ++prefix) {
        copy.states.insert(model_.HashAt(prefix));
      }
    }
    if (!copy.is_backup) {
      copies_.push_back(std::move(copy));
      continue;
    }
    Copy& place = BackupPlace();
    if (copy.acknowledged) {
      place.acknowledged = true;
      place.states = std::move(copy.states);
    } else {
      place.states.insert(copy.states.begin(), copy.states.end());
    }
  }
  new_copies_.clear();
  asked_.clear();
  poisoned_ = false;
  crash_.Ended(end);
}

Copy& History::BackupPlace() {
  const auto found = std::ranges::find_if(copies_, &Copy::is_backup);
  if (found != copies_.end()) return *found;
  return copies_.emplace_back(
      Copy{.directory = copies_folder_ + "/" + kBackups, .is_backup = true});
}

void History::Seen(const Copy& copy, const Json& answer) {
  const bool is_there = answer.value("ok", false);
  if (copy.is_backup) {
    const Result<Entries> entries = EntriesAt(answer, "entries");
    if (!is_there || !entries) return;  // one that nobody finished: it may still come
    Copy& place = BackupPlace();
    place.acknowledged = true;
    place.states = {oracle::Model::HashOf(*entries)};
    return;
  }
  if (!is_there) unfinished_.push_back(copy.directory);
  std::erase_if(copies_, [directory = copy.directory](const Copy& one) {
    return one.directory == directory;
  });
}

// Where the next checkpoint goes.
std::string History::CheckpointPlace(std::uint64_t id) {
  if (unfinished_.empty()) return copies_folder_ + "/checkpoint-" + std::to_string(id);
  std::string place = std::move(unfinished_.back());
  unfinished_.pop_back();
  return place;
}

Judgement History::CheckCopy(const Copy& copy, const Json& answer) {
  const char* const what = copy.is_backup ? "a restored backup" : "a checkpoint";
  if (!answer.value("ok", false)) {
    if (!copy.acknowledged && IsRefusal(answer)) return std::nullopt;
    return Violation{"copy-lost", std::string(what) + " that " +
                                      (copy.acknowledged ? "was finished" : "was not finished") +
                                      " cannot be read: " + ErrorOf(answer)};
  }
  const Result<Entries> entries = EntriesAt(answer, "entries");
  if (!entries) return BadAnswer(entries.error());
  if (copy.states.contains(oracle::Model::HashOf(*entries))) return std::nullopt;
  return Violation{"copy-differs", std::string(what) + " shows " + std::to_string(entries->size()) +
                                       " entries, which are no state that it may be of"};
}

}  // namespace beach::crash
