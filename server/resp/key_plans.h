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
RespPlanned PlanMget(const RespRequest& request);
RespPlanned PlanMset(const RespRequest& request);
RespPlanned PlanDel(const RespRequest& request);
RespPlanned PlanExists(const RespRequest& request);
RespPlanned PlanStrlen(const RespRequest& request);
RespPlanned PlanType(const RespRequest& request);

}  // namespace beach::server
