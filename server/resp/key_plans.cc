// SPDX-License-Identifier: Apache-2.0
#include "server/resp/key_plans.h"

#include <limits>
#include <memory>
#include <utility>

#include "base/coding.h"
#include "server/resp/command_table.h"
#include "server/resp/expiry_words.h"

namespace beach::server {
namespace {

Operation Get(ByteView key) { return {.kind = OperationKind::kGet, .key = key}; }
Operation Has(ByteView key) { return {.kind = OperationKind::kHas, .key = key}; }
Operation Delete(ByteView key) { return {.kind = OperationKind::kDelete, .key = key}; }
Operation Put(ByteView key, ByteView value) {
  return {.kind = OperationKind::kPut, .key = key, .value = value};
}

RespPlan Plan(RespShape shape, std::vector<Operation> operations) {
  return {.operations = std::move(operations), .shape = shape, .made = {}};
}

}  // namespace

RespPlanned PlanGet(const RespRequest& request) {
  return Plan(RespShape::kValue, {Get(request[1])});
}

RespPlanned PlanGetDel(const RespRequest& request) {
  return Plan(RespShape::kValue, {Get(request[1]), Delete(request[1])});
}

RespPlanned PlanGetSet(const RespRequest& request) {
  return Plan(RespShape::kValue, {Get(request[1]), Put(request[1], request[2])});
}

// SET key value and words in any order: a condition, GET, and an expiry or KEEPTTL.
RespPlanned PlanSet(const RespRequest& request) {
  const auto syntax = std::unexpected("ERR syntax error");
  Operation set{.kind = OperationKind::kSet, .key = request[1], .value = request[2]};
  bool gets = false;
  bool timed = false;
  for (std::size_t i = 3; i < request.size(); ++i) {
    const bool more = i + 1 < request.size();
    if (EqualsIgnoringCase(request[i], "NX")) {
      set.flags |= kIfAbsent;
    } else if (EqualsIgnoringCase(request[i], "XX")) {
      set.flags |= kIfPresent;
    } else if (EqualsIgnoringCase(request[i], "GET")) {
      gets = true;
    } else if (EqualsIgnoringCase(request[i], "KEEPTTL") && !timed) {
      timed = true;
      set.expiry = ExpiryKind::kKeep;
    } else if (const auto unit = ExpiryUnitOf(request[i]); unit && more && !timed) {
      timed = true;
      const auto told = SetExpiry(set, *unit, request[++i], request[0]);
      if (!told) return std::unexpected(told.error());
    } else {
      return syntax;
    }
  }
  if (set.flags == (kIfAbsent | kIfPresent)) return syntax;
  if (request.size() == 3) return Plan(RespShape::kOk, {Put(request[1], request[2])});
  if (gets) return Plan(RespShape::kValue, {Get(request[1]), set});
  return Plan(RespShape::kOkIfDone, {set});
}

RespPlanned PlanSetNx(const RespRequest& request) {
  return Plan(
      RespShape::kIsThere,
      {{.kind = OperationKind::kSet, .key = request[1], .value = request[2], .flags = kIfAbsent}});
}

namespace {

RespPlanned SetUntil(const RespRequest& request, ExpiryUnit unit) {
  Operation set{.kind = OperationKind::kSet, .key = request[1], .value = request[3]};
  const auto told = SetExpiry(set, unit, request[2], request[0]);
  if (!told) return std::unexpected(told.error());
  return Plan(RespShape::kOkIfDone, {set});
}

RespPlanned AddTo(ByteView key, std::int64_t addend) {
  RespPlan plan = Plan(RespShape::kSum, {});
  Bytes& bytes = *plan.made.emplace_back(std::make_unique<Bytes>());
  Encoder(bytes).Fixed64(static_cast<std::uint64_t>(addend));
  plan.operations.push_back({.kind = OperationKind::kAddTo, .key = key, .value = bytes});
  return plan;
}

}  // namespace

RespPlanned PlanSetEx(const RespRequest& request) {
  return SetUntil(request, {.milliseconds = false, .since_1970 = false});
}
RespPlanned PlanPsetEx(const RespRequest& request) {
  return SetUntil(request, {.milliseconds = true, .since_1970 = false});
}

RespPlanned PlanAppend(const RespRequest& request) {
  return Plan(RespShape::kLength,
              {{.kind = OperationKind::kExtend, .key = request[1], .value = request[2]}});
}

RespPlanned PlanIncr(const RespRequest& request) { return AddTo(request[1], 1); }
RespPlanned PlanDecr(const RespRequest& request) { return AddTo(request[1], -1); }

RespPlanned PlanIncrBy(const RespRequest& request) {
  const std::optional<std::int64_t> addend = IntegerIn(request[2]);
  if (!addend) return std::unexpected(kNoInteger);
  return AddTo(request[1], *addend);
}

RespPlanned PlanDecrBy(const RespRequest& request) {
  const std::optional<std::int64_t> less = IntegerIn(request[2]);
  if (!less) return std::unexpected(kNoInteger);
  if (*less == std::numeric_limits<std::int64_t>::min()) {
    return std::unexpected("ERR decrement would overflow");
  }
  return AddTo(request[1], -*less);
}

RespPlanned PlanMget(const RespRequest& request) {
  RespPlan plan = Plan(RespShape::kValues, {});
  for (std::size_t i = 1; i < request.size(); ++i) plan.operations.push_back(Get(request[i]));
  return plan;
}

RespPlanned PlanMset(const RespRequest& request) {
  if (request.size() % 2 == 0) {
    return std::unexpected("ERR wrong number of arguments for 'mset' command");
  }
  RespPlan plan = Plan(RespShape::kOk, {});
  for (std::size_t i = 1; i < request.size(); i += 2) {
    plan.operations.push_back(Put(request[i], request[i + 1]));
  }
  return plan;
}

RespPlanned PlanDel(const RespRequest& request) {
  RespPlan plan = Plan(RespShape::kCount, {});
  for (std::size_t i = 1; i < request.size(); ++i) {
    plan.operations.push_back(Has(request[i]));
    plan.operations.push_back(Delete(request[i]));
  }
  return plan;
}

RespPlanned PlanExists(const RespRequest& request) {
  RespPlan plan = Plan(RespShape::kCount, {});
  for (std::size_t i = 1; i < request.size(); ++i) plan.operations.push_back(Has(request[i]));
  return plan;
}

RespPlanned PlanStrlen(const RespRequest& request) {
  return Plan(RespShape::kLengthOf, {Get(request[1])});
}

RespPlanned PlanType(const RespRequest& request) {
  return Plan(RespShape::kType, {Has(request[1])});
}

}  // namespace beach::server
