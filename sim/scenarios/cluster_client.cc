// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/cluster_client.h"

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "env/marks.h"
#include "server/client/client.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::cluster {
namespace {

using server::Answer;
using server::CallFailure;
using server::CallResult;
using server::FailureKind;
using server::GetResult;
using server::Operation;
using server::OperationKind;
using server::Transaction;

constexpr std::uint64_t kLookNs = 20 * kMillisecond;

// What the oracle is told that was asked for, before anything is known of its end. With a
// SystemScope open.
oracle::ClientOperation AskedBy(const Work& work, const std::optional<Bytes>& expected) {
  oracle::ClientOperation operation;
  const Bytes key = KeyOf(work.key);
  switch (work.kind) {
    case Kind::kGet: operation.reads = {{key, std::nullopt}}; break;
    case Kind::kPut: operation.changes = {{oracle::ChangeKind::kPut, key, ValueOf(work)}}; break;
    case Kind::kAppend:
      operation.changes = {{oracle::ChangeKind::kAppend, key, ValueOf(work)}};
      break;
    case Kind::kDelete: operation.changes = {{oracle::ChangeKind::kDelete, key, {}}}; break;
    case Kind::kCas:
      operation.conditions = {{key, expected}};
      operation.changes = {{oracle::ChangeKind::kPut, key, ValueOf(work)}};
      break;
    case Kind::kPair:
      operation.changes = {{oracle::ChangeKind::kPut, key, ValueOf(work)},
                           {oracle::ChangeKind::kPut, KeyOf(work.other), ValueOf(work)}};
      break;
  }
  return operation;
}

class Client {
 public:
  Client(Judge& judge, const Plan& plan, std::uint64_t number, const std::vector<Work>& works,
         env::Loop& loop, env::Clock& clock)
      : judge_(judge),
        plan_(plan),
        number_(number),
        works_(works),
        loop_(loop),
        clock_(clock),
        client_(loop, clock, OptionsOf(plan, number)) {
    Next();
  }

 private:
  static server::ClientOptions OptionsOf(const Plan& plan, std::uint64_t number) {
    server::ClientOptions options = plan.client;
    // Of a server a client knows the address alone.
    if (plan.focus != Focus::kServer) options.cluster = kCluster;
    options.random_key += number;
    for (std::uint64_t place = 0; place < plan.nodes; ++place) {
      options.addresses.push_back(AddressOf((place + number) % plan.nodes));
    }
    return options;
  }

  void Next() {
    if (done_ == works_.size()) return Look();
    const Work& work = works_[done_++];
    loop_.At(clock_.MonotonicNow() + work.pause_ms * kMillisecond,
             [this, &work] { Do(work, plan_.deadline_ns); });
  }

  // Its own works are done: one more, in the calm, without a deadline.
  void Look() {
    if (std::exchange(last_asked_, judge_.calm)) {
      judge_.ClientDone();
      return loop_.Stop();
    }
    if (judge_.calm) return Do(last_, 0);
    loop_.At(clock_.MonotonicNow() + kLookNs, [this] { Look(); });
  }

  void Do(const Work& work, std::uint64_t deadline_ns) {
    const std::optional<Bytes> expected = seen_.contains(work.key) ? seen_[work.key] : std::nullopt;
    {
      const SystemScope system;
      judge_.Called(number_, AskedBy(work, expected));
    }
    const Bytes key = KeyOf(work.key);
    const Bytes value = ValueOf(work);
    const auto done = [this, &work](CallResult<Answer> result) { Wrote(work, std::move(result)); };
    switch (work.kind) {
      case Kind::kGet:
        return client_.Get(key, plan_.reads, deadline_ns,
                           [this, &work](CallResult<GetResult> got) { Got(work, std::move(got)); });
      case Kind::kPut: return client_.Put(key, value, deadline_ns, done);
      case Kind::kDelete: return client_.Delete(key, deadline_ns, done);
      case Kind::kCas: return client_.CompareAndSet(key, expected, value, deadline_ns, done);
      case Kind::kAppend: {
        const Operation append{.kind = OperationKind::kMerge,
                               .key = key,
                               .value = value,
                               .merge = server::MergeKind::kAppend};
        return client_.Transact({.conditions = {}, .operations = {append}, .otherwise = {}},
                                deadline_ns, done);
      }
      case Kind::kPair: {
        const Bytes other = KeyOf(work.other);
        const Transaction pair{
            .conditions = {},
            .operations = {{.kind = OperationKind::kGet, .key = key},
                           {.kind = OperationKind::kGet, .key = other},
                           {.kind = OperationKind::kPut, .key = key, .value = value},
                           {.kind = OperationKind::kPut, .key = other, .value = value}},
            .otherwise = {}};
        return client_.Transact(pair, deadline_ns, done);
      }
    }
  }

  void Got(const Work& work, CallResult<GetResult> got) {
    if (!got) {
      judge_.Refused(number_);  // it reads nothing, then or later
    } else {
      seen_[work.key] = got->value;
      const SystemScope system;
      oracle::ClientOperation operation;
      operation.reads = {{KeyOf(work.key), std::move(got->value)}};
      operation.answer = oracle::Answer::kDone;
      judge_.Returned(number_, std::move(operation));
    }
    Next();
  }

  void Wrote(const Work& work, CallResult<Answer> result) {
    const std::optional<Bytes> expected = seen_.contains(work.key) ? seen_[work.key] : std::nullopt;
    if (result) {
      judge_.DoneAt(number_, result->index);
      Learn(work, *result);
    } else {
      BEACH_SOMETIMES("cluster.outcome_unknown", result.error().kind == FailureKind::kUnknown);
    }
    if (!result && result.error().kind != FailureKind::kUnknown) {
      judge_.Refused(number_);
    } else {
      const SystemScope system;
      oracle::ClientOperation operation = AskedBy(work, expected);
      if (result) Answered(work, *result, operation);
      judge_.Returned(number_, std::move(operation));
    }
    Next();
  }

  static void Answered(const Work& work, const Answer& answer, oracle::ClientOperation& operation) {
    BEACH_CHECK(answer.kind == server::AnswerKind::kDone ||
                answer.kind == server::AnswerKind::kOtherwise);
    operation.answer = answer.kind == server::AnswerKind::kDone ? oracle::Answer::kDone
                                                                : oracle::Answer::kConditionsFailed;
    if (work.kind == Kind::kPair) {
      BEACH_CHECK_EQ(answer.values.size(), 2U);
      operation.reads = {{KeyOf(work.key), answer.values[0]}};
      if (work.other != work.key) operation.reads.push_back({KeyOf(work.other), answer.values[1]});
    }
    if (work.kind == Kind::kCas && answer.kind == server::AnswerKind::kOtherwise) {
      BEACH_CHECK_EQ(answer.values.size(), 1U);
      operation.reads = {{KeyOf(work.key), answer.values[0]}};
    }
  }

  // What the key has now, as far as this client knows.
  void Learn(const Work& work, const Answer& answer) {
    const bool done = answer.kind == server::AnswerKind::kDone;
    if (!done && !answer.values.empty()) seen_[work.key] = answer.values[0];
    if (!done || work.kind == Kind::kAppend) return;
    if (work.kind == Kind::kDelete) {
      seen_[work.key] = std::nullopt;
    } else {
      seen_[work.key] = ValueOf(work);
    }
  }

  Judge& judge_;
  const Plan& plan_;
  const std::uint64_t number_;
  const std::vector<Work>& works_;
  env::Loop& loop_;
  env::Clock& clock_;
  std::size_t done_ = 0;
  const Work last_{
      .id = 0, .kind = Kind::kPut, .key = 0, .other = 0, .value_size = 1, .pause_ms = 0};
  bool last_asked_ = false;
  std::map<std::uint64_t, std::optional<Bytes>> seen_;  // by key
  server::Client client_;
};

}  // namespace

void RunClient(Judge& judge, const Plan& plan, std::uint64_t number, const std::vector<Work>& works,
               const env::Env& env) {
  for (;;) {
    const auto loop = env.network->NewLoop();
    if (!loop) {  // no descriptors, for now
      env.clock->SleepUntil(env.clock->MonotonicNow() + kLookNs);
      continue;
    }
    Client client(judge, plan, number, works, **loop, *env.clock);
    return (*loop)->Run();
  }
}

}  // namespace beach::sim::scenarios::cluster
