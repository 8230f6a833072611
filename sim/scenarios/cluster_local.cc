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
  if (work.kind == Kind::kGet) return Get(work);
  Write(work);
}

void LocalClient::Get(const Work& work) {
  {
    const SystemScope system;
    oracle::ClientOperation asked;
    asked.reads = {{KeyOf(work.key), std::nullopt}};
    judge_.Called(client_, asked);
  }
  replica_.Read(raft::ReadMode::kRound, [this, &work](std::optional<raft::ReadError> error) {
    if (!error) {
      const auto value = machine_.Get(KeyOf(work.key));
      if (value) {
        {
          const SystemScope system;
          oracle::ClientOperation operation;
          operation.reads = {{KeyOf(work.key), *value}};
          operation.answer = oracle::Answer::kDone;
          judge_.Returned(client_, std::move(operation));
        }
        Next();
        return;
      }
    }
    judge_.Refused(client_);
    Next();
  });
}

namespace {
oracle::ClientOperation Asked(const Work& work) {
  oracle::ClientOperation operation;
  const Bytes key = KeyOf(work.key);
  const Bytes value = ValueOf(work);
  const auto kind = work.kind == Kind::kDelete   ? oracle::ChangeKind::kDelete
                    : work.kind == Kind::kAppend ? oracle::ChangeKind::kAppend
                                                 : oracle::ChangeKind::kPut;
  operation.changes = {{kind, key, kind == oracle::ChangeKind::kDelete ? Bytes() : value}};
  if (work.kind == Kind::kCas) operation.conditions = {{key, std::nullopt}};
  return operation;
}
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
  {
    const SystemScope system;
    judge_.Called(client_, Asked(work));
  }
  replica_.Propose(raft::Payload::Copy(encoded), [this, &work](const raft::Outcome& outcome) {
    const bool never =
        outcome.fate == raft::Fate::kLost || outcome.fate == raft::Fate::kRefused;
    if (never) {
      judge_.Refused(client_);
    } else {
      oracle::Answer answer = oracle::Answer::kUnknown;
      if (outcome.fate == raft::Fate::kCommitted) {
        const auto decoded = server::DecodeAnswer(outcome.answer);
        BEACH_CHECK(decoded.has_value());
        answer = decoded->kind == server::AnswerKind::kDone ? oracle::Answer::kDone
                                                            : oracle::Answer::kConditionsFailed;
      }
      const SystemScope system;
      oracle::ClientOperation operation = Asked(work);
      operation.answer = answer;
      judge_.Returned(client_, std::move(operation));
    }
    Next();
  });
}

}  // namespace beach::sim::scenarios::cluster
