// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "raft/log.h"
#include "raft/output.h"
#include "raft/ring.h"
#include "raft/types.h"

namespace beach::raft {

// Proposals of this node's driver that stand in some leader's log at a known (term, index), until
// their fate is known. It is once that index is committed, by the term of what is committed there;
// that an entry was cut from one log says nothing, as another node may still hold it and win.
class Proposals {
 public:
  std::uint64_t size() const { return pending_.size(); }
  void Add(RequestId request, Term term, LogIndex index, std::uint64_t deadline_ns);
  // Committed up to `commit`.
  void Resolve(const Log& log, LogIndex commit, std::vector<ProposalFate>& fates);
  void Expire(std::uint64_t now_ns, std::vector<ProposalFate>& fates);
  std::optional<std::uint64_t> deadline_ns() const;

 private:
  struct Pending {
    RequestId request;
    Term term;
    LogIndex index;
    std::uint64_t deadline_ns = 0;
  };
  Ring<Pending> pending_;          // by index
  std::uint64_t deadline_ns_ = 0;  // none is due before
};

// What this node has forwarded to its leader, in one term, and not had an answer to. The ids grow,
// and are of no earlier life of the node. Q is what the driver calls it.
template <class Q>
class Forwards {
 public:
  std::uint64_t size() const { return pending_.size(); }
  void Add(ForwardId id, Q question, std::uint64_t deadline_ns) {
    pending_.push_back({.id = id, .question = question, .deadline_ns = deadline_ns});
  }
  // Nothing: an answer to what is not asked any more.
  std::optional<Q> Take(ForwardId id) {
    for (std::size_t i = 0; i < pending_.size(); ++i) {
      if (pending_[i].id != id || pending_[i].answered) continue;
      const Q question = pending_[i].question;
      pending_[i].answered = true;
      while (!pending_.empty() && pending_.front().answered) pending_.pop_front();
      return question;
    }
    return std::nullopt;
  }
  // The oldest, if it is due.
  std::optional<Q> TakeExpired(std::uint64_t now_ns) {
    if (pending_.empty() || pending_.front().deadline_ns > now_ns) return std::nullopt;
    return Take(pending_.front().id);
  }
  std::optional<std::uint64_t> deadline_ns() const {
    if (pending_.empty()) return std::nullopt;
    return pending_.front().deadline_ns;
  }

 private:
  struct Pending {
    ForwardId id;
    Q question{};
    std::uint64_t deadline_ns = 0;
    bool answered = false;
  };
  Ring<Pending> pending_;  // by id, and by deadline; the first is not answered
};

}  // namespace beach::raft
