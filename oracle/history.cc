// SPDX-License-Identifier: Apache-2.0
#include "oracle/history.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace beach::oracle {
namespace {

constexpr std::size_t kValueLengthMax = 24;

ClientOperation Make(std::uint64_t client, Span span) {
  return {.client = client,
          .called_at = span.called_at,
          .returned_at = span.returned_at.value_or(0),
          .answer = span.returned_at ? Answer::kDone : Answer::kUnknown};
}

std::string DescribeText(ByteView value) { return '"' + Printable(value, kValueLengthMax) + '"'; }

std::string DescribeValueOf(const std::optional<Bytes>& value) {
  return value ? DescribeText(*value) : "absent";
}

std::string DescribeKey(ByteView key) { return Printable(key, kValueLengthMax); }

std::string DescribeKeys(const std::vector<KeyIs>& keys) {
  std::string text;
  for (const KeyIs& one : keys) {
    if (!text.empty()) text += ", ";
    text += DescribeKey(one.key) + " = " + DescribeValueOf(one.value);
  }
  return text;
}

std::string DescribeChange(const KeyChange& change) {
  switch (change.kind) {
    case ChangeKind::kPut:
      return "put " + DescribeKey(change.key) + " " + DescribeText(change.value);
    case ChangeKind::kAppend:
      return "append " + DescribeKey(change.key) + " " + DescribeText(change.value);
    case ChangeKind::kDelete: return "delete " + DescribeKey(change.key);
  }
  return "";
}

std::string DescribeChanges(const std::vector<KeyChange>& changes) {
  std::string text;
  for (const KeyChange& change : changes) {
    if (!text.empty()) text += ", ";
    text += DescribeChange(change);
  }
  return text;
}

std::optional<std::string> MisuseOf(const ClientOperation& operation) {
  if (operation.answered() && operation.returned_at < operation.called_at) {
    return "it returned at " + std::to_string(operation.returned_at) + ", before its call at " +
           std::to_string(operation.called_at);
  }
  if (operation.conditions.empty() && operation.reads.empty() && operation.changes.empty()) {
    return "it reads and changes nothing";
  }
  if (operation.answer == Answer::kConditionsFailed && operation.conditions.empty()) {
    return "its conditions failed, but it has none";
  }
  return std::nullopt;
}

}  // namespace

ClientOperation MakeGet(std::uint64_t client, Span span, Bytes key, std::optional<Bytes> found) {
  ClientOperation operation = Make(client, span);
  operation.reads.push_back({std::move(key), std::move(found)});
  return operation;
}

ClientOperation MakePut(std::uint64_t client, Span span, Bytes key, Bytes value) {
  ClientOperation operation = Make(client, span);
  operation.changes.push_back({ChangeKind::kPut, std::move(key), std::move(value)});
  return operation;
}

ClientOperation MakeAppend(std::uint64_t client, Span span, Bytes key, Bytes value) {
  ClientOperation operation = Make(client, span);
  operation.changes.push_back({ChangeKind::kAppend, std::move(key), std::move(value)});
  return operation;
}

ClientOperation MakeDelete(std::uint64_t client, Span span, Bytes key) {
  ClientOperation operation = Make(client, span);
  operation.changes.push_back({ChangeKind::kDelete, std::move(key)});
  return operation;
}

ClientOperation MakeCompareAndSet(std::uint64_t client, Span span, Bytes key,
                                  std::optional<Bytes> expected, Bytes value, bool done) {
  ClientOperation operation = Make(client, span);
  if (operation.answered() && !done) operation.answer = Answer::kConditionsFailed;
  operation.conditions.push_back({key, std::move(expected)});
  operation.changes.push_back({ChangeKind::kPut, std::move(key), std::move(value)});
  return operation;
}

std::optional<Misuse> FindMisuse(std::span<const ClientOperation> history) {
  std::vector<std::size_t> order(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (std::optional<std::string> message = MisuseOf(history[i])) {
      return Misuse{.index = i, .message = std::move(*message)};
    }
    order[i] = i;
  }
  // Of several of one client with the same call, those without an answer are the earlier, then the
  // one that returns first.
  std::ranges::sort(order, {}, [&](std::size_t i) {
    const ClientOperation& one = history[i];
    return std::tuple(one.client, one.called_at, one.answered() ? one.returned_at : 0, i);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const ClientOperation& before = history[order[i - 1]];
    const ClientOperation& after = history[order[i]];
    if (before.client != after.client || !before.answered()) continue;
    if (after.called_at >= before.returned_at) continue;
    return Misuse{.index = order[i],
                  .message = "client " + std::to_string(after.client) + " called it at " +
                             std::to_string(after.called_at) + ", while its operation of " +
                             std::to_string(before.called_at) + " was under way until " +
                             std::to_string(before.returned_at)};
  }
  return std::nullopt;
}

std::string DescribeAction(const ClientOperation& operation) {
  const bool is_get =
      operation.reads.size() == 1 && operation.conditions.empty() && operation.changes.empty();
  if (is_get) {
    const KeyIs& read = operation.reads.front();
    const std::string found = operation.answered() ? DescribeValueOf(read.value) : "?";
    return "get " + DescribeKey(read.key) + " -> " + found;
  }
  std::string text;
  if (!operation.conditions.empty()) text = "if " + DescribeKeys(operation.conditions) + ": ";
  text += DescribeChanges(operation.changes);
  if (!operation.reads.empty()) {
    if (!operation.changes.empty()) text += ", ";
    text += operation.answered() ? "saw " + DescribeKeys(operation.reads) : "read";
  }
  if (operation.answer == Answer::kConditionsFailed) text += " -> conditions failed";
  if (operation.answer == Answer::kDone && !operation.conditions.empty()) text += " -> done";
  return text;
}

std::string DescribeOperation(const ClientOperation& operation) {
  return "client " + std::to_string(operation.client) + ": " + DescribeAction(operation) + " [" +
         std::to_string(operation.called_at) + ", " +
         (operation.answered() ? std::to_string(operation.returned_at) : "unknown") + "]";
}

}  // namespace beach::oracle
