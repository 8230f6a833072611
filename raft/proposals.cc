// SPDX-License-Identifier: Apache-2.0
#include "raft/proposals.h"

#include <algorithm>

namespace beach::raft {

void Proposals::Add(RequestId request, Term term, LogIndex index, std::uint64_t deadline_ns) {
  deadline_ns_ = pending_.empty() ? deadline_ns : std::min(deadline_ns_, deadline_ns);
  pending_.push_back(
      {.request = request, .term = term, .index = index, .deadline_ns = deadline_ns});
  // Answers of a leader may overtake each other, and a new leader's log may be shorter.
  for (std::size_t i = pending_.size() - 1; i > 0 && pending_[i - 1].index > index; --i) {
    std::swap(pending_[i - 1], pending_[i]);
  }
}

void Proposals::Resolve(const Log& log, LogIndex commit, std::vector<ProposalFate>& fates) {
  while (!pending_.empty() && pending_.front().index <= commit) {
    const Pending& oldest = pending_.front();
    ProposalFate fate{
        .request = oldest.request, .index = oldest.index, .term = oldest.term, .error = {}};
    const std::optional<Term> term = log.TermAt(oldest.index);
    if (term) fate.fate = *term == oldest.term ? Fate::kCommitted : Fate::kLost;
    fates.push_back(fate);
    pending_.pop_front();
  }
}

void Proposals::Expire(std::uint64_t now_ns, std::vector<ProposalFate>& fates) {
  if (pending_.empty() || now_ns < deadline_ns_) return;
  std::uint64_t earliest = ~std::uint64_t{0};
  for (std::size_t left = pending_.size(); left > 0; --left) {
    const Pending oldest = pending_.front();
    pending_.pop_front();
    if (oldest.deadline_ns <= now_ns) {
      fates.push_back({.request = oldest.request,
                       .fate = Fate::kUnknown,
                       .index = oldest.index,
                       .term = oldest.term,
                       .error = {}});
    } else {
      earliest = std::min(earliest, oldest.deadline_ns);
      pending_.push_back(oldest);
    }
  }
  deadline_ns_ = earliest;
}

std::optional<std::uint64_t> Proposals::deadline_ns() const {
  if (pending_.empty()) return std::nullopt;
  return deadline_ns_;
}

}  // namespace beach::raft
