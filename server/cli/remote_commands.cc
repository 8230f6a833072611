// SPDX-License-Identifier: Apache-2.0
#include "server/cli/remote_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "server/cli/cas_answer.h"
#include "server/cli/number.h"
#include "server/cli/txn_words.h"

namespace beach::server {
namespace {

ExitCode UsageError(const Error& error) {
  fmt::print(stderr, "beachdb: {}\n", error.message());
  return ExitCode::kUsage;
}

ExitCode Written(const RemoteSession& session, const std::string& command,
                 const CallResult<Answer>& answer) {
  if (!answer) return Failed(command, Effect::kChanges, answer.error());
  if (session.form() == OutputForm::kJson) {
    fmt::print("{}", JsonLine({{"ok", true}, {"index", answer->index}}));
  }
  return ExitCode::kFine;
}

ExitCode Get(RemoteSession& session, const Given& given) {
  const std::string& key = given.words[0];
  const auto got = session.client().Get(key, session.timeout_ns(), session.options().consistency);
  if (!got) return Failed("get", Effect::kReads, got.error());
  const std::optional<Bytes>& value = got->value;
  if (session.form() == OutputForm::kJson) {
    nlohmann::json document = {{"index", got->index}};
    SetBytes(document, "key", key);
    document["value"] = nullptr;
    if (value) document.erase("value"), SetBytes(document, "value", *value);
    fmt::print("{}", JsonLine(document));
  } else if (value) {
    fmt::print("{}\n", ShownValue(*value, session.form()));
  } else {
    fmt::print(stderr, "beachdb: no such key\n");
  }
  return value ? ExitCode::kFine : ExitCode::kKeyAbsent;
}

ExitCode Put(RemoteSession& session, const Given& given) {
  Operation put;
  put.kind = OperationKind::kPut;
  put.key = given.words[0];
  put.value = given.words[1];
  if (given.words.size() > 2) {
    const auto until = ParseCount("a time", given.words[2]);
    if (!until) return UsageError(until.error());
    put.kind = OperationKind::kPutUntil;
    put.expires_at_ms = *until;
  }
  const Transaction one{.conditions = {}, .operations = {put}, .otherwise = {}};
  return Written(session, "put", session.client().Write(one, session.timeout_ns()));
}

ExitCode Delete(RemoteSession& session, const Given& given) {
  return Written(session, "del", session.client().Delete(given.words[0], session.timeout_ns()));
}

// Page by page, all as of one moment.
ExitCode Scan(RemoteSession& session, const Given& given) {
  std::uint64_t left = ~std::uint64_t{0};
  if (const auto limit = given.options.find("--limit"); limit != given.options.end()) {
    const auto number = ParseCount("a limit", limit->second);
    if (!number) return UsageError(number.error());
    left = *number;
  }
  Rows rows(session.form(), {"key", "value"});
  Bytes begin = given.words.empty() ? Bytes() : given.words[0];
  std::optional<ScanCursor> cursor;
  while (left > 0) {
    ScanRequest request;
    request.consistency = session.options().consistency;
    request.begin = begin;
    if (given.words.size() > 1) request.end = given.words[1];
    request.entries_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(left, kScanEntriesMax));
    request.keep = true;
    auto page = session.client().Scan(request, session.timeout_ns(), cursor);
    if (!page) return Failed("scan", Effect::kReads, page.error());
    left -= std::min<std::uint64_t>(left, page->entries.size());
    for (auto& [key, value] : page->entries) rows.Add({std::move(key), std::move(value)});
    fmt::print("{}", rows.Take());
    if (!page->next) break;
    begin = *page->next;
    cursor = page->cursor;
  }
  return ExitCode::kFine;
}

ExitCode Cas(RemoteSession& session, const Given& given) {
  const bool absent = given.options.contains("--absent");
  if (given.words.size() != (absent ? 2U : 3U)) {
    fmt::print(stderr, "beachdb: {}\n", kCasUsage);
    return ExitCode::kUsage;
  }
  std::optional<ByteView> expected;
  if (!absent) expected = given.words[1];
  const auto answer = session.client().CompareAndSet(given.words[0], expected, given.words.back(),
                                                     session.timeout_ns());
  if (!answer) return Failed("cas", Effect::kChanges, answer.error());
  const bool done = answer->kind == AnswerKind::kDone;
  std::optional<Bytes> instead;
  if (!done && !answer->values.empty()) instead = answer->values[0];
  return TellOfCas(session.form(), done, instead);
}

ExitCode Txn(RemoteSession& session, const Given& given) {
  const auto transaction = ReadTransaction(given.words);
  if (!transaction) return UsageError(transaction.error());
  const auto answer = session.client().Write(*transaction, session.timeout_ns());
  if (!answer) return Failed("txn", Effect::kChanges, answer.error());
  const bool held = answer->kind == AnswerKind::kDone;
  Rows reads(session.form(), {"key", "value"});
  nlohmann::json list = nlohmann::json::array();
  auto value = answer->values.begin();
  for (const Operation& operation : held ? transaction->operations : transaction->otherwise) {
    if (!operation.says() || value == answer->values.end()) continue;
    const std::optional<Bytes>& found = *value++;
    if (session.form() == OutputForm::kJson) {
      nlohmann::json& read = list.emplace_back(nlohmann::json::object());
      SetBytes(read, "key", operation.key);
      found ? SetBytes(read, "value", *found) : void(read["value"] = nullptr);
    } else {
      reads.Add({Bytes(operation.key), found ? Cell(*found) : Cell()});
    }
  }
  if (session.form() == OutputForm::kJson) {
    fmt::print("{}", JsonLine({{"ok", held}, {"index", answer->index}, {"reads", list}}));
  } else {
    fmt::print("{}", reads.Take());
  }
  return held ? ExitCode::kFine : ExitCode::kFound;
}

constexpr RemoteCommand kCommands[] = {
    {kGetShape, Get},
    {kPutShape, Put},
    {kDeleteShape, Delete},
    {kScanShape, Scan},
    {kCasShape, Cas},
    {{"txn", "WORD...", "",
      "Do all together: [if KEY = VALUE [and KEY != VALUE | KEY exists | KEY absent]...] then put "
      "KEY VALUE | del KEY | get KEY ... [else ...]. Exit 1 where it was the else, or nothing"},
     Txn},
    {{"watch", "[FROM] [TO]", "--from INDEX, --count N",
      "Print changes of keys from FROM to TO as they are made, until Ctrl-C or N of them; all "
      "behind INDEX of the log, where nodes still know them"},
     RunWatch},
    {{"status", "", "", "What one node knows: who leads, how far it is, which nodes there are"},
     RunStatus},
    {{"members", "", "", "The nodes, as the leader knows them: what each is, how far behind"},
     RunMembers},
    {{"member", "add|promote|demote|remove NODE", "",
      "add: as a learner, which is told everything and decides nothing; promote: to a voter; "
      "demote: to a learner; remove"},
     RunMember},
    {{"transfer-leader", "[NODE]", "",
      "Hand leadership to that voter; without NODE to one that lags least"},
     RunTransfer},
};

}  // namespace

std::span<const RemoteCommand> RemoteCommands() { return kCommands; }

}  // namespace beach::server
