// SPDX-License-Identifier: Apache-2.0
#include "server/machine/testing/model.h"

#include <algorithm>

#include "engine/merge_operator.h"

namespace beach::server::testing {
namespace {

Bytes Said(AnswerKind kind, std::uint64_t index, std::vector<std::optional<Bytes>> values = {}) {
  Bytes bytes;
  EncodeAnswer({.kind = kind, .index = index, .values = std::move(values)}, bytes);
  return bytes;
}

}  // namespace

Bytes Model::ApplyGarbage(std::uint64_t index) { return Said(AnswerKind::kInvalid, index); }

const SessionId* Model::Oldest() const {
  const auto oldest = std::min_element(
      sessions_.begin(), sessions_.end(),
      [](const auto& a, const auto& b) { return a.second.used_index < b.second.used_index; });
  return oldest == sessions_.end() ? nullptr : &oldest->first;
}

Bytes Model::Apply(const Command& command, std::uint64_t index) {
  time_ms_ = std::max(time_ms_, command.proposed_at_ms);
  for (std::size_t i = 0; i < Sessions::kRemovedMax; ++i) {
    const SessionId* const oldest = Oldest();
    if (oldest != nullptr && IsIdle(sessions_.at(*oldest))) sessions_.erase(SessionId(*oldest));
  }
  switch (command.kind) {
    case CommandKind::kOpenSession:
      if (sessions_.size() >= limits_.count_max) sessions_.erase(SessionId(*Oldest()));
      sessions_[SessionId(index)] = {
          .used_index = index, .used_at_ms = time_ms_, .answered_below = {}, .answers = {}};
      return Said(AnswerKind::kDone, index);
    case CommandKind::kCloseSession: {
      const auto session = sessions_.find(command.session);
      if (session == sessions_.end() || IsIdle(session->second)) {
        return Said(AnswerKind::kSessionGone, index);
      }
      sessions_.erase(session);
      return Said(AnswerKind::kDone, index);
    }
    case CommandKind::kTransaction: break;
  }
  return Transact(command, index);
}

Bytes Model::Transact(const Command& command, std::uint64_t index) {
  if (command.session == SessionId{}) return Do(command, index);
  const auto place = sessions_.find(command.session);
  if (place == sessions_.end() || IsIdle(place->second)) {
    return Said(AnswerKind::kSessionGone, index);
  }
  Session& session = place->second;
  if (command.request < session.answered_below) return Said(AnswerKind::kForgotten, index);
  const auto answered = session.answers.find(command.request);
  if (answered != session.answers.end()) return answered->second;
  const Bytes answer = Do(command, index);
  session.used_index = index;
  session.used_at_ms = time_ms_;
  session.answered_below = std::max(session.answered_below, command.answered_below);
  session.answers[command.request] = answer;
  return answer;
}

Bytes Model::Do(const Command& command, std::uint64_t index) {
  const bool holds = std::all_of(command.conditions.begin(), command.conditions.end(),
                                 [&](const Condition& condition) { return Holds(condition); });
  const std::map<Bytes, Cell> before = cells_;
  std::vector<std::optional<Bytes>> values;
  std::uint64_t bytes = 0;
  for (const Operation& operation : holds ? command.operations : command.otherwise) {
    if (!operation.is_read()) {
      Write(operation);
      continue;
    }
    std::optional<Bytes> value = Read(Bytes(operation.key));
    if (operation.kind == OperationKind::kHas && value) value = Bytes();
    bytes += value ? value->size() : 0;
    values.push_back(value);
  }
  if (bytes > kValuesSizeMax) {
    cells_ = before;
    return Said(AnswerKind::kInvalid, index);
  }
  return Said(holds ? AnswerKind::kDone : AnswerKind::kOtherwise, index, values);
}

void Model::Write(const Operation& operation) {
  const Bytes key(operation.key);
  switch (operation.kind) {
    case OperationKind::kDelete: cells_.erase(key); break;
    case OperationKind::kPut: cells_[key] = {.base = Bytes(operation.value)}; break;
    case OperationKind::kPutUntil:
      cells_[key] = {.base = Bytes(operation.value), .expires_at_ms = operation.expires_at_ms};
      break;
    case OperationKind::kDeleteRange:
      std::erase_if(cells_, [&](const auto& cell) {
        return cell.first >= key && cell.first < operation.value;
      });
      break;
    case OperationKind::kMerge:
      cells_[key].merges.emplace_back(operation.merge, operation.value);
      break;
    default: break;
  }
}

std::optional<Bytes> Model::Read(const Bytes& key) const {
  const auto place = cells_.find(key);
  if (place == cells_.end()) return std::nullopt;
  const Cell& cell = place->second;
  std::optional<Bytes> value = cell.base;
  if (cell.expires_at_ms && time_ms_ >= *cell.expires_at_ms) value.reset();
  for (const auto& [kind, operand] : cell.merges) {
    const auto merge_operator = static_cast<engine::MergeOperator>(kind);
    engine::ApplyOperand({.merge_operator = merge_operator, .operand = operand}, value);
  }
  return value;
}

bool Model::Holds(const Condition& condition) const {
  const std::optional<Bytes> value = Read(Bytes(condition.key));
  switch (condition.kind) {
    case ConditionKind::kAbsent: return !value.has_value();
    case ConditionKind::kPresent: return value.has_value();
    case ConditionKind::kEquals: return value == Bytes(condition.value);
    case ConditionKind::kDiffers: return value != Bytes(condition.value);
  }
  return false;
}

std::map<Bytes, Bytes> Model::Live() const {
  std::map<Bytes, Bytes> live;
  for (const auto& [key, cell] : cells_) {
    if (const std::optional<Bytes> value = Read(key)) live[key] = *value;
  }
  return live;
}

std::vector<SessionId> Model::Sessions() const {
  std::vector<SessionId> ids;
  for (const auto& [id, session] : sessions_) {
    if (!IsIdle(session)) ids.push_back(id);
  }
  return ids;
}

}  // namespace beach::server::testing
