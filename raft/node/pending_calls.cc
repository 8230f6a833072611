// SPDX-License-Identifier: Apache-2.0
#include "raft/node/pending_calls.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "env/marks.h"

namespace beach::raft {

RequestId PendingCalls::AddProposal(Replica::ProposeDone done, std::uint64_t deadline_ns) {
  last_request_ = last_request_.Next();
  proposals_[last_request_] = {
      .done = std::move(done), .deadline_ns = deadline_ns, .committed = {}};
  return last_request_;
}

ReadContext PendingCalls::AddRead(Replica::ReadDone done, std::uint64_t deadline_ns) {
  last_context_ = last_context_.Next();
  reads_[last_context_] = {.done = std::move(done), .deadline_ns = deadline_ns};
  return last_context_;
}

void PendingCalls::Finish(RequestId request, Outcome outcome) {
  const auto found = proposals_.find(request);
  BEACH_CHECK(found != proposals_.end());
  if (found->second.committed != LogIndex{}) committed_.erase(found->second.committed);
  ready_.push_back(
      [done = std::move(found->second.done), outcome = std::move(outcome)] { done(outcome); });
  proposals_.erase(found);
}

void PendingCalls::Refused(RequestId request, ProposeError error) {
  Finish(request, {.fate = Fate::kRefused, .error = error, .index = {}, .answer = {}});
}

void PendingCalls::Told(const ProposalFate& fate) {
  const auto found = proposals_.find(fate.request);
  if (found == proposals_.end()) return;  // it waited too long
  if (fate.fate != Fate::kCommitted) {
    return Finish(fate.request,
                  {.fate = fate.fate, .error = fate.error, .index = fate.index, .answer = {}});
  }
  if (fate.index > applied_) {
    found->second.committed = fate.index;
    committed_[fate.index] = fate.request;
    return;
  }
  const Answer* const answer = FindAnswer(fate.index);
  // Committed, and nobody knows any more what came of it: only a session can tell.
  if (answer == nullptr) {
    return Finish(fate.request,
                  {.fate = Fate::kUnknown, .error = {}, .index = fate.index, .answer = {}});
  }
  Finish(fate.request,
         {.fate = Fate::kCommitted, .error = {}, .index = fate.index, .answer = answer->bytes});
}

void PendingCalls::Applied(LogIndex index, const Bytes& answer) {
  BEACH_CHECK(index > applied_);
  applied_ = index;
  const auto waits = committed_.find(index);
  if (waits == committed_.end()) return Keep(index, answer);
  Finish(waits->second, {.fate = Fate::kCommitted, .error = {}, .index = index, .answer = answer});
}

const PendingCalls::Answer* PendingCalls::FindAnswer(LogIndex index) const {
  const auto found = std::ranges::lower_bound(answers_, index, {}, &Answer::index);
  return found != answers_.end() && found->index == index ? &*found : nullptr;
}

void PendingCalls::Keep(LogIndex index, const Bytes& answer) {
  if (answer.size() > limits_.answer_bytes_max || limits_.answers_max == 0) return;
  answers_.push_back({.index = index, .bytes = answer});
  answer_bytes_ += answer.size();
  while (answers_.size() > limits_.answers_max || answer_bytes_ > limits_.answer_bytes_max) {
    answer_bytes_ -= answers_.front().bytes.size();
    answers_.pop_front();
  }
}

void PendingCalls::ReadAnswered(ReadContext context, std::optional<ReadError> error) {
  const auto found = reads_.find(context);
  if (found == reads_.end()) return;
  ready_.push_back([done = std::move(found->second.done), error] { done(error); });
  reads_.erase(found);
}

void PendingCalls::Expire(std::uint64_t now_ns) {
  std::vector<RequestId> proposals;
  for (const auto& [request, proposal] : proposals_) {
    if (proposal.deadline_ns <= now_ns) proposals.push_back(request);
  }
  for (const RequestId request : proposals) Finish(request, {});
  std::vector<ReadContext> reads;
  for (const auto& [context, read] : reads_) {
    if (read.deadline_ns <= now_ns) reads.push_back(context);
  }
  for (const ReadContext context : reads) ReadAnswered(context, ReadError::kUnanswered);
}

void PendingCalls::GiveUp() { Expire(~std::uint64_t{0}); }

void PendingCalls::Installed(LogIndex index) {
  if (index <= applied_) return;
  applied_ = index;
  std::vector<RequestId> passed;
  for (const auto& [at, request] : committed_) {
    if (at <= index) passed.push_back(request);
  }
  BEACH_SOMETIMES("raft.call_passed_by_snapshot", !passed.empty());
  for (const RequestId request : passed) Finish(request, {});
}

void PendingCalls::Deliver() {
  std::vector<std::function<void()>> ready;
  std::swap(ready, ready_);
  for (const auto& answer : ready) answer();
}

}  // namespace beach::raft
