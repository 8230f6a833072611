// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "raft/testing/node.h"

namespace beach::raft::testing {

// What must hold of a cluster, judged from outside while it runs: the properties of figure 3.2,
// that what a node says is on its disk, and what its clients were told. The first that breaks stays
// in `broken`.
class History {
 public:
  std::string broken;  // empty: none

  // All look at a node after it took an input and was pumped.
  void Look(NodeId id, const Node& node, const std::vector<const Node*>& all);
  // Before its messages leave.
  void Speaks(NodeId id, const Node& node, const Message& message);
  void Applies(NodeId id, const Node& node, const Entry& entry);
  void Installs(NodeId id, const Node& node);
  void Crashed(NodeId id);

  void ReadAsked(ReadContext context);
  void ReadAnswered(NodeId id, const Node& node, const ReadAnswer& answer);
  void FateTold(NodeId id, const ProposalFate& fate);
  // Proposed and refused at once: it is in no log.
  void Refused(RequestId request) { never_.push_back(request); }

  std::uint64_t committed() const { return committed_.size(); }
  std::uint64_t reads_granted() const { return reads_granted_; }
  std::uint64_t leaders() const { return leaders_.size(); }

 private:
  struct Committed {
    Term term;
    Term seen_in;  // the term of who first said so: no less than that in which it was committed
  };
  struct Applied {
    bool known = false;
    std::uint64_t digest = 0;
    RequestId request;
  };
  void Break(NodeId id, const std::string& what);
  void LookAtCommit(NodeId id, const Node& node, const std::vector<const Node*>& all);
  void LookAtLeader(NodeId id, const Node& node);
  bool OnAQuorumOfDisks(const Node& leader, LogIndex index, Term term,
                        const std::vector<const Node*>& all) const;
  void CheckState(NodeId id, const State& state, RequestId request);

  std::vector<Committed> committed_;  // entry 1 first
  std::vector<Applied> applied_;
  std::map<std::uint64_t, std::uint64_t> places_;  // request to index
  std::vector<RequestId> never_;                   // must not be applied
  std::map<Term, NodeId> leaders_;
  std::map<NodeId, LogIndex> seen_commit_;
  std::map<NodeId, Term> disk_terms_;
  std::map<std::uint64_t, LogIndex> reads_;  // context to what it must see
  std::uint64_t reads_granted_ = 0;
};

// The payload of a proposal names it.
Payload PayloadOf(RequestId request);
RequestId RequestOf(const Entry& entry);  // 0: none

}  // namespace beach::raft::testing
