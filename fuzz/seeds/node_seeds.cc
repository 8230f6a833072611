// SPDX-License-Identifier: Apache-2.0
#include "base/coding.h"
#include "fuzz/seeds.h"
#include "server/machine/place.h"
#include "server/machine/session_rows.h"
#include "server/machine/snapshot.h"

namespace beach::fuzz {
namespace {

using namespace server;  // NOLINT: its words

engine::LogMark Mark() {
  raft::Configuration members;
  members.voters = {raft::NodeId(1), raft::NodeId(2), raft::NodeId(300)};
  members.learners = {raft::NodeId(4)};
  const Place place{
      .index = raft::LogIndex(9), .term = raft::Term(2), .time_ms = 256, .digest = 258};
  return EncodePlace(place, MakePlaceConfiguration(raft::LogIndex(4), members));
}

engine::PinnedFile Table(std::uint64_t number) {
  engine::PinnedFile file;
  file.number = engine::FileNumber(number);
  file.size_bytes = 4321;
  file.level = 1;
  file.smallest = "a";
  file.largest = "z";
  file.sequence_min = engine::SequenceNumber(1);
  file.sequence_max = engine::SequenceNumber(300);
  file.written_by = {.high = 1, .low = 2};
  return file;
}

}  // namespace

void AddNodeSeeds(Seeds& seeds) {
  const engine::LogMark mark = Mark();
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(0);
  encoder.Fixed64(mark.index);
  encoder.Raw(mark.state);
  seeds.push_back({"node_state", "mark", bytes});
  const SnapshotDescription description{.mark = mark,
                                        .last_sequence = engine::SequenceNumber(300),
                                        .time = 256,
                                        .files = {Table(3), Table(700)}};
  seeds.push_back(
      {"node_state", "description", Bytes(1, '\1') + EncodeSnapshotDescription(description)});
  const Bytes key = SessionRowKey(SessionId(300), 7);
  SessionRow row{.index = 310, .used_at_ms = 256, .answer = "answer"};
  row.request = RequestNumber(71);
  row.answered_below = RequestNumber(70);
  seeds.push_back(
      {"node_state", "row",
       Bytes(1, '\2') + Bytes(1, static_cast<char>(key.size())) + key + EncodeSessionRow(row)});
}

}  // namespace beach::fuzz
