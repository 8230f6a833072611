// SPDX-License-Identifier: Apache-2.0
#include "raft/disk/test_lives.h"

#include <cstdlib>
#include <map>
#include <memory>

#include "base/check.h"
#include "raft/disk/disk_log.h"
#include "sim/system_scope.h"

namespace beach::raft::testing {
namespace {

constexpr std::uint64_t kSegmentSize = 64 * 1024;

// One life inside its process. Everything here is of that process, but for `world`.
class Driver {
 public:
  Driver(World& world, const env::Env& env, std::uint64_t work)
      : world_(world), env_(env), work_left_(work) {}

  // False: a fault that the life has met.
  bool Run() {
    auto loop = env_.network->NewLoop();
    if (!loop) return Excuse("a loop", loop.error());
    loop_ = *std::move(loop);
    if (!Open()) return false;
    log_->Start(*loop_, {.on_persisted = [this](PersistId id) { Persisted(id); },
                         .on_failed = [this](const Error& error) { Failed(error); }});
    if (work_left_ > 0) {
      loop_->Post([this] { Work(); });
      loop_->Run();
    }
    log_.reset();
    loop_.reset();
    return true;
  }

 private:
  std::uint64_t Draw(std::uint64_t count) {
    const sim::SystemScope system;
    return world_.Draw(count);
  }

  bool Excuse(const char* what, const Error& error) {
    if (!world_.faults) Wrong(world_, "unexplained-error", what + (": " + error.ToString()));
    return false;
  }

  bool Open() {
    LogIndex applied;
    Term applied_term;
    {
      const sim::SystemScope system;
      applied = world_.model.applied();
      applied_term = world_.model.applied_term();
      options_ = {.create = true,
                  .segment_size_bytes = kSegmentSize,
                  .flights_max = 1 + world_.Draw(4),
                  .flight_bytes_max = world_.OneIn(2) ? 4'000U : 20'000U,
                  .recycled_max = world_.Draw(3),
                  .direct = !world_.OneIn(4)};
    }
    auto opened =
        DiskLog::Open(env_, kDirectory, options_, {.index = applied, .term = applied_term});
    if (!opened && opened.error().code() == ErrorCode::kCorruption && world_.may_refuse) {
      ++world_.refused;
      return false;
    }
    if (!opened) return Excuse("opening", opened.error());
    log_ = *std::move(opened);
    auto entries = log_->ReadFrom(log_->contents().base.Next());
    if (!entries) return Excuse("reading", entries.error());
    std::string wrong;
    {
      const sim::SystemScope system;
      wrong = world_.model.Found({log_->contents(), *entries});
      ++world_.opened;
      world_.found_lost += log_->contents().lost;
      if (log_->contents().damage) ++world_.found_damaged;
      world_.term = world_.term.Next();
    }
    if (!wrong.empty()) Wrong(world_, "not-a-prefix", wrong);
    for (const Entry& entry : *entries) {
      if (entry.kind == EntryKind::kLost) lost_.emplace_back(entry.index, entry.term);
    }
    return true;
  }

  void Work() {
    if (failed_) return loop_->Stop();
    if (work_left_ == 0) return End();
    --work_left_;
    std::uint64_t draw = 0;
    std::uint64_t pause_ns = 0;
    {
      const sim::SystemScope system;
      draw = world_.Draw(20);
      const std::uint64_t times = world_.Draw(3);
      pause_ns = world_.OneIn(30) ? 5'000'000 : times * world_.Draw(150'000);
    }
    if (world_.damage && draw % 2 == 0) Fill();
    if (draw == 0) {
      Replace();
    } else if (draw < 3) {
      Compact();
    } else if (draw < 6) {
      Load();
    } else {
      Write();
      if (draw < 9) Compact();  // with what may be cut under way
    }
    loop_->At(env_.clock->MonotonicNow() + pause_ns, [this] { Work(); });
  }

  // Leaves with work under way, or waits for it.
  void End() {
    bool leaves = false;
    {
      const sim::SystemScope system;
      leaves = world_.OneIn(3);
    }
    if (leaves) return loop_->Stop();
    EndIfDone();
  }
  void EndIfDone() {
    const bool idle = world_.model.idle() && acknowledged_ == last_id_;
    if (failed_ || (idle && loads_ == 0)) return loop_->Stop();
    if (++waits_ > 100'000) Wrong(world_, "never-acknowledged", "work is under way for ever");
    loop_->At(env_.clock->MonotonicNow() + 1'000'000, [this] { EndIfDone(); });
  }

  void Write() {
    Persist persist;
    persist.id = last_id_ = last_id_.Next();
    {
      const sim::SystemScope system;
      world_.drawn = DrawSteps();
    }
    for (const Step& step : world_.drawn) {
      switch (step.kind) {
        case Step::Kind::kHardState: persist.hard_state = step.hard_state; break;
        case Step::Kind::kCut: persist.truncate_from = step.index; break;
        default:
          persist.entries.push_back({.term = step.entry.term,
                                     .index = step.index,
                                     .kind = EntryKind::kNormal,
                                     .payload = Payload::Copy(PayloadOf(step.entry.payload))});
      }
    }
    steps_of_[persist.id] = Issue(world_.drawn);
    log_->Write(std::move(persist));
  }

  // In the order of a Persist. In the simulation's memory.
  std::vector<Step> DrawSteps() {
    std::vector<Step> steps;
    const ModelState& now = world_.model.now();
    if (world_.OneIn(4)) {
      const HardState state{.term = now.hard_state.term.Next(), .vote = NodeId(world_.Draw(4))};
      steps.push_back({.kind = Step::Kind::kHardState, .hard_state = state});
    }
    LogIndex last = now.last();
    if (world_.OneIn(6) && last > world_.model.applied()) {
      last = last - world_.Draw(CountBetween(world_.model.applied(), last));
      steps.push_back({.kind = Step::Kind::kCut, .index = last});
      last = last - 1;
      world_.term = world_.term.Next();
    }
    std::uint64_t count = world_.Draw(4);
    if (world_.OneIn(12)) count = world_.Draw(120);
    for (std::uint64_t i = 0; i < count; ++i) {
      last = last.Next();
      if (world_.OneIn(20)) world_.term = world_.term.Next();
      const ModelEntry entry{.term = world_.term, .payload = world_.next_payload++};
      steps.push_back({.kind = Step::Kind::kEntry, .index = last, .entry = entry});
    }
    if (steps.empty()) {
      steps.push_back({.kind = Step::Kind::kHardState, .hard_state = now.hard_state});
    }
    return steps;
  }

  // Some of those that were lost when it was opened, wherever they are by now, in any order.
  void Fill() {
    Persist persist;
    for (std::uint64_t i = Draw(8); i > 0 && !lost_.empty(); --i) {
      const std::size_t which = Draw(2) == 0 ? lost_.size() - 1 : Draw(lost_.size());
      const auto [index, term] = lost_[which];
      persist.fills.push_back(
          {.term = term,
           .index = index,
           .kind = EntryKind::kNormal,
           .payload = Payload::Copy(PayloadOf(*world_.model.PayloadAt(index, term)))});
      lost_.erase(lost_.begin() + static_cast<std::ptrdiff_t>(which));
    }
    if (persist.fills.empty()) return;
    persist.id = last_id_ = last_id_.Next();
    steps_of_[persist.id] = Issue({});
    for (const Entry& fill : persist.fills)
      fills_of_[persist.id].emplace_back(fill.index, fill.term);
    log_->Write(std::move(persist));
  }

  std::uint64_t Issue(const std::vector<Step>& steps) {
    const sim::SystemScope system;
    std::uint64_t count = world_.model.issued();
    for (const Step& step : steps) count = world_.model.Issue(step);
    return count;
  }

  // The state machine comes first, then the log.
  void Replace() {
    Step step{.kind = Step::Kind::kBase};
    {
      const sim::SystemScope system;
      const ModelState& now = world_.model.now();
      const LogIndex applied = world_.model.applied();
      step.keeps_suffix = world_.OneIn(2) && now.last() > applied;
      if (step.keeps_suffix) {
        step.index = applied + 1 + world_.Draw(CountBetween(applied, now.last()));
        step.entry.term = *now.TermAt(step.index);
      } else {
        step.index = applied + 1 + world_.Draw(50);
        world_.term = world_.term.Next();
        step.entry.term = world_.term;
      }
      // Where it is in doubt, an entry that was not acknowledged is not what a state machine holds.
      if (!world_.model.idle()) return;
      world_.model.Applied(step.index, step.entry.term);
    }
    const std::uint64_t steps = Issue({step});
    log_->Replace(step.index, step.entry.term, step.keeps_suffix, [this, steps] {
      const sim::SystemScope system;
      world_.model.Acknowledge(steps);
    });
  }

  void Compact() {
    LogIndex upto;
    {
      const sim::SystemScope system;
      // What is acknowledged may be cut by what is queued.
      const ModelState& now = world_.model.now();
      const LogIndex last = std::min(now.last(), world_.model.last_acknowledged());
      const LogIndex applied = world_.model.applied();
      if (last <= applied) return;
      upto = world_.OneIn(3) ? last : applied + 1 + world_.Draw(CountBetween(applied, last));
      while (upto > applied && world_.model.TermAcknowledged(upto) != now.TermAt(upto)) {
        upto = upto - 1;
      }
      if (upto <= applied) return;
      world_.model.Applied(upto, *now.TermAt(upto));
    }
    log_->Compact(upto);
    if (log_->base() != upto) Wrong(world_, "not-compacted", "the base stays below");
  }

  void Load() {
    const LogIndex base = log_->base();
    LogIndex last;
    LogIndex first;
    bool quiet = false;
    std::uint64_t bytes_max = 0;
    {
      const sim::SystemScope system;
      last = world_.model.now().last();
      if (last <= base) return;
      first = base + 1 + world_.Draw(CountBetween(base, last));
      quiet = world_.model.idle() && acknowledged_ == last_id_;
      bytes_max = world_.Draw(30'000);
    }
    ++loads_;
    const std::uint64_t writes = last_id_.value;
    log_->Load(first, last, bytes_max,
               [this, first, quiet, writes](const Result<std::vector<Entry>>& entries) {
                 --loads_;
                 if (!entries) return void(Excuse("loading", entries.error()));
                 const bool still = quiet && writes == last_id_.value && log_->base() < first;
                 if (still && entries->empty() && first <= world_.model.now().last()) {
                   Wrong(world_, "not-loaded", "an entry that is there");
                 }
                 CheckLoaded(first, *entries);
               });
  }

  void CheckLoaded(LogIndex first, const std::vector<Entry>& entries) {
    for (const Entry& entry : entries) {
      const auto payload = world_.model.PayloadAt(entry.index, entry.term);
      if (entry.index != first || !payload) {
        Wrong(world_, "wrong-entry", "entry " + std::to_string(first.value));
      }
      first = first.Next();
      if (entry.kind == EntryKind::kLost) {
        if (!world_.model.WasLost(entry.index, entry.term)) {
          Wrong(world_, "lost-entry", "entry " + std::to_string(entry.index.value));
        }
        continue;
      }
      if (entry.payload.view() != PayloadOf(*payload)) {
        Wrong(world_, "wrong-bytes", "entry " + std::to_string(entry.index.value));
      }
    }
  }

  void Persisted(PersistId id) {
    if (id <= acknowledged_) Wrong(world_, "out-of-order", "an acknowledgement goes back");
    acknowledged_ = id;
    const std::uint64_t steps = steps_of_.at(id);
    const sim::SystemScope system;
    world_.model.Acknowledge(steps);
    ++world_.acknowledged;
    for (; !fills_of_.empty() && fills_of_.begin()->first <= id;
         fills_of_.erase(fills_of_.begin())) {
      for (const auto& [index, term] : fills_of_.begin()->second) {
        world_.model.Filled(index, term);
        ++world_.filled;
      }
    }
  }

  void Failed(const Error& error) {
    if (failed_) Wrong(world_, "failed-twice", error.ToString());
    failed_ = true;
    Excuse("the log", error);
    {
      const sim::SystemScope system;
      ++world_.failed;
    }
  }

  World& world_;
  const env::Env& env_;
  std::uint64_t work_left_;
  std::uint64_t waits_ = 0;
  std::uint64_t loads_ = 0;
  bool failed_ = false;
  DiskLogOptions options_;
  PersistId last_id_;
  PersistId acknowledged_;
  std::map<PersistId, std::uint64_t> steps_of_;
  std::map<PersistId, std::vector<std::pair<LogIndex, Term>>> fills_of_;
  std::vector<std::pair<LogIndex, Term>> lost_;  // found so, and not filled
  std::unique_ptr<env::Loop> loop_;
  std::unique_ptr<DiskLog> log_;
};

}  // namespace

void Wrong(World& world, const std::string& rule, const std::string& what) {
  const sim::SystemScope system;
  world.simulation.Fail(rule, what);
}

bool RunLife(World& world, std::uint64_t work) {
  bool good = false;
  const sim::ProcessId process = world.simulation.Start(
      world.host, "log",
      [&world, &good, work](const env::Env& env) { good = Driver(world, env, work).Run(); });
  const sim::ProcessEnd end = world.simulation.Wait(process);
  world.simulation.ArmStrike(world.host, sim::Strike::kKill, 0);
  if (end != sim::ProcessEnd::kExited) ++world.crashes;
  return end == sim::ProcessEnd::kExited && good;
}

void SetFaults(World& world, bool on) {
  world.faults = on;
  const std::uint64_t rate = !on ? 0 : world.OneIn(2) ? 2'000 : 20'000;
  world.simulation.SetFault("disk.eio.write", rate);
  world.simulation.SetFault("disk.eio.sync", rate);
  world.simulation.SetFault("disk.eio.metadata", rate);
}

std::uint64_t FromEnvironment(const char* name, std::uint64_t usual) {
  const char* const text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

}  // namespace beach::raft::testing
