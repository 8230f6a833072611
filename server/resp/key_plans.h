// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "server/resp/plan.h"

// What commands on keys are to the state machine. The arity of each has been looked at; the plan's
// views are of the request, which outlives it.

namespace beach::server {

RespPlanned PlanGet(const RespRequest& request);
RespPlanned PlanGetDel(const RespRequest& request);
RespPlanned PlanGetSet(const RespRequest& request);
RespPlanned PlanSet(const RespRequest& request);
RespPlanned PlanSetNx(const RespRequest& request);
RespPlanned PlanSetEx(const RespRequest& request);
RespPlanned PlanPsetEx(const RespRequest& request);
RespPlanned PlanAppend(const RespRequest& request);
RespPlanned PlanIncr(const RespRequest& request);
RespPlanned PlanDecr(const RespRequest& request);
RespPlanned PlanIncrBy(const RespRequest& request);
RespPlanned PlanDecrBy(const RespRequest& request);
RespPlanned PlanMget(const RespRequest& request);
RespPlanned PlanMset(const RespRequest& request);
RespPlanned PlanDel(const RespRequest& request);
RespPlanned PlanExists(const RespRequest& request);
RespPlanned PlanStrlen(const RespRequest& request);
RespPlanned PlanType(const RespRequest& request);

// expiry_plans.cc
RespPlanned PlanGetEx(const RespRequest& request);
RespPlanned PlanExpire(const RespRequest& request);
RespPlanned PlanPexpire(const RespRequest& request);
RespPlanned PlanExpireAt(const RespRequest& request);
RespPlanned PlanPexpireAt(const RespRequest& request);
RespPlanned PlanPersist(const RespRequest& request);
RespPlanned PlanTtl(const RespRequest& request);
RespPlanned PlanPttl(const RespRequest& request);
RespPlanned PlanExpireTime(const RespRequest& request);
RespPlanned PlanPexpireTime(const RespRequest& request);

}  // namespace beach::server
