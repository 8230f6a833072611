// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "raft/types.h"

namespace beach::raft {

// Of voters, old and new ones each. Tallies are arrays of this size.
inline constexpr std::uint64_t kVotersMax = 31;
inline constexpr std::uint64_t kMembersMax = 64;

// Who decides, and who is only told (chapter 4). All lists are sorted and without repeats.
struct Configuration {
  std::vector<NodeId> voters;
  // Not empty: a joint configuration. Decisions take a majority of these too (4.3).
  std::vector<NodeId> outgoing;
  std::vector<NodeId> learners;  // receive the log, and count nowhere (4.2.1)
  // Outgoing voters that will be learners once the joint configuration is left.
  std::vector<NodeId> learners_next;
  bool auto_leave = false;  // of a joint one: whoever leads leaves it once it is committed

  bool joint() const { return !outgoing.empty(); }
  bool IsVoter(NodeId node) const;  // of either half
  bool IsMember(NodeId node) const;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// Nothing where it is sound; else what is wrong with it. One without voters is sound: that of a
// node which waits to be told.
std::optional<const char*> Unsound(const Configuration& configuration);

enum class ChangeKind : std::uint8_t { kAddVoter, kAddLearner, kRemove };
struct Change {
  ChangeKind kind;
  NodeId node;  // a learner becomes a voter by kAddVoter, a voter a learner by kAddLearner
};

// What follows from the changes, or why they cannot be made. REQUIRES: `from` is sound.
using ChangeResult = std::expected<Configuration, const char*>;
// In one step: at most one voter comes or goes, so any two majorities overlap (4.1).
ChangeResult ChangeSimply(const Configuration& from, std::span<const Change> changes);
ChangeResult EnterJoint(const Configuration& from, std::span<const Change> changes,
                        bool auto_leave);
ChangeResult LeaveJoint(const Configuration& from);

// The payload of a configuration entry. Decoding takes hostile bytes: nothing where they are not
// those of a sound configuration.
Bytes EncodeConfiguration(const Configuration& configuration);
std::optional<Configuration> DecodeConfiguration(ByteView bytes);

// The configurations of a log: each is in force from its entry on, committed or not, and ends with
// it when the entry is cut (4.1). The first is that of the log's begin.
class ConfigurationHistory {
 public:
  explicit ConfigurationHistory(LogIndex index, Configuration configuration);

  const Configuration& current() const { return changes_.back().configuration; }
  LogIndex current_index() const { return changes_.back().index; }
  const Configuration& At(LogIndex index) const;
  LogIndex IndexAt(LogIndex index) const;
  // Of the one in force at `index`, or of any behind it.
  bool IsVoterSince(LogIndex index, NodeId node) const;

  // REQUIRES: above current_index().
  void Append(LogIndex index, Configuration configuration);
  // That of an entry which was lost. REQUIRES: above the first; none is known of that index.
  void Insert(LogIndex index, Configuration configuration);
  // True: the one in force is another now. REQUIRES: above the first.
  bool TruncateFrom(LogIndex from);
  // Forgets what was in force before `index` alone.
  void Compact(LogIndex index);
  // What was in force up to `upto` is this one, of an entry at or before it, whatever was known.
  // True: the one in force now is another than before.
  bool Rebase(LogIndex upto, LogIndex index, Configuration configuration);
  // All there is comes from a snapshot.
  void Reset(LogIndex index, Configuration configuration);

 private:
  struct InForce {
    LogIndex index;
    Configuration configuration;
  };
  std::size_t Find(LogIndex index) const;

  std::vector<InForce> changes_;  // by index; never empty
};

}  // namespace beach::raft
