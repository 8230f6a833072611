// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/call_watch.h"

#include <string>

#include "base/check.h"

namespace beach::sim::scenarios {
namespace {

std::string NameOf(raft::CallId call) {
  if (const auto* const request = std::get_if<raft::RequestId>(&call)) {
    return "proposal " + std::to_string(request->value);
  }
  return "read " + std::to_string(std::get<raft::ReadContext>(call).value);
}

}  // namespace

void CallWatch::Asked(raft::CallId call, std::uint64_t now_ns) {
  const bool is_new = calls_.emplace(call, Call{.asked_ns = now_ns, .known_at = {}}).second;
  BEACH_CHECK(is_new);
}

oracle::Judgement CallWatch::Answered(raft::CallId call) {
  if (calls_.erase(call) == 1) return {};
  return oracle::Violation{.rule = "call-answered-twice",
                           .message = NameOf(call) + " is answered, and does not wait"};
}

void CallWatch::Known(raft::CallId call, raft::LogIndex at) {
  const auto found = calls_.find(call);
  if (found != calls_.end()) found->second.known_at = at;  // else it has waited too long
}

oracle::Judgement CallWatch::Turned(std::span<const raft::ProposalFate> fates,
                                    std::span<const raft::ReadAnswer> reads,
                                    raft::LogIndex applied) {
  for (const auto& [call, state] : calls_) {
    if (!state.known) continue;
    return oracle::Violation{.rule = "call-kept-waiting",
                             .message = NameOf(call) +
                                        " waits, and what came of it was known "
                                        "before the last turn"};
  }
  for (const raft::ProposalFate& fate : fates) {
    Known(fate.request, fate.fate == raft::Fate::kCommitted ? fate.index : raft::LogIndex{});
  }
  for (const raft::ReadAnswer& read : reads) Known(read.context, {});
  for (auto& [call, state] : calls_) state.known = state.known_at && *state.known_at <= applied;
  return {};
}

oracle::Judgement CallWatch::Look(std::uint64_t now_ns) {
  for (auto& [call, state] : calls_) {
    if (now_ns - state.asked_ns <= call_max_ns_) continue;
    if (++state.late_looks <= kLateLooksMax) continue;
    return oracle::Violation{.rule = "call-overdue",
                             .message = NameOf(call) + " waits for " +
                                        std::to_string(now_ns - state.asked_ns) +
                                        " ns, and may for " + std::to_string(call_max_ns_)};
  }
  return {};
}

}  // namespace beach::sim::scenarios
