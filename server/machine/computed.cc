// SPDX-License-Identifier: Apache-2.0
#include "server/machine/computed.h"

#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kForever = std::numeric_limits<std::uint64_t>::max();

// As it is written: no sign but a minus, no zeros before others.
std::optional<std::int64_t> Number(ByteView text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::to_string(number) == text ? std::optional(number) : std::nullopt;
}

// 0: never.
std::uint64_t ExpiryOf(const Operation& operation, const KeyState& state, std::uint64_t time_ms) {
  switch (operation.expiry) {
    case ExpiryKind::kNever: return 0;
    case ExpiryKind::kKeep: return state.expires_at_ms;
    // As a time 0 has come, and is not to be taken for never.
    case ExpiryKind::kAt: return operation.expires_at_ms == 0 ? 1 : operation.expires_at_ms;
    case ExpiryKind::kIn: break;
  }
  return operation.expires_at_ms > kForever - time_ms ? kForever
                                                      : time_ms + operation.expires_at_ms;
}

KeyState Left(Bytes value, std::uint64_t expires_at_ms, std::uint64_t time_ms) {
  if (expires_at_ms != 0 && expires_at_ms <= time_ms) return {};
  return {.value = std::move(value), .expires_at_ms = expires_at_ms};
}

Computed Set(const Operation& operation, const KeyState& state, std::uint64_t time_ms) {
  const bool refused = ((operation.flags & kIfAbsent) != 0 && state.value) ||
                       ((operation.flags & kIfPresent) != 0 && !state.value);
  if (refused) return {};
  const std::uint64_t expires_at_ms = ExpiryOf(operation, state, time_ms);
  return {.said = Bytes(), .left = Left(Bytes(operation.value), expires_at_ms, time_ms)};
}

Computed AddTo(const Operation& operation, KeyState state) {
  const std::optional<std::int64_t> number = state.value ? Number(*state.value) : 0;
  if (!number) return {};
  const auto addend = static_cast<std::int64_t>(LoadFixed<std::uint64_t>(operation.value.data()));
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, addend, &sum)) return {.said = Bytes()};
  state.value = std::to_string(sum);
  return {.said = state.value, .left = std::move(state)};
}

Computed Extend(const Operation& operation, KeyState state) {
  Bytes value = state.value ? *std::move(state.value) : Bytes();
  if (value.size() + operation.value.size() > kValueSizeMax) return {};
  value.append(operation.value);
  Computed computed{.said = std::to_string(value.size())};
  computed.left = {.value = std::move(value), .expires_at_ms = state.expires_at_ms};
  return computed;
}

bool ExpiresAsAsked(std::uint8_t flags, std::uint64_t before, std::uint64_t after) {
  const std::uint64_t old_time = before == 0 ? kForever : before;
  const std::uint64_t new_time = after == 0 ? kForever : after;
  return ((flags & kIfNever) == 0 || before == 0) && ((flags & kIfSometime) == 0 || before != 0) &&
         ((flags & kIfLater) == 0 || new_time > old_time) &&
         ((flags & kIfSooner) == 0 || new_time < old_time);
}

Computed Expire(const Operation& operation, KeyState state, std::uint64_t time_ms) {
  if (!state.value) return {};
  const std::uint64_t expires_at_ms = ExpiryOf(operation, state, time_ms);
  if (expires_at_ms == 0 && state.expires_at_ms == 0) return {};
  if (!ExpiresAsAsked(operation.flags, state.expires_at_ms, expires_at_ms)) return {};
  return {.said = Bytes(), .left = Left(*std::move(state.value), expires_at_ms, time_ms)};
}

}  // namespace

Computed Compute(const Operation& operation, KeyState state, std::uint64_t time_ms) {
  BEACH_CHECK(operation.is_computed());
  switch (operation.kind) {
    case OperationKind::kSet: return Set(operation, state, time_ms);
    case OperationKind::kAddTo: return AddTo(operation, std::move(state));
    case OperationKind::kExtend: return Extend(operation, std::move(state));
    default: return Expire(operation, std::move(state), time_ms);
  }
}

}  // namespace beach::server
