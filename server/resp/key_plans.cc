// SPDX-License-Identifier: Apache-2.0
#include "server/resp/key_plans.h"

#include <utility>

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

RespPlanned PlanSet(const RespRequest& request) {
  if (request.size() > 3) return std::unexpected("ERR syntax error");
  return Plan(RespShape::kOk, {Put(request[1], request[2])});
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
