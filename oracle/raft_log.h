// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/strong_id.h"

// What the oracle of Raft knows of one node's log.

namespace beach::oracle {

using RaftNode = StrongId<struct RaftNodeTag>;
using RaftTerm = StrongId<struct RaftTermTag>;    // 0: before the first election
using RaftIndex = StrongId<struct RaftIndexTag>;  // of an entry, from 1; 0: before the first

// Who votes. While two configurations are joined, a majority of each is needed.
struct RaftConfiguration {
  std::vector<RaftNode> voters;
  std::vector<RaftNode> outgoing = {};  // the voters that were; none: not joined

  friend bool operator==(const RaftConfiguration&, const RaftConfiguration&) = default;
};

struct RaftEntry {
  RaftIndex index;
  RaftTerm term;
  std::uint64_t digest = 0;                             // of its payload
  std::optional<RaftConfiguration> configuration = {};  // in force from its append on
  // Damaged where it stands: index and term are known, and name it.
  bool is_lost = false;
};

// Where a log begins: all up to that index is in a snapshot.
struct RaftBase {
  RaftIndex index;
  RaftTerm term;
  RaftConfiguration configuration;
};

// A node's log as digests. Each entry has a *chain*: a digest of it and of all before it, so that
// equal chains at an index mean equal logs up to there.
class RaftLog {
 public:
  explicit RaftLog(RaftConfiguration initial) {
    Reset({.index = {}, .term = {}, .configuration = std::move(initial)}, 0);
  }

  // Empty, behind a snapshot whose last entry has that chain.
  void Reset(RaftBase base, std::uint64_t chain);
  // REQUIRES: index end().Next().
  void Append(const RaftEntry& entry);
  // One whose bytes are not there. REQUIRES: the same index.
  void AppendKnown(const RaftEntry& entry, std::uint64_t chain);
  // The chain that the entry would have at the end.
  std::uint64_t ChainWith(const RaftEntry& entry) const;
  // REQUIRES: index above begin().
  void TruncateFrom(RaftIndex index);
  // All up to the index is in a snapshot. REQUIRES: it is in the log.
  void DropTo(RaftIndex index);
  // What was in force up to where the log begins.
  void SetFirstConfiguration(RaftConfiguration configuration);

  RaftIndex begin() const { return base_; }                                   // excluded
  RaftIndex end() const { return RaftIndex(base_.value + entries_.size()); }  // included
  bool Has(RaftIndex index) const { return index >= begin() && index <= end(); }
  // REQUIRES: Has(index).
  std::uint64_t ChainAt(RaftIndex index) const { return At(index).chain; }
  RaftTerm TermAt(RaftIndex index) const { return At(index).term; }
  // The last that was appended.
  const RaftConfiguration& configuration() const { return configurations_.back().configuration; }

 private:
  struct Place {
    RaftTerm term;
    std::uint64_t chain = 0;
  };
  struct Configured {
    RaftIndex index;
    RaftConfiguration configuration;
  };

  const Place& At(RaftIndex index) const;

  RaftIndex base_;
  Place base_place_;
  std::deque<Place> entries_;
  std::vector<Configured> configurations_;  // never empty; the first is as of base_ or before
};

}  // namespace beach::oracle
