// SPDX-License-Identifier: Apache-2.0
#include "server/machine/testing/model.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <regex>
#include <string>

#include "engine/merge_operator.h"

namespace beach::server::testing {
namespace {

constexpr std::uint64_t kForever = ~std::uint64_t{0};
__extension__ using Wide = __int128;
constexpr Wide kLeast = std::numeric_limits<std::int64_t>::min();
constexpr Wide kGreatest = std::numeric_limits<std::int64_t>::max();

// REQUIRES: digits, behind a minus or not.
Wide WideOf(ByteView text) {
  const bool below = text.starts_with('-');
  Wide number = 0;
  for (const char digit : text.substr(below ? 1 : 0)) number = number * 10 + (digit - '0');
  return below ? -number : number;
}

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
  std::uint64_t bytes_left = 0;
  for (const Operation& operation : holds ? command.operations : command.otherwise) {
    if (!operation.says()) {
      Write(operation);
      continue;
    }
    const std::optional<Bytes> value = Say(operation, bytes_left);
    bytes += value ? value->size() : 0;
    values.push_back(value);
  }
  if (bytes > kValuesSizeMax || bytes_left > kComputedSizeMax) {
    cells_ = before;
    return Said(AnswerKind::kInvalid, index);
  }
  return Said(holds ? AnswerKind::kDone : AnswerKind::kOtherwise, index, values);
}

std::optional<Bytes> Model::Say(const Operation& operation, std::uint64_t& bytes_left) {
  const Bytes key(operation.key);
  const std::optional<Bytes> value = Read(key);
  switch (operation.kind) {
    case OperationKind::kGet: return value;
    case OperationKind::kHas: return value ? std::optional<Bytes>("") : std::nullopt;
    case OperationKind::kExpiry:
      if (!value) return std::nullopt;
      return Expiry(key) == 0 ? "" : std::to_string(Expiry(key));
    default: break;
  }
  touched_ = false;
  const std::optional<Bytes> said = Compute(operation, value);
  if (touched_ && Read(key)) bytes_left += Read(key)->size();
  return said;
}

std::optional<Bytes> Model::Compute(const Operation& operation, const std::optional<Bytes>& value) {
  const Bytes key(operation.key);
  const std::uint64_t old_expiry = Expiry(key);
  std::uint64_t expiry = 0;
  if (operation.expiry == ExpiryKind::kKeep) expiry = old_expiry;
  if (operation.expiry == ExpiryKind::kAt)
    expiry = std::max<std::uint64_t>(1, operation.expires_at_ms);
  if (operation.expiry == ExpiryKind::kIn) {
    const bool beyond = operation.expires_at_ms > kForever - time_ms_;
    expiry = beyond ? kForever : time_ms_ + operation.expires_at_ms;
  }
  switch (operation.kind) {
    case OperationKind::kSet:
      if ((operation.flags & kIfAbsent) != 0 && value) return std::nullopt;
      if ((operation.flags & kIfPresent) != 0 && !value) return std::nullopt;
      Leave(key, Bytes(operation.value), expiry);
      return "";
    case OperationKind::kAddTo: {
      const Bytes text = value.value_or("0");
      static const std::regex kNumber("0|-?[1-9][0-9]{0,18}");
      if (!std::regex_match(text, kNumber)) return std::nullopt;
      std::uint64_t addend = 0;
      std::memcpy(&addend, operation.value.data(), sizeof addend);
      const Wide number = WideOf(text);
      if (number < kLeast || number > kGreatest) return std::nullopt;
      const Wide sum = number + static_cast<std::int64_t>(addend);
      if (sum < kLeast || sum > kGreatest) return "";
      const Bytes result = std::to_string(static_cast<std::int64_t>(sum));
      Leave(key, result, old_expiry);
      return result;
    }
    case OperationKind::kExtend: {
      const Bytes longer = value.value_or("") + Bytes(operation.value);
      if (longer.size() > kValueSizeMax) return std::nullopt;
      Leave(key, longer, old_expiry);
      return std::to_string(longer.size());
    }
    default: break;
  }
  if (!value || (old_expiry == 0 && expiry == 0)) return std::nullopt;
  const std::uint64_t was = old_expiry == 0 ? kForever : old_expiry;
  const std::uint64_t is = expiry == 0 ? kForever : expiry;
  if ((operation.flags & kIfNever) != 0 && old_expiry != 0) return std::nullopt;
  if ((operation.flags & kIfSometime) != 0 && old_expiry == 0) return std::nullopt;
  if ((operation.flags & kIfLater) != 0 && is <= was) return std::nullopt;
  if ((operation.flags & kIfSooner) != 0 && is >= was) return std::nullopt;
  Leave(key, *value, expiry);
  return "";
}

void Model::Leave(const Bytes& key, const Bytes& value, std::uint64_t expires_at_ms) {
  touched_ = true;
  cells_.erase(key);
  if (expires_at_ms == 0) {
    cells_[key] = {.base = value};
  } else if (expires_at_ms > time_ms_) {
    cells_[key] = {.base = value, .expires_at_ms = expires_at_ms};
  }
}

std::uint64_t Model::Expiry(const Bytes& key) const {
  const auto place = cells_.find(key);
  if (place == cells_.end() || !place->second.expires_at_ms) return 0;
  return *place->second.expires_at_ms <= time_ms_ ? 0 : *place->second.expires_at_ms;
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
