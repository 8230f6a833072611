// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fuzz/seeds.h"
#include "raft/message_encoding.h"
#include "raft/transfer/snapshot_frame.h"

namespace beach::fuzz {
namespace {

using namespace raft;  // NOLINT: its words

Bytes MessageSeed(Body body) {
  const Message message{.cluster = ClusterId(7),
                        .from = NodeId(1),
                        .to = NodeId(2),
                        .term = Term(3),
                        .body = std::move(body)};
  Bytes seed(1, static_cast<char>(TypeOf(message)));
  EncodeMessage(message, seed);
  return seed;
}

// With one entry of each kind.
Append AppendSeed(const Configuration& members) {
  Append append{
      .previous = LogIndex(5), .previous_term = Term(2), .commit = LogIndex(5), .entries = {}};
  const Bytes payloads[] = {"sand", "", EncodeConfiguration(members)};
  for (const Bytes& payload : payloads) {
    const std::size_t place = append.entries.size();
    append.entries.push_back({.term = Term(3),
                              .index = append.previous + place + 1,
                              .kind = static_cast<EntryKind>(place),
                              .payload = Payload::Copy(payload)});
  }
  return append;
}

void AddSnapshotSeeds(Seeds& seeds) {
  const auto add = [&](const std::string& name, SnapshotKey key, SnapshotBody body) {
    Bytes seed;
    EncodeSnapshotFrame({.transfer = SnapshotId(5), .key = key, .body = std::move(body)}, seed);
    seeds.push_back({"snapshot_frame", name, seed});
  };
  const SnapshotBegin begin{
      .index = LogIndex(9), .term = Term(2), .description = "levels", .sizes = {4, 300}};
  const SnapshotKey key = KeyOf(begin);
  add("begin", key, begin);
  add("chunk", key, SnapshotChunk{.place = 2, .file_crc = 7, .bytes = "nd"});
  add("resume", key, SnapshotResume{.place = 2});
  add("have", key, SnapshotHave{.place = 304});
  add("done", key, SnapshotDone{});
  add("refused", key, SnapshotRefused{});
}

}  // namespace

void AddRaftSeeds(Seeds& seeds) {
  Configuration members;
  members.voters = {NodeId(1), NodeId(2), NodeId(3)};
  members.learners = {NodeId(4)};
  const LogEnd end{.index = LogIndex(9), .term = Term(2)};
  const SnapshotMeta meta{.index = LogIndex(8),
                          .term = Term(2),
                          .configuration_index = LogIndex(1),
                          .configuration = members};
  const auto add = [&](const std::string& name, Body body) {
    seeds.push_back({"raft_message", name, MessageSeed(std::move(body))});
  };
  add("append", AppendSeed(members));
  add("append_reply",
      AppendReply{.accepted = false, .matched = {}, .previous = LogIndex(9), .hint = end});
  add("heartbeat", Heartbeat{.round = RoundId(4), .commit = LogIndex(8)});
  add("pre_vote", PreVote{.round = RoundId(1), .last = end});
  add("request_vote", RequestVote{.last = end, .transfer = true});
  add("vote_reply", VoteReply{.granted = true});
  add("install_snapshot", InstallSnapshot{.id = SnapshotId(1), .meta = meta});
  add("install_snapshot_reply",
      InstallSnapshotReply{
          .id = SnapshotId(1), .kind = SnapshotReplyKind::kHeld, .index = LogIndex(8)});
  add("timeout_now", TimeoutNow{});
  add("read_forward_reply",
      ReadForwardReply{.id = ForwardId(2), .granted = true, .index = LogIndex(8)});
  add("propose_forward",
      ProposeForward{.id = ForwardId(3), .payload = Payload::Copy("a proposal")});
  add("propose_forward_reply",
      ProposeForwardReply{.id = ForwardId(3), .accepted = true, .index = LogIndex(10), .error = 0});
  add("heartbeat_reply",
      HeartbeatReply{.round = RoundId(4), .lost = LogIndex(3), .snapshot_min = LogIndex(2)});
  add("fetch", Fetch{.first = LogIndex(3), .last = LogIndex(5)});
  add("fetch_reply", FetchReply{.previous = LogIndex(2),
                                .previous_term = Term(1),
                                .entries = {{.term = Term(1),
                                             .index = LogIndex(3),
                                             .kind = EntryKind::kNormal,
                                             .payload = Payload::Copy("what was lost")}}});
  AddSnapshotSeeds(seeds);
}

}  // namespace beach::fuzz
