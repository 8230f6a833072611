// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/history_file.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace beach::sim::cli {
namespace {

using Json = nlohmann::json;
using oracle::Answer;
using oracle::ChangeKind;
using oracle::ClientOperation;
using oracle::KeyChange;
using oracle::KeyIs;

std::unexpected<Error> Wrong(std::string message) {
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

// Null: there is none of that name.
const Json* FieldOf(const Json& line, const char* name) {
  const auto found = line.find(name);
  return found == line.end() ? nullptr : &*found;
}

Result<std::uint64_t> NumberOf(const Json& line, const char* name) {
  const Json* const field = FieldOf(line, name);
  if (field == nullptr) return Wrong(std::string("there is no \"") + name + "\"");
  if (!field->is_number_unsigned()) {
    return Wrong(std::string("\"") + name + "\" is not a number from 0 on");
  }
  return field->get<std::uint64_t>();
}

// Strings, and whole numbers as their digits.
Result<Bytes> TextOf(const Json& json, const std::string& what) {
  if (json.is_string()) return json.get<Bytes>();
  if (json.is_number_integer()) return json.dump();
  return Wrong(what + " is neither a string nor a whole number");
}

Result<std::optional<Bytes>> TextOrNullOf(const Json& json, const std::string& what) {
  if (json.is_null()) return std::nullopt;
  BEACH_TRY_ASSIGN(Bytes text, TextOf(json, what));
  return std::optional<Bytes>(std::move(text));
}

Result<const Json*> ArgumentsOf(const Json& line, std::size_t count) {
  const Json* const args = FieldOf(line, "args");
  if (args == nullptr || !args->is_array() || args->size() != count) {
    return Wrong("\"args\" is not a list of " + std::to_string(count));
  }
  return args;
}

// An answer came; what it says.
Result<const Json*> ResultOf(const Json& line) {
  const Json* const result = FieldOf(line, "result");
  if (result == nullptr) return Wrong("there is no \"result\"");
  return result;
}

Status TakeGet(const Json& line, Bytes key, ClientOperation& operation) {
  KeyIs read = {.key = std::move(key), .value = std::nullopt};
  if (operation.answered()) {
    BEACH_TRY_ASSIGN(const Json* const result, ResultOf(line));
    BEACH_TRY_ASSIGN(read.value, TextOrNullOf(*result, "\"result\""));
  }
  operation.reads.push_back(std::move(read));
  return {};
}

Status TakeChange(const Json& line, ChangeKind kind, Bytes key, ClientOperation& operation) {
  KeyChange change = {.kind = kind, .key = std::move(key)};
  if (kind != ChangeKind::kDelete) {
    BEACH_TRY_ASSIGN(const Json* const args, ArgumentsOf(line, 1));
    BEACH_TRY_ASSIGN(change.value, TextOf(args->front(), "the value"));
  }
  operation.changes.push_back(std::move(change));
  return {};
}

Status TakeWhetherDone(const Json& line, ClientOperation& operation) {
  if (!operation.answered()) return {};
  BEACH_TRY_ASSIGN(const Json* const result, ResultOf(line));
  if (!result->is_boolean()) return Wrong("\"result\" is neither true nor false");
  if (!result->get<bool>()) operation.answer = Answer::kConditionsFailed;
  return {};
}

Status TakeCompareAndSet(const Json& line, const Bytes& key, ClientOperation& operation) {
  BEACH_TRY_ASSIGN(const Json* const args, ArgumentsOf(line, 2));
  BEACH_TRY_ASSIGN(std::optional<Bytes> expected, TextOrNullOf((*args)[0], "the expected value"));
  BEACH_TRY_ASSIGN(Bytes value, TextOf((*args)[1], "the new value"));
  operation.conditions.push_back({key, std::move(expected)});
  operation.changes.push_back({ChangeKind::kPut, key, std::move(value)});
  return TakeWhetherDone(line, operation);
}

// {"x": "1", "y": null} of a transaction, or nothing.
Status TakeKeys(const Json& line, const char* name, std::vector<KeyIs>& keys) {
  const Json* const field = FieldOf(line, name);
  if (field == nullptr) return {};
  if (!field->is_object()) return Wrong(std::string("\"") + name + "\" is not an object of keys");
  for (const auto& [key, json] : field->items()) {
    BEACH_TRY_ASSIGN(std::optional<Bytes> value, TextOrNullOf(json, "a value of \"" + key + "\""));
    keys.push_back({key, std::move(value)});
  }
  return {};
}

Status TakeTransaction(const Json& line, ClientOperation& operation) {
  BEACH_TRY(TakeKeys(line, "if", operation.conditions));
  BEACH_TRY(TakeKeys(line, "get", operation.reads));
  std::vector<KeyIs> puts;
  BEACH_TRY(TakeKeys(line, "put", puts));
  for (KeyIs& put : puts) {
    const ChangeKind kind = put.value ? ChangeKind::kPut : ChangeKind::kDelete;
    operation.changes.push_back({kind, std::move(put.key), std::move(put.value).value_or("")});
  }
  std::vector<KeyIs> appends;
  BEACH_TRY(TakeKeys(line, "append", appends));
  for (KeyIs& append : appends) {
    if (!append.value) return Wrong("nothing is appended to \"" + append.key + "\"");
    operation.changes.push_back(
        {ChangeKind::kAppend, std::move(append.key), *std::move(append.value)});
  }
  return operation.conditions.empty() ? Status() : TakeWhetherDone(line, operation);
}

Status TakeAction(const Json& line, ClientOperation& operation) {
  const Json* const name = FieldOf(line, "op");
  if (name == nullptr || !name->is_string()) return Wrong("there is no \"op\"");
  const auto op = name->get<std::string>();
  if (op == "txn") return TakeTransaction(line, operation);
  const Json* const key_field = FieldOf(line, "key");
  if (key_field == nullptr) return Wrong("there is no \"key\"");
  BEACH_TRY_ASSIGN(Bytes key, TextOf(*key_field, "\"key\""));
  if (op == "get") return TakeGet(line, std::move(key), operation);
  if (op == "put") return TakeChange(line, ChangeKind::kPut, std::move(key), operation);
  if (op == "append") return TakeChange(line, ChangeKind::kAppend, std::move(key), operation);
  if (op == "delete") return TakeChange(line, ChangeKind::kDelete, std::move(key), operation);
  if (op == "cas") return TakeCompareAndSet(line, key, operation);
  return Wrong("there is no op \"" + Printable(op, 24) +
               "\": get, put, append, cas, delete and txn there are");
}

Result<ClientOperation> ParseOperation(std::string_view text) {
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object()) return Wrong("this is not one JSON object");
  ClientOperation operation;
  BEACH_TRY_ASSIGN(operation.client, NumberOf(line, "client"));
  BEACH_TRY_ASSIGN(operation.called_at, NumberOf(line, "call"));
  const Json* const returned = FieldOf(line, "return");
  if (returned == nullptr) return Wrong("there is no \"return\": null is one without an answer");
  if (!returned->is_null()) {
    BEACH_TRY_ASSIGN(operation.returned_at, NumberOf(line, "return"));
    operation.answer = Answer::kDone;
  }
  const Json* const result = FieldOf(line, "result");
  if (!operation.answered() && result != nullptr && !result->is_null()) {
    return Wrong("it has a \"result\", but \"return\" is null: no answer came");
  }
  BEACH_TRY(TakeAction(line, operation));
  return operation;
}

std::unexpected<Error> WrongLine(std::size_t line, const std::string& message) {
  return Wrong("line " + std::to_string(line) + ": " + message);
}

}  // namespace

Result<HistoryFile> ParseHistory(const std::string& text) {
  HistoryFile file;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view one = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::size_t first = one.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || one[first] == '#') continue;
    auto operation = ParseOperation(one);
    if (!operation) return WrongLine(line + 1, operation.error().message());
    file.operations.push_back(*std::move(operation));
    file.lines.push_back(line + 1);
  }
  if (const auto misuse = oracle::FindMisuse(file.operations)) {
    return WrongLine(file.lines[misuse->index], misuse->message);
  }
  return file;
}

}  // namespace beach::sim::cli
