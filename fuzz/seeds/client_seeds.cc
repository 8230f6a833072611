// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "fuzz/seeds.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::fuzz {
namespace {

using namespace server;  // NOLINT: its words

Bytes RequestSeed(const Request& request) {
  Bytes seed(1, static_cast<char>(TypeOf(request)));
  EncodeRequest(request, seed);
  return seed;
}
Bytes ReplySeed(const Reply& reply) {
  Bytes seed(1, static_cast<char>(TypeOf(reply)));
  EncodeReply(reply, seed);
  return seed;
}

Bytes CommandSeed() {
  Command command;
  command.session = SessionId(9);
  command.request = RequestNumber(2);
  command.answered_below = RequestNumber(1);
  command.conditions.push_back({.kind = ConditionKind::kAbsent, .key = "sand", .value = {}});
  Operation put;
  put.kind = OperationKind::kPut;
  put.key = "sand";
  put.value = "shell";
  command.operations.push_back(put);
  Bytes encoded;
  EncodeCommand(command, encoded);
  return encoded;
}

}  // namespace

void AddClientSeeds(Seeds& seeds) {
  const auto add = [&](const std::string& name, Bytes bytes) {
    seeds.push_back({"client_message", name, std::move(bytes)});
  };
  const Bytes command = CommandSeed();
  add("write", RequestSeed(WriteRequest{.deadline_ms = 1000, .command = command}));
  add("get", RequestSeed(GetRequest{.deadline_ms = 1000, .consistency = {}, .key = "sand"}));
  add("scan", RequestSeed(ScanRequest{.deadline_ms = 0,
                                      .consistency = Consistency::kStale,
                                      .begin = "a",
                                      .end = "b",
                                      .entries_max = 10,
                                      .bytes_max = 1000,
                                      .cursor = 9,
                                      .keep = true}));
  add("status", RequestSeed(StatusRequest{.deadline_ms = 5}));
  add("change",
      RequestSeed(ChangeRequest{
          .deadline_ms = 5,
          .joint = true,
          .changes = {{.kind = MemberChangeKind::kAddVoter, .node = wire::NodeNumber(4)},
                      {.kind = MemberChangeKind::kRemove, .node = wire::NodeNumber(1)}}}));
  add("transfer", RequestSeed(TransferRequest{.deadline_ms = 5, .target = wire::NodeNumber(2)}));
  add("watch",
      RequestSeed(WatchRequest{
          .deadline_ms = 5, .begin = "a", .end = "b", .from = WatchPlace{.index = 7, .skip = 1}}));
  add("authenticate", RequestSeed(AuthenticateRequest{
                          .deadline_ms = 5, .user = "petrel", .token = "beachdb_shell"}));
  const wire::NodeNumber leader(2);
  Bytes answer;
  EncodeAnswer({.kind = AnswerKind::kDone, .index = 7, .values = {Bytes("shell"), {}}}, answer);
  add("written", ReplySeed(WriteReply{.leader = leader, .answer = answer}));
  add("got", ReplySeed(GetReply{.leader = leader, .index = 7, .value = "shell"}));
  add("absent", ReplySeed(GetReply{.leader = leader, .index = 7, .value = {}}));
  add("scanned",
      ReplySeed(ScanReply{.leader = leader,
                          .index = 7,
                          .entries = {{.key = "a", .value = "1"}, {.key = "ab", .value = ""}},
                          .next = "b",
                          .cursor = 9}));
  add("node_status",
      ReplySeed(StatusReply{.leader = leader,
                            .id = leader,
                            .role = NodeRole::kLeader,
                            .term = 3,
                            .commit = 8,
                            .applied = 7,
                            .log_base = 1,
                            .log_last = 9,
                            .log_bytes = 1000,
                            .state = 4,
                            .configuration = 2,
                            .nodes = {{.id = leader,
                                       .membership = kVoter,
                                       .progress = NodeProgress{.match = 9, .silent_ms = 0},
                                       .address = "n2:7000"}}}));
  add("watched",
      ReplySeed(WatchReply{
          .leader = leader,
          .next = {.index = 9, .skip = 0},
          .entries = {{.index = 7,
                       .changes = {{.kind = KeyChangeKind::kPut, .key = "a", .value = "1"},
                                   {.kind = KeyChangeKind::kDeleteRange, .key = "a", .end = "b"}}},
                      {.index = 9,
                       .changes = {{.kind = KeyChangeKind::kMerge,
                                    .key = "a",
                                    .value = "x",
                                    .merge = MergeKind::kAppend},
                                   {.kind = KeyChangeKind::kPutUntil,
                                    .key = "a",
                                    .value = "2",
                                    .expires_at_ms = 1000}}}}}));
  add("changed", ReplySeed(ChangeReply{.leader = leader, .index = 7}));
  add("authenticated", ReplySeed(AuthenticateReply{.leader = leader}));
  add("transferred", ReplySeed(TransferReply{.leader = leader}));
  add("failed", ReplySeed(Failure{.leader = leader,
                                  .kind = FailureKind::kOverloaded,
                                  .retry_is_safe = true,
                                  .retry_may_help = true,
                                  .leader_address = "n2:7000",
                                  .detail = "busy"}));
}

}  // namespace beach::fuzz
