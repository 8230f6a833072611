// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fuzz/seeds.h"
#include "server/command/answer.h"
#include "server/command/command.h"

namespace beach::fuzz {
namespace {

using namespace server;  // NOLINT: its words

Command Everything() {
  Command command;
  command.proposed_at_ms = 1'700'000'000'000;
  command.session = SessionId(300);
  command.request = RequestNumber(7);
  command.answered_below = RequestNumber(5);
  command.conditions = {{.kind = ConditionKind::kAbsent, .key = "pier"},
                        {.kind = ConditionKind::kPresent, .key = "beach"},
                        {.kind = ConditionKind::kEquals, .key = "tide", .value = "low"},
                        {.kind = ConditionKind::kDiffers, .key = "wind", .value = ""}};
  command.operations = {
      {.kind = OperationKind::kDelete, .key = "pier"},
      {.kind = OperationKind::kPut, .key = "tide", .value = "high"},
      {.kind = OperationKind::kDeleteRange, .key = "a", .value = "c"},
      {.kind = OperationKind::kMerge, .key = "n", .value = "12345678", .merge = MergeKind::kAdd},
      {.kind = OperationKind::kMerge, .key = "log", .value = "x", .merge = MergeKind::kAppend},
      {.kind = OperationKind::kPutUntil, .key = "t", .value = "v", .expires_at_ms = 258}};
  command.otherwise = {{.kind = OperationKind::kGet, .key = "tide"},
                       {.kind = OperationKind::kHas, .key = "pier"}};
  return command;
}

}  // namespace

void AddCommandSeeds(Seeds& seeds) {
  const auto add = [&](const std::string& name, const Command& command) {
    Bytes bytes(1, '\0');
    EncodeCommand(command, bytes);
    seeds.push_back({"command", name, bytes});
  };
  Command command;
  add("empty", command);
  command.kind = CommandKind::kOpenSession;
  add("open", command);
  command.kind = CommandKind::kCloseSession;
  command.session = SessionId(300);
  add("close", command);
  add("everything", Everything());
  const auto add_answer = [&](const std::string& name, const Answer& answer) {
    Bytes bytes(1, '\1');
    EncodeAnswer(answer, bytes);
    seeds.push_back({"command", name, bytes});
  };
  add_answer("answer", {.kind = AnswerKind::kDone, .index = 300, .values = {}});
  add_answer("answer-values",
             {.kind = AnswerKind::kOtherwise, .index = 1, .values = {"ebb", std::nullopt, ""}});
}

}  // namespace beach::fuzz
