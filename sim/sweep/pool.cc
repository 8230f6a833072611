// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/pool.h"

#include <utility>

#include "base/check.h"
#include "sim/groups.h"
#include "sim/sweep/serve.h"

namespace beach::sim::sweep {
namespace {

// One running, one waiting in its pipe, so that a worker never waits for the parent.
constexpr std::size_t kSentMax = 2;

// Of a run that dies, without keep_trace.
constexpr std::size_t kTraceKept = 1000;

// All early ones, those on the finest grid of which there are not too many, and the last two.
void KeepSome(std::vector<artifacts::Checkpoint>& checkpoints) {
  constexpr std::uint64_t kEarly = 512;
  constexpr std::size_t kMax = 256;
  for (std::uint64_t grid = 128; checkpoints.size() > kMax; grid *= 2) {
    std::size_t left = checkpoints.size();
    std::erase_if(checkpoints, [&](const artifacts::Checkpoint& checkpoint) {
      const bool last = left-- <= 2;
      return !last && checkpoint.event > kEarly && checkpoint.event % grid != 0;
    });
  }
}

// A program that was started anew lies elsewhere than this one, which looks the addresses up.
std::vector<std::uint64_t> CodeAddresses(const CrashRecord& record) {
  const std::uint64_t moved = LoadOffset() - record.program;
  std::vector<std::uint64_t> addresses = {record.instruction + moved};
  // A return address may already belong to the next line, or function.
  for (std::uint32_t i = 0; i < record.frames_count; ++i) {
    addresses.push_back(record.frames[i] + moved - 1);
  }
  return addresses;
}

}  // namespace

WorkerPool::WorkerPool(PoolOptions options, const std::vector<const Scenario*>& scenarios,
                       const RunFunction& run)
    : options_(std::move(options)), scenarios_(scenarios), run_(run), slots_(options_.workers) {
  BEACH_CHECK_GT(options_.workers, 0U);
}

WorkerPool::~WorkerPool() = default;

bool WorkerPool::Idle() const {
  if (!waiting_.empty()) return false;
  for (const Slot& slot : slots_) {
    if (!slot.sent.empty()) return false;
  }
  return true;
}

bool WorkerPool::Full() const {
  std::size_t jobs = waiting_.size();
  for (const Slot& slot : slots_) jobs += slot.sent.size();
  return jobs >= slots_.size() * kSentMax;
}

void WorkerPool::Add(const Job& job) {
  BEACH_CHECK_LT(job.scenario, scenarios_.size());
  waiting_.push_back(job);
}

Result<std::vector<JobOutcome>> WorkerPool::Wait(std::uint64_t timeout_ms,
                                                 int interrupt_descriptor) {
  BEACH_TRY(Dispatch());
  std::vector<const OsWorker*> workers;
  for (const Slot& slot : slots_) {
    if (slot.worker) workers.push_back(slot.worker.get());
  }
  WaitForWorkers(workers, interrupt_descriptor, timeout_ms);
  std::vector<JobOutcome> outcomes;
  for (Slot& slot : slots_) {
    if (slot.worker) Collect(slot, outcomes);
  }
  BEACH_TRY(Dispatch());
  return outcomes;
}

Status WorkerPool::Dispatch() {
  while (!waiting_.empty()) {
    const Job job = waiting_.front();
    Slot* slot = SlotFor(job);
    if (slot == nullptr) return {};
    if (!slot->worker) BEACH_TRY(StartWorker(*slot, job));
    if (slot->sent.empty()) slot->since_ns = OsMonotonicNs();
    slot->worker->Send(EncodeJob(job));
    slot->sent.push_back(job);
    waiting_.pop_front();
    if (job.fresh_process) {
      slot->worker->Finish();
      slot->finishing = true;
    }
  }
  return {};
}

// The least loaded slot that may take `job` now, or null. A job that wants a process of its own
// sends an idle worker away and waits for its end.
WorkerPool::Slot* WorkerPool::SlotFor(const Job& job) {
  Slot* best = nullptr;
  for (Slot& slot : slots_) {
    if (slot.finishing || slot.sent.size() >= kSentMax) continue;
    if (job.fresh_process && slot.worker) continue;
    if (best == nullptr || slot.sent.size() < best->sent.size()) best = &slot;
  }
  if (best != nullptr || !job.fresh_process) return best;
  // The one idle or least busy worker makes room; its jobs finish first.
  for (Slot& slot : slots_) {
    if (slot.finishing) return nullptr;
    if (best == nullptr || slot.sent.size() < best->sent.size()) best = &slot;
  }
  best->worker->Finish();
  best->finishing = true;
  return nullptr;
}

Status WorkerPool::StartWorker(Slot& slot, const Job& job) {
  std::vector<const OsWorker*> siblings;
  for (const Slot& other : slots_) {
    if (other.worker) siblings.push_back(other.worker.get());
  }
  auto worker =
      job.fresh_process && !options_.fresh_command.empty()
          ? OsWorker::Spawn(options_.fresh_command, job.address_salt, options_.limits, siblings)
          : OsWorker::Fork(
                [this](ByteView request, const OsWorker::Tell& tell) {
                  return ServeJob(options_, scenarios_, run_, request, tell);
                },
                options_.limits, siblings);
  if (!worker) return std::unexpected<Error>(worker.error());
  slot.worker = std::move(*worker);
  slot.finishing = false;
  return {};
}

void WorkerPool::Collect(Slot& slot, std::vector<JobOutcome>& outcomes) {
  std::vector<OsWorker::Answer> answers;
  slot.worker->Pump(answers);
  bool expected_end = slot.finishing;
  for (OsWorker::Answer& answer : answers) {
    if (slot.sent.empty()) break;
    if (answer.progress) {
      AbsorbTold(answer.bytes, slot.told);
      continue;
    }
    slot.told = {};
    JobOutcome outcome;
    outcome.job = slot.sent.front();
    slot.sent.pop_front();
    outcome.cpu_ns = answer.cpu_ns;
    const std::uint64_t now_ns = OsMonotonicNs();
    outcome.wall_ns = now_ns - std::exchange(slot.since_ns, now_ns);
    outcome.error_text = std::move(answer.error_text);
    if (Result<RunReport> report = DecodeReport(answer.bytes); report.has_value()) {
      outcome.report = std::move(*report);
    } else {
      outcome.report.verdict.signature = "worker: malformed answer";
      outcome.report.verdict.message = report.error().message();
    }
    outcomes.push_back(std::move(outcome));
    expected_end = expected_end || answer.retired;
    slot.finishing = slot.finishing || answer.retired;
  }
  if (!slot.worker->gone()) return;

  const WorkerDeath& death = slot.worker->death();
  const bool clean = expected_end && death.signal == 0 && death.exit_status == 0;
  if (!clean && !slot.sent.empty()) {
    outcomes.push_back(CrashOutcome(slot.sent.front(), death, std::move(slot.told)));
    outcomes.back().wall_ns = OsMonotonicNs() - slot.since_ns;
    slot.sent.pop_front();
  }
  waiting_.insert(waiting_.begin(), slot.sent.begin(), slot.sent.end());
  slot = Slot();
}

void WorkerPool::AbsorbTold(ByteView bytes, RunReport& told) const {
  // A worker about to die may tell nonsense: what can be read of it is kept.
  if (const auto sight = DecodeSight(bytes)) {
    if (*sight && options_.spectator != nullptr) options_.spectator->See(**sight);
    return;
  }
  if (!AbsorbProgress(bytes, told)) return;
  if (options_.run.keep_trace || told.trace.size() < 2 * kTraceKept) return;
  told.trace.erase(told.trace.begin(), told.trace.end() - kTraceKept);
}

JobOutcome WorkerPool::CrashOutcome(const Job& job, const WorkerDeath& death, RunReport told) {
  Remains remains;
  remains.signal = death.signal;
  remains.exit_status = death.exit_status;
  remains.error_text = death.error_text;
  std::vector<std::vector<std::uint64_t>> stacks;
  const bool out_of_time = death.signal == 0 && death.exit_status == kHangExitStatus;
  remains.hang = out_of_time || death.silent;
  if (remains.hang) {
    for (const CrashRecord& record : death.records) stacks.push_back(CodeAddresses(record));
  } else if (!death.records.empty()) {
    // The last record of a fault is the complete one.
    stacks.push_back(CodeAddresses(death.records.back()));
  }
  OsSymbolizer& symbolizer = options_.symbolizer == nullptr ? symbolizer_ : *options_.symbolizer;
  remains.stacks = symbolizer.Symbolize(stacks);
  Finding finding = Describe(remains);
  JobOutcome outcome;
  outcome.job = job;
  outcome.crashed = true;
  outcome.report = std::move(told);
  const bool reported = !IsWithout(options_.run, MemberOf(finding.verdict.signature));
  outcome.report.verdict = reported ? std::move(finding.verdict) : artifacts::Verdict();
  KeepSome(outcome.report.checkpoints);
  if (!outcome.report.trace.empty()) {
    const artifacts::TraceEvent& last = outcome.report.trace.back();
    outcome.report.events = last.event;
    outcome.report.virtual_ns = last.virtual_ns;
    outcome.report.verdict.event = last.event;
    outcome.report.verdict.virtual_ns = last.virtual_ns;
  }
  outcome.stack = std::move(finding.stack);
  outcome.error_text = death.error_text;
  return outcome;
}

}  // namespace beach::sim::sweep
