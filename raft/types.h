// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "base/strong_id.h"
#include "raft/payload.h"

// The words of consensus. Section numbers in this folder are those of Ongaro's dissertation
// ("Consensus: Bridging Theory and Practice", 2014).

namespace beach::raft {

using Term = StrongId<struct TermTag>;            // 0: before the first election
using LogIndex = StrongId<struct LogIndexTag>;    // the first entry's is 1; 0: before it
using NodeId = StrongId<struct NodeIdTag>;        // 0: none
using ClusterId = StrongId<struct ClusterIdTag>;  // messages of other clusters are not heard

using RequestId = StrongId<struct RequestIdTag>;    // of a proposal: the driver's own, opaque here
using ReadContext = StrongId<struct ReadTag>;       // of a read: the same
using ForwardId = StrongId<struct ForwardIdTag>;    // of what a follower forwards: never reused
using RoundId = StrongId<struct RoundIdTag>;        // of a round of heartbeats; 0: none
using PersistId = StrongId<struct PersistIdTag>;    // of what is handed to storage; 0: nothing
using SnapshotId = StrongId<struct SnapshotIdTag>;  // of one transfer or install; 0: none

constexpr LogIndex operator+(LogIndex index, std::uint64_t count) {
  return LogIndex(index.value + count);
}
// REQUIRES: index is at least `count`.
constexpr LogIndex operator-(LogIndex index, std::uint64_t count) {
  return LogIndex(index.value - count);
}
// How many indexes lie in (after, upto]; 0 where that is empty.
constexpr std::uint64_t CountBetween(LogIndex after, LogIndex upto) {
  return upto > after ? upto.value - after.value : 0;
}

// Values are on disk and on the wire: never renumbered.
enum class EntryKind : std::uint8_t {
  kNormal = 0,
  kNoOp = 1,           // of a leader, at the begin of its term
  kConfiguration = 2,  // its payload is an encoded Configuration, in force once it is in the log
  // What it was is not known: its bytes were damaged on this node's disk. Index and term are, and
  // name it: whatever node has an entry of these two has the same. No message carries it.
  kLost = 3,
};

struct Entry {
  Term term;
  LogIndex index;
  EntryKind kind = EntryKind::kNormal;
  Payload payload;
};

// No index is above it: arithmetic on what a decoder gives cannot overflow.
inline constexpr LogIndex kLogIndexMax{std::uint64_t{1} << 62};
// Nobody gets that far. What other nodes say is not believed above these: counting on from there
// takes a node to no end that matters.
inline constexpr LogIndex kSaidIndexMax{std::uint64_t{1} << 61};
inline constexpr Term kSaidTermMax{std::uint64_t{1} << 61};

// What every limit in bytes counts an entry as, so that empty ones are not free.
inline constexpr std::uint64_t kEntryOverhead = 32;
inline std::uint64_t EntrySize(const Entry& entry) { return kEntryOverhead + entry.payload.size(); }

// What must be durable before a word is spoken in that term (3.8).
struct HardState {
  Term term;
  NodeId vote;  // whom this node voted for in `term`

  friend constexpr bool operator==(const HardState&, const HardState&) = default;
};

enum class Role : std::uint8_t {
  kFollower,
  kPreCandidate,  // asks whether it could win, and has not changed its term (9.6)
  kCandidate,
  kLeader,
};
const char* RoleName(Role role);

// Elapsed time, in 64 bits; a clock that steps back has not moved.
constexpr std::uint64_t ElapsedNs(std::uint64_t since_ns, std::uint64_t now_ns) {
  return now_ns > since_ns ? now_ns - since_ns : 0;
}

}  // namespace beach::raft
