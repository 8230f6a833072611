// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "base/coding.h"
#include "env/marks.h"
#include "sim/scenarios/raft_core_judge.h"

// What clients were told, and must be able to rely on.

namespace beach::sim::scenarios::raft_core {

raft::Payload PayloadOf(raft::RequestId request, std::uint64_t size) {
  Bytes bytes;
  Encoder(bytes).Fixed64(request.value);
  bytes.append(size, 'x');
  return raft::Payload::Copy(bytes);
}

namespace {

// Reads and proposals are numbered apart.
std::uint64_t CallOf(raft::RequestId request) { return 2 * request.value; }
std::uint64_t CallOf(raft::ReadContext read) { return 2 * read.value + 1; }

const char* NameOf(raft::Fate fate) {
  switch (fate) {
    case raft::Fate::kCommitted: return "done";
    case raft::Fate::kLost: return "lost";
    case raft::Fate::kUnknown: return "unknown";
    case raft::Fate::kRefused: return "refused";
  }
  return "?";
}

}  // namespace

raft::RequestId Judge::NewRequest(std::uint64_t place, bool is_change) {
  requests_.push_back({.place = place, .life = lives_[place].number, .is_change = is_change});
  const raft::RequestId request(requests_.size());
  told().Asked(place, CallOf(request), is_change ? "change of members" : "proposal");
  return request;
}

void Judge::Refused(raft::RequestId request) {
  Request& refused = requests_[request.value - 1];
  refused.fate = Known::kNever;
  told().Answered(refused.place, CallOf(request), "refused");
}

void Judge::FateTold(std::uint64_t place, const raft::ProposalFate& fate) {
  const std::string what = "proposal " + std::to_string(fate.request.value);
  told().Answered(place, CallOf(fate.request), NameOf(fate.fate), fate.index.value);
  Request& request = requests_.at(fate.request.value - 1);
  if (request.place != place || request.life != lives_[place].number ||
      request.fate != Known::kOpen) {
    simulation_.Fail("fate-twice", what + " had its answer, or was another's");
  }
  BEACH_SOMETIMES("raft_core.proposal_lost", fate.fate == raft::Fate::kLost);
  BEACH_SOMETIMES("raft_core.proposal_unknown", fate.fate == raft::Fate::kUnknown);
  BEACH_SOMETIMES("raft_core.proposal_refused_by_leader", fate.fate == raft::Fate::kRefused);
  if (fate.fate == raft::Fate::kUnknown) {
    request.fate = Known::kUnknown;
    return;
  }
  if (fate.fate != raft::Fate::kCommitted) {
    request.fate = Known::kNever;
    if (request.applied_at == 0) return;
    simulation_.Fail("applied-though-lost", what + " was applied at index " +
                                                std::to_string(request.applied_at) +
                                                ", and its client is told that it never will be");
  }
  request.fate = Known::kCommitted;
  request.told_at = fate.index.value;
  const std::uint64_t index = request.told_at;
  const std::uint64_t there = index < requests_at_.size() ? requests_at_[index] : 0;
  const bool elsewhere = request.applied_at != 0 && request.applied_at != index;
  const bool taken = !request.is_change && there != 0 && there != fate.request.value;
  if (index == 0 || index > committed() || elsewhere || taken) {
    simulation_.Fail("fate-wrong", what + " is said to be committed at index " +
                                       std::to_string(index) + ", and is not");
  }
}

// Whatever is committed anywhere when it is asked, whoever knows of it.
raft::ReadContext Judge::NewRead(std::uint64_t place) {
  reads_.push_back({.place = place, .life = lives_[place].number, .least = committed()});
  const raft::ReadContext context(reads_.size());
  told().Asked(place, CallOf(context), "read");
  return context;
}

void Judge::ReadRefused(raft::ReadContext context) {
  Read& read = reads_[context.value - 1];
  read.open = false;
  told().Answered(read.place, CallOf(context), "refused");
}

void Judge::ReadAnswered(std::uint64_t place, const raft::testing::Node& node,
                         const raft::ReadAnswer& answer) {
  told().Answered(place, CallOf(answer.context), answer.error ? "refused" : "done",
                  answer.index.value);
  Read& read = reads_.at(answer.context.value - 1);
  if (!read.open || read.place != place || read.life != lives_[place].number) {
    simulation_.Fail("fate-twice", "read " + std::to_string(answer.context.value) +
                                       " had its answer, or was another's");
  }
  read.open = false;
  if (answer.error) return;
  BEACH_SOMETIMES("raft_core.read_forwarded", node.core().role() != raft::Role::kLeader);
  const std::uint64_t state = node.state().index.value;
  if (state < read.least || answer.index.value < read.least || state < answer.index.value) {
    simulation_.Fail("read-missed", "a read at node " + std::to_string(place + 1) + " of index " +
                                        std::to_string(answer.index.value) + " sees " +
                                        std::to_string(state) + " entries; " +
                                        std::to_string(read.least) +
                                        " were committed when it was asked");
  }
}

void Judge::ExpectAllAnswered(const raft::Configuration& members) {
  for (std::size_t i = 0; i < requests_.size(); ++i) {
    const Request& request = requests_[i];
    if (request.fate != Known::kOpen || request.life != lives_[request.place].number) continue;
    simulation_.Fail("fate-untold", "nobody was told what became of proposal " +
                                        std::to_string(i + 1) + " to node " +
                                        std::to_string(request.place + 1));
  }
  for (std::size_t i = 0; i < reads_.size(); ++i) {
    const Read& read = reads_[i];
    if (!read.open || read.life != lives_[read.place].number) continue;
    if (!members.IsMember(raft::NodeId(read.place + 1))) continue;
    simulation_.Fail("fate-untold", "read " + std::to_string(i + 1) + " of node " +
                                        std::to_string(read.place + 1) + " is not answered");
  }
}

}  // namespace beach::sim::scenarios::raft_core
