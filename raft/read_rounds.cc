// SPDX-License-Identifier: Apache-2.0
#include "raft/read_rounds.h"

#include <utility>

#include "base/check.h"

namespace beach::raft {

void ReadRounds::Add(PendingRead read, std::optional<LogIndex> commit) {
  read.round = {};
  if (commit) {
    read.index = *commit;
    read.round = sent_.Next();
    wanted_ = true;
  }
  reads_.push_back(read);
}

void ReadRounds::CommittedInTerm(LogIndex commit) {
  for (std::size_t i = reads_.size(); i-- > 0 && reads_[i].round == RoundId{};) {
    reads_[i].index = commit;
    reads_[i].round = sent_.Next();
    wanted_ = true;
  }
}

RoundId ReadRounds::Begin() {
  wanted_ = false;
  sent_ = sent_.Next();
  return sent_;
}

bool ReadRounds::Ready(RoundId answered) const {
  if (reads_.empty() || reads_.front().round == RoundId{}) return false;
  return reads_.front().round <= answered;
}

PendingRead ReadRounds::Take() {
  BEACH_CHECK(!reads_.empty());
  const PendingRead read = reads_.front();
  reads_.pop_front();
  return read;
}

}  // namespace beach::raft
