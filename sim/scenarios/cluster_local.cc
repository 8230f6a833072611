// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_local.h"

#include <utility>

#include "server/command/answer.h"
#include "server/command/command.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::cluster {

using server::Command;
using server::Operation;
using server::OperationKind;

void LocalClient::Next() {
  std::size_t& next = judge_.next_work(client_);
  if (next == works_.size()) return;
  const Work& work = works_[next];
  loop_.At(clock_.MonotonicNow() + work.pause_ms * kMillisecond, [this, &work] {
    ++judge_.next_work(client_);
    Do(work);
  });
}

void LocalClient::Do(const Work& work) {
  judge_.Called(client_);
  if (work.kind == Kind::kGet) return Get(work);
  Write(work);
}

void LocalClient::Get(const Work& work) {
  replica_.Read(raft::ReadMode::kRound, [this, &work](std::optional<raft::ReadError> error) {
    oracle::ClientOperation operation;
    if (!error) {
      const auto value = machine_.Get(KeyOf(work.key));
      if (value) {
        const SystemScope system;
        operation = oracle::MakeGet(client_, {}, Bytes(KeyOf(work.key)), *value);
        operation.answer = oracle::Answer::kDone;
      }
    }
    if (!operation.answered()) {
      const SystemScope system;
      operation.reads = {{Bytes(KeyOf(work.key)), std::nullopt}};
    }
    judge_.Returned(client_, std::move(operation));
    Next();
  });
}

void LocalClient::Write(const Work& work) {
  const Bytes key = KeyOf(work.key);
  const Bytes value = ValueOf(work);
  Command command;
  command.proposed_at_ms = clock_.WallNow() / kMillisecond;
  Operation put{.kind = OperationKind::kPut, .key = key, .value = value};
  if (work.kind == Kind::kDelete) put = {.kind = OperationKind::kDelete, .key = key};
  if (work.kind == Kind::kAppend) {
    put.kind = OperationKind::kMerge;
    put.merge = server::MergeKind::kAppend;
  }
  if (work.kind == Kind::kCas) {
    command.conditions.push_back({.kind = server::ConditionKind::kAbsent, .key = key});
  }
  command.operations.push_back(put);
  Bytes encoded;
  server::EncodeCommand(command, encoded);
  replica_.Propose(raft::Payload::Copy(encoded), [this, &work](const raft::Outcome& outcome) {
    oracle::ClientOperation operation;
    {
      const SystemScope system;
      const Bytes key = KeyOf(work.key);
      const Bytes value = ValueOf(work);
      const auto kind = work.kind == Kind::kDelete   ? oracle::ChangeKind::kDelete
                        : work.kind == Kind::kAppend ? oracle::ChangeKind::kAppend
                                                     : oracle::ChangeKind::kPut;
      operation.changes = {{kind, key, kind == oracle::ChangeKind::kDelete ? Bytes() : value}};
      if (work.kind == Kind::kCas) operation.conditions = {{key, std::nullopt}};
    }
    if (outcome.fate == raft::Fate::kCommitted) {
      const auto answer = server::DecodeAnswer(outcome.answer);
      BEACH_CHECK(answer.has_value());
      operation.answer = answer->kind == server::AnswerKind::kDone
                             ? oracle::Answer::kDone
                             : oracle::Answer::kConditionsFailed;
    }
    const bool never =
        outcome.fate == raft::Fate::kLost || outcome.fate == raft::Fate::kRefused;
    if (!never) judge_.Returned(client_, std::move(operation));
    if (never) judge_.Returned(client_, {});
    Next();
  });
}

}  // namespace beach::sim::scenarios::cluster
