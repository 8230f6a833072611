// SPDX-License-Identifier: Apache-2.0
#include "server/load/load_lane.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kLookForStopNs = 20'000'000;
// As many writes of one session may be open.
constexpr std::uint64_t kUnderWayMax = kOutstandingMax;

}  // namespace

Result<std::unique_ptr<LoadLane>> LoadLane::Start(const Context& context, std::uint64_t lane) {
  BEACH_CHECK(lane < context.plan.threads);
  BEACH_TRY_ASSIGN(std::unique_ptr<env::Loop> loop, context.env.network->NewLoop());
  return std::unique_ptr<LoadLane>(new LoadLane(context, lane, std::move(loop)));
}

LoadLane::LoadLane(const Context& context, std::uint64_t lane, std::unique_ptr<env::Loop> loop)
    : clock_(*context.env.clock),
      plan_(context.plan),
      times_(context.times),
      values_(context.values),
      numbers_(context.numbers),
      state_(context.state),
      lane_(lane),
      stream_(*plan_.workload, plan_.distribution, RandomValue(plan_.seed, 1, lane)),
      loop_(std::move(loop)) {
  ClientOptions options;
  options.addresses = plan_.addresses;
  options.user = plan_.user;
  options.token = plan_.token;
  for (std::uint64_t number = lane; number < plan_.clients; number += plan_.threads) {
    options.random_key = RandomValue(plan_.seed, 2, number);
    workers_.emplace_back().client = std::make_unique<Client>(*loop_, clock_, options);
  }
  loop_->At(times_.begin_ns, [this] { Begin(); });
  loop_->At(times_.end_ns, [this] { TimeIsUp(); });
  LookForStop();
  thread_ = env::Thread("load", [this] {
    loop_->Run();
    workers_.clear();
  });
}

const LoadResult& LoadLane::Join() {
  thread_.Join();
  return result_;
}

void LoadLane::LookForStop() {
  if (state_.stop) return TimeIsUp();
  loop_->At(clock_.MonotonicNow() + kLookForStopNs, [this] { LookForStop(); });
}

void LoadLane::Begin() {
  if (plan_.rate != 0) return HandOutDue();
  for (Worker& worker : workers_) Next(worker);
}

void LoadLane::TimeIsUp() {
  if (std::exchange(up_, true)) return;
  const std::uint64_t now_ns = clock_.MonotonicNow();
  const std::uint64_t from_ns = times_.counted_from_ns;
  result_.counted_ns = now_ns > from_ns ? std::min(now_ns, times_.end_ns) - from_ns : 0;
  for (Worker& worker : workers_) {
    for (const std::uint64_t due_ns : worker.due_ns) {
      if (Counts(due_ns)) result_.late_ns.Add(now_ns - due_ns);
    }
    worker.due_ns.clear();
  }
  if (under_way_ == 0) loop_->Stop();
}

// Operations of all lanes are evenly apart, and dealt out in turn.
std::uint64_t LoadLane::DueNs(std::uint64_t number) const {
  const std::uint64_t of_all = number * plan_.threads + lane_;
  return times_.begin_ns + of_all / plan_.rate * kNsPerSecond +
         of_all % plan_.rate * kNsPerSecond / plan_.rate;
}

void LoadLane::HandOutDue() {
  if (up_) return;
  const std::uint64_t now_ns = clock_.MonotonicNow();
  std::uint64_t due_ns = DueNs(handed_out_);
  for (; due_ns <= now_ns && due_ns < times_.end_ns; due_ns = DueNs(handed_out_)) {
    Worker& worker = workers_[handed_out_ % workers_.size()];
    ++handed_out_;
    worker.due_ns.push_back(due_ns);
    Next(worker);
  }
  if (due_ns < times_.end_ns) loop_->At(due_ns, [this] { HandOutDue(); });
}

void LoadLane::Next(Worker& worker) {
  if (up_) return;
  if (plan_.rate == 0) return Ask(worker, clock_.MonotonicNow());
  while (!worker.due_ns.empty() && worker.under_way < kUnderWayMax) {
    const std::uint64_t due_ns = worker.due_ns.front();
    worker.due_ns.pop_front();
    Ask(worker, due_ns);
  }
}

void LoadLane::Ask(Worker& worker, std::uint64_t due_ns) {
  ++worker.under_way;
  ++under_way_;
  Work work{.worker = &worker, .kind = stream_.DrawKind(), .due_ns = due_ns};
  work.record =
      work.kind == WorkKind::kInsert ? numbers_.Take() : stream_.DrawRecord(numbers_.below());
  switch (work.kind) {
    case WorkKind::kRead:
    case WorkKind::kReadModifyWrite: return Read(work);
    case WorkKind::kUpdate:
    case WorkKind::kInsert: return Put(work);
    case WorkKind::kScan: return Scan(work);
  }
}

void LoadLane::Read(const Work& work) {
  work.worker->client->Get(KeyOf(work.record), plan_.consistency, plan_.deadline_ns,
                           [this, work](const CallResult<GetResult>& got) {
                             if (!got) return Ended(work, &got.error());
                             if (!got->value && Counts(work.due_ns)) ++result_.absent;
                             if (work.kind == WorkKind::kReadModifyWrite) return Put(work);
                             Ended(work, nullptr);
                           });
}

void LoadLane::Put(const Work& work) {
  work.worker->client->Put(KeyOf(work.record), values_.Draw(stream_.random()), plan_.deadline_ns,
                           [this, work](const CallResult<Answer>& put) {
                             if (work.kind == WorkKind::kInsert) numbers_.Close(work.record);
                             Ended(work, put ? nullptr : &put.error());
                           });
}

void LoadLane::Scan(const Work& work) {
  const Bytes begin = KeyOf(work.record);
  ScanRequest request;
  request.consistency = plan_.consistency;
  request.begin = begin;
  request.entries_max = static_cast<std::uint32_t>(stream_.DrawScanLength());
  work.worker->client->Scan(request, plan_.deadline_ns,
                            [this, work](const CallResult<ScanResult>& scanned) {
                              if (!scanned) return Ended(work, &scanned.error());
                              if (scanned->entries.empty() && Counts(work.due_ns)) ++result_.absent;
                              Ended(work, nullptr);
                            });
}

void LoadLane::Ended(const Work& work, const CallFailure* failure) {
  const std::uint64_t now_ns = clock_.MonotonicNow();
  (failure == nullptr ? state_.done : state_.failed).fetch_add(1, std::memory_order_relaxed);
  if (Counts(work.due_ns)) {
    if (failure != nullptr) {
      ++result_.errors[failure->kind];
    } else {
      result_.latency_ns[static_cast<std::size_t>(work.kind)].Add(now_ns - work.due_ns);
      if (!up_) ++result_.in_time;
    }
  }
  --work.worker->under_way;
  --under_way_;
  Next(*work.worker);
  if (up_ && under_way_ == 0) loop_->Stop();
}

}  // namespace beach::server
