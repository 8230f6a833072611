// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <limits>
#include <utility>

#include "server/resp/command_table.h"
#include "server/resp/expiry_words.h"
#include "server/resp/key_plans.h"

namespace beach::server {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

RespPlanned Only(RespShape shape, const Operation& operation) {
  return RespPlan{.operations = {operation}, .shape = shape, .made = {}};
}

RespPlanned WhenOf(const RespRequest& request, RespShape shape) {
  return Only(shape, {.kind = OperationKind::kExpiry, .key = request[1]});
}

// EXPIRE key number [NX | XX | GT | LT]
RespPlanned Expire(const RespRequest& request, ExpiryUnit unit) {
  Operation expire{.kind = OperationKind::kExpire, .key = request[1]};
  const auto told = SetAnyExpiry(expire, unit, request[2], request[0]);
  if (!told) return std::unexpected(told.error());
  for (std::size_t i = 3; i < request.size(); ++i) {
    if (EqualsIgnoringCase(request[i], "NX")) {
      expire.flags |= kIfNever;
    } else if (EqualsIgnoringCase(request[i], "XX")) {
      expire.flags |= kIfSometime;
    } else if (EqualsIgnoringCase(request[i], "GT")) {
      expire.flags |= kIfLater;
    } else if (EqualsIgnoringCase(request[i], "LT")) {
      expire.flags |= kIfSooner;
    } else {
      return std::unexpected("ERR Unsupported option " + Printable(request[i]));
    }
  }
  const bool never_and_other = (expire.flags & kIfNever) != 0 && expire.flags != kIfNever;
  if (never_and_other) {
    return std::unexpected("ERR NX and XX, GT or LT options at the same time are not compatible");
  }
  if ((expire.flags & kIfLater) != 0 && (expire.flags & kIfSooner) != 0) {
    return std::unexpected("ERR GT and LT options at the same time are not compatible");
  }
  return Only(RespShape::kIsThere, expire);
}

}  // namespace

std::optional<std::int64_t> IntegerIn(ByteView text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

std::optional<ExpiryUnit> ExpiryUnitOf(ByteView word) {
  if (EqualsIgnoringCase(word, "EX")) return ExpiryUnit{};
  if (EqualsIgnoringCase(word, "PX")) return ExpiryUnit{.milliseconds = true};
  if (EqualsIgnoringCase(word, "EXAT")) return ExpiryUnit{.since_1970 = true};
  if (EqualsIgnoringCase(word, "PXAT")) {
    return ExpiryUnit{.milliseconds = true, .since_1970 = true};
  }
  return std::nullopt;
}

std::expected<void, std::string> SetAnyExpiry(Operation& operation, ExpiryUnit unit,
                                              ByteView number, ByteView command_name) {
  const std::optional<std::int64_t> time = IntegerIn(number);
  if (!time) return std::unexpected(kNoInteger);
  const std::int64_t scale = unit.milliseconds ? 1 : kMsPerSecond;
  if (*time > std::numeric_limits<std::int64_t>::max() / scale) {
    return std::unexpected("ERR invalid expire time in '" + LowerCase(command_name) + "' command");
  }
  operation.expiry = unit.since_1970 ? ExpiryKind::kAt : ExpiryKind::kIn;
  operation.expires_at_ms = *time > 0 ? static_cast<std::uint64_t>(*time * scale) : 0;
  return {};
}

std::expected<void, std::string> SetExpiry(Operation& operation, ExpiryUnit unit, ByteView number,
                                           ByteView command_name) {
  const auto set = SetAnyExpiry(operation, unit, number, command_name);
  if (set && operation.expires_at_ms == 0) {
    return std::unexpected("ERR invalid expire time in '" + LowerCase(command_name) + "' command");
  }
  return set;
}

RespPlanned PlanGetEx(const RespRequest& request) {
  const Operation get{.kind = OperationKind::kGet, .key = request[1]};
  if (request.size() == 2) return Only(RespShape::kValue, get);
  Operation expire{.kind = OperationKind::kExpire, .key = request[1]};
  const std::optional<ExpiryUnit> unit = ExpiryUnitOf(request[2]);
  if (unit && request.size() == 4) {
    const auto told = SetExpiry(expire, *unit, request[3], request[0]);
    if (!told) return std::unexpected(told.error());
  } else if (!EqualsIgnoringCase(request[2], "PERSIST") || request.size() != 3) {
    return std::unexpected("ERR syntax error");
  }
  return RespPlan{.operations = {get, expire}, .shape = RespShape::kValue, .made = {}};
}

RespPlanned PlanExpire(const RespRequest& request) { return Expire(request, {}); }
RespPlanned PlanPexpire(const RespRequest& request) {
  return Expire(request, {.milliseconds = true});
}
RespPlanned PlanExpireAt(const RespRequest& request) {
  return Expire(request, {.since_1970 = true});
}
RespPlanned PlanPexpireAt(const RespRequest& request) {
  return Expire(request, {.milliseconds = true, .since_1970 = true});
}

RespPlanned PlanPersist(const RespRequest& request) {
  return Only(RespShape::kIsThere, {.kind = OperationKind::kExpire, .key = request[1]});
}

RespPlanned PlanTtl(const RespRequest& request) { return WhenOf(request, RespShape::kTtl); }
RespPlanned PlanPttl(const RespRequest& request) { return WhenOf(request, RespShape::kPttl); }
RespPlanned PlanExpireTime(const RespRequest& request) {
  return WhenOf(request, RespShape::kExpireTime);
}
RespPlanned PlanPexpireTime(const RespRequest& request) {
  return WhenOf(request, RespShape::kPexpireTime);
}

}  // namespace beach::server
