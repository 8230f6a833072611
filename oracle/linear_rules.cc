// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_rules.h"

#include <algorithm>
#include <vector>

namespace beach::oracle {
namespace {

bool IsAnsweredDone(const ClientOperation& operation) { return operation.answer == Answer::kDone; }

// What the operation says its key held when it took effect.
std::vector<KeyIs> SeenBy(const ClientOperation& operation) {
  if (!operation.answered()) return {};
  std::vector<KeyIs> seen = operation.reads;
  if (IsAnsweredDone(operation)) {
    seen.insert(seen.end(), operation.conditions.begin(), operation.conditions.end());
  }
  return seen;
}

// What the operation leaves in the key, if it changes it.
const KeyChange* LastChange(const ClientOperation& operation, ByteView key) {
  if (operation.answer == Answer::kConditionsFailed) return nullptr;
  const auto is_of_key = [&](const KeyChange& change) { return change.key == key; };
  const auto found = std::find_if(operation.changes.rbegin(), operation.changes.rend(), is_of_key);
  return found == operation.changes.rend() ? nullptr : &*found;
}

// Who may have made a key show a value.
struct Writers {
  std::vector<std::size_t> operations;
  bool by_nobody = false;    // it was so in the beginning
  bool has_appends = false;  // of the key: then the list may lack some
};

bool Writes(const KeyChange& change, const std::optional<Bytes>& value) {
  if (change.kind == ChangeKind::kDelete) return !value;
  return value && change.value == *value;
}

Writers WritersOf(std::span<const ClientOperation> history, const KeyIs& seen) {
  Writers writers = {.operations = {}, .by_nobody = !seen.value};
  for (std::size_t i = 0; i < history.size(); ++i) {
    const KeyChange* const change = LastChange(history[i], seen.key);
    if (change == nullptr) continue;
    writers.has_appends |= std::ranges::any_of(history[i].changes, [&](const KeyChange& one) {
      return one.key == seen.key && one.kind == ChangeKind::kAppend;
    });
    if (Writes(*change, seen.value)) writers.operations.push_back(i);
  }
  return writers;
}

bool IsBefore(const ClientOperation& a, const ClientOperation& b) {
  return a.answered() && a.returned_at < b.called_at;
}

// An operation that surely took the value away again, behind all its writers and before `reader`
// was called.
bool IsOverwrittenBefore(std::span<const ClientOperation> history,
                         std::span<const std::size_t> culprits, const KeyIs& seen,
                         const Writers& writers, const ClientOperation& reader) {
  return std::ranges::any_of(culprits, [&](std::size_t index) {
    const ClientOperation& other = history[index];
    const KeyChange* const change = LastChange(other, seen.key);
    if (change == nullptr || !IsAnsweredDone(other) || !IsBefore(other, reader)) return false;
    if (change->kind == ChangeKind::kAppend || Writes(*change, seen.value)) return false;
    return std::ranges::all_of(
        writers.operations, [&](std::size_t writer) { return IsBefore(history[writer], other); });
  });
}

// Another one that took the same value away, which was there only once.
bool IsTakenTwice(std::span<const ClientOperation> history, std::span<const std::size_t> culprits,
                  std::size_t index, const KeyIs& seen, const Writers& writers) {
  const auto takes = [&](const ClientOperation& operation) {
    const KeyChange* const change = LastChange(operation, seen.key);
    return IsAnsweredDone(operation) && change != nullptr && change->kind != ChangeKind::kAppend &&
           !Writes(*change, seen.value) &&
           std::ranges::find(operation.conditions, seen) != operation.conditions.end();
  };
  const std::size_t times = writers.operations.size() + (writers.by_nobody ? 1 : 0);
  if (times != 1 || !takes(history[index])) return false;
  return std::ranges::any_of(
      culprits, [&](std::size_t other) { return other != index && takes(history[other]); });
}

std::optional<RuleFound> RuleOf(std::span<const ClientOperation> history,
                                std::span<const std::size_t> culprits, std::size_t index) {
  const ClientOperation& operation = history[index];
  for (const KeyIs& seen : SeenBy(operation)) {
    const Writers writers = WritersOf(history, seen);
    if (writers.has_appends) continue;
    if (!writers.by_nobody && writers.operations.empty()) {
      return RuleFound{
          .rule = "phantom-value", .reason = "nobody wrote what it saw", .operation = index};
    }
    const auto is_later = [&](std::size_t writer) { return IsBefore(operation, history[writer]); };
    if (!writers.by_nobody && std::ranges::all_of(writers.operations, is_later)) {
      return RuleFound{.rule = "future-read",
                       .reason = "it returned before anybody began to write what it saw",
                       .operation = index};
    }
    if (IsTakenTwice(history, culprits, index, seen, writers)) {
      return RuleFound{.rule = "lost-update",
                       .reason = "another one changed the same value, which was there once",
                       .operation = index};
    }
    if (IsOverwrittenBefore(history, culprits, seen, writers, operation)) {
      return RuleFound{.rule = "stale-read",
                       .reason = "what it saw was overwritten before it was called",
                       .operation = index};
    }
  }
  return std::nullopt;
}

}  // namespace

RuleFound FindRule(std::span<const ClientOperation> history,
                   std::span<const std::size_t> culprits) {
  for (auto at = culprits.rbegin(); at != culprits.rend(); ++at) {
    if (std::optional<RuleFound> found = RuleOf(history, culprits, *at)) return *found;
  }
  return {.rule = "not-linearizable", .reason = "no order has a place for it", .operation = {}};
}

}  // namespace beach::oracle
