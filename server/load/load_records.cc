// SPDX-License-Identifier: Apache-2.0
#include "server/load/load_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/client/client.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kUnderWayMax = 16;
constexpr std::uint64_t kPutsMax = 64;
constexpr std::uint64_t kBytesAtOnce = std::uint64_t{64} << 10;

class RecordLoader {
 public:
  RecordLoader(env::Loop& loop, env::Clock& clock, const ClientOptions& options,
               const LoadPlan& plan, std::uint64_t count, const Values& values,
               const LoadState& state, const std::function<void(std::uint64_t)>& told)
      : loop_(loop),
        plan_(plan),
        count_(count),
        values_(values),
        state_(state),
        told_(told),
        random_(RandomValue(plan.seed, 3)),
        client_(loop, clock, options) {}

  Status Run() {
    client_.Status(plan_.deadline_ns, [this](const CallResult<StatusResult>& status) {
      if (!status) return Failed("asked for its status", status.error());
      for (std::uint64_t i = 0; i < kUnderWayMax; ++i) PutMore();
      if (under_way_ == 0) loop_.Stop();
    });
    loop_.Run();
    return failure_ ? Fail(ErrorCode::kIo, *failure_) : Status();
  }

 private:
  void PutMore() {
    if (failure_ || next_ == count_) return;
    const std::uint64_t puts = std::clamp<std::uint64_t>(
        kBytesAtOnce / std::max<std::uint64_t>(plan_.value_bytes, 1), 1, kPutsMax);
    const std::uint64_t end = std::min(next_ + puts, count_);
    std::vector<Bytes> keys;
    for (std::uint64_t number = next_; number < end; ++number) keys.push_back(KeyOf(number));
    Transaction transaction;
    for (const Bytes& key : keys) {
      Operation put;
      put.kind = OperationKind::kPut;
      put.key = key;
      put.value = values_.Draw(random_);
      transaction.operations.push_back(put);
    }
    const std::uint64_t count = end - next_;
    next_ = end;
    ++under_way_;
    client_.Transact(transaction, plan_.deadline_ns,
                     [this, count](const CallResult<Answer>& answer) { Put(count, answer); });
  }

  void Put(std::uint64_t count, const CallResult<Answer>& answer) {
    --under_way_;
    if (!answer) return Failed("given its records", answer.error());
    done_ += count;
    told_(done_);
    if (state_.stop && !failure_) failure_ = "stopped before all records were there";
    PutMore();
    if (under_way_ == 0) loop_.Stop();
  }

  void Failed(const char* what, const CallFailure& failure) {
    if (!failure_) {
      failure_ = fmt::format("the cluster does not answer when it is {}: {} ({})", what,
                             FailureKindName(failure.kind), failure.detail);
    }
    loop_.Stop();
  }

  env::Loop& loop_;
  const LoadPlan& plan_;
  const std::uint64_t count_;
  const Values& values_;
  const LoadState& state_;
  const std::function<void(std::uint64_t)>& told_;
  RandomStream random_;
  Client client_;
  std::uint64_t next_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t under_way_ = 0;
  std::optional<std::string> failure_;
};

}  // namespace

Status LoadRecords(const env::Env& env, const LoadPlan& plan, std::uint64_t count,
                   const Values& values, const LoadState& state,
                   const std::function<void(std::uint64_t)>& told) {
  BEACH_TRY_ASSIGN(const std::unique_ptr<env::Loop> loop, env.network->NewLoop());
  ClientOptions options;
  options.addresses = plan.addresses;
  options.user = plan.user;
  options.token = plan.token;
  options.random_key = RandomValue(plan.seed, 4);
  return RecordLoader(*loop, *env.clock, options, plan, count, values, state, told).Run();
}

}  // namespace beach::server
