// SPDX-License-Identifier: Apache-2.0
// A command or an answer, as its first byte says. What it decodes to may be encoded, to no more
// bytes, and decodes to the same; views lie in the input.
#include "server/command/command.h"

#include "base/check.h"
#include "fuzz/targets/targets.h"
#include "server/command/answer.h"

namespace beach::fuzz {
namespace {

bool LiesIn(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void CheckOperations(const std::vector<server::Operation>& operations, ByteView input) {
  BEACH_CHECK_LE(operations.size(), server::kOperationsMax);
  for (const server::Operation& operation : operations) {
    BEACH_CHECK(LiesIn(operation.key, input));
    BEACH_CHECK(LiesIn(operation.value, input));
  }
}

void RunCommand(ByteView input) {
  const Result<server::Command> command = server::DecodeCommand(input);
  if (!command) {
    BEACH_CHECK(command.error().code() == ErrorCode::kCorruption);
    return;
  }
  BEACH_CHECK(server::CheckCommand(*command).has_value());
  for (const server::Condition& condition : command->conditions) {
    BEACH_CHECK(LiesIn(condition.key, input));
    BEACH_CHECK(LiesIn(condition.value, input));
  }
  CheckOperations(command->operations, input);
  CheckOperations(command->otherwise, input);
  Bytes again;
  server::EncodeCommand(*command, again);
  BEACH_CHECK_EQ(again.size(), server::EncodedCommandSize(*command));
  BEACH_CHECK_LE(again.size(), input.size());
  const Result<server::Command> second = server::DecodeCommand(again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(*second == *command);
}

void RunAnswer(ByteView input) {
  const Result<server::Answer> answer = server::DecodeAnswer(input);
  if (!answer) {
    BEACH_CHECK(answer.error().code() == ErrorCode::kCorruption);
    return;
  }
  Bytes again;
  server::EncodeAnswer(*answer, again);
  BEACH_CHECK_LE(again.size(), input.size());
  const Result<server::Answer> second = server::DecodeAnswer(again);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(*second == *answer);
}

void Run(ByteView input) {
  if (input.empty()) return;
  if (input.front() == 0) return RunCommand(input.substr(1));
  RunAnswer(input.substr(1));
}

}  // namespace

const Target command_target = {.name = "command", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
