// SPDX-License-Identifier: Apache-2.0
#include "crash/run/run.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "crash/run/history.h"
#include "crash/run/power_disk.h"
#include "crash/run/worker_process.h"
#include "env/os/os_env.h"

namespace beach::crash {
namespace {

using oracle::Judgement;
using oracle::LifeEnd;
using oracle::Violation;

constexpr const char* kEngine = "engine";
constexpr std::uint64_t kEngineEventsKept = 400;  // of those that workers tell of; the newest
constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr std::uint64_t kLookNs = 200'000'000;  // how often to ask whether to go on

// What came of asking a worker something.
enum class Asked : std::uint8_t {
  kAnswered,
  kDied,   // as planned
  kWrong,  // the run has its verdict
};

class Runner {
 public:
  // Fills `counts`, where it is given, instead of arming what the plan says.
  Runner(const Plan& plan, const Place& place, std::vector<Passages>* counts = nullptr)
      : plan_(plan), place_(place), counts_(counts), history_(Folder(plan, place) + "/copies") {}

  Result<RunReport> Go() {
    if (HasPower(plan_)) {
      BEACH_TRY_ASSIGN(disk_, PowerDisk::Mount(folder_, plan_.seed));
    }
    const std::string copies = folder_ + "/copies";
    std::error_code error;
    const bool made = std::filesystem::create_directories(copies, error);
    if (error) return Fail(ErrnoError(error.value(), "create", copies));
    if (!made) return Fail(Error(ErrorCode::kAlreadyExists, "not an empty workspace").At(copies));
    // It is there from the beginning, whatever power does later.
    const env::OsEnv os;
    BEACH_TRY(os.files->SyncDirectory(folder_));
    for (const Life& life : plan_.lives) {
      BEACH_TRY(Live(life));
      ++report_.lives;
      if (!report_.verdict.ok() || report_.interrupted) break;
    }
    report_.acknowledged = history_.acknowledged();
    report_.verdict.event = events_;
    return std::move(report_);
  }

 private:
  static bool IsOn(const Plan& plan, const char* knob) {
    const auto found = plan.options.find(knob);
    return found != plan.options.end() && found->second != 0;
  }
  static bool HasPower(const Plan& plan) { return IsOn(plan, kPowerKnob); }
  // Where the database is, and its copies.
  static std::string Folder(const Plan& plan, const Place& place) {
    return HasPower(plan) ? place.workspace + "/disk" : place.workspace;
  }
  std::string Directory() const { return folder_ + "/db"; }

  void Note(const char* kind, std::string text) {
    if (std::string_view(kind) == kEngine && ++engine_events_ > kEngineEventsKept) {
      report_.events.erase(
          std::ranges::find(report_.events, kEngine, &artifacts::TraceEvent::kind));
    }
    report_.events.push_back({.event = ++events_,
                              .virtual_ns = 0,
                              .host = "worker",
                              .thread = "life" + std::to_string(report_.lives + 1),
                              .kind = kind,
                              .text = std::move(text)});
  }

  // The verdict, unless there is nothing to object to. True: there is.
  bool Settle(const Judgement& judgement) {
    if (!judgement) return false;
    report_.verdict.signature = "crash/" + judgement->rule;
    report_.verdict.message = judgement->message;
    Note("verdict", judgement->rule + ": " + judgement->message);
    return true;
  }

  bool FaultStruck() {
    return std::ranges::any_of(worker_->struck(), [](const Struck& one) { return !one.killed; });
  }

  // --- One life.

  Status Live(const Life& life) {
    std::string failpoints = counts_ != nullptr ? "count" : "";
    for (const env::ArmedFailpoint& armed : life.armed) {
      if (counts_ != nullptr) break;
      failpoints += (failpoints.empty() ? "" : ",") + armed.name + ":" + std::to_string(armed.hit);
    }
    if (counts_ != nullptr) counts_->emplace_back();
    Note("life", failpoints.empty() ? "nothing is armed" : "armed: " + failpoints);
    if (life.power_lost_at > 0) {
      Note("life", "power is lost before operation " + std::to_string(life.power_lost_at));
      if (disk_ == nullptr) return Fail(ErrorCode::kInvalidArgument, "a disk without power");
      BEACH_TRY(disk_->CutAt(life.power_lost_at));
    }
    BEACH_TRY_ASSIGN(worker_, WorkerProcess::Start(place_.program, failpoints));
    kill_at_ns_ = kNever;
    killed_by_us_ = false;
    may_exit_ = false;
    counted_ = false;
    recovering_ = true;
    bool closed = false;
    const Asked lived = LiveOn(life, closed);
    if (lived == Asked::kAnswered) CountStruck();
    worker_.reset();
    if (closed) BEACH_TRY(Verify());
    if (disk_ != nullptr) BEACH_TRY(LosePower());
    const LifeEnd killed = disk_ != nullptr ? LifeEnd::kPowerLost : LifeEnd::kKilled;
    history_.Ended(closed ? LifeEnd::kClosed : killed);
    Discard();
    return {};
  }

  // What nobody looks at any more. Between lives alone: without power we would wait for ourselves.
  void Discard() {
    std::error_code ignored;  // what stays takes room and nothing else
    for (const std::string& directory : discarded_) {
      std::filesystem::remove_all(directory, ignored);
    }
    discarded_.clear();
  }

  // With the process, or it is lost already.
  Status LosePower() {
    BEACH_TRY_ASSIGN(const sim::CutSummary cut, disk_->Cut());
    BEACH_TRY(disk_->PowerOn());
    ++report_.power_cuts;
    Note("power", "kept " + std::to_string(cut.operations_kept) + " of " +
                      std::to_string(cut.operations_pending) + " operations that no sync covered");
    return {};
  }

  Asked LiveOn(const Life& life, bool& closed) {
    Asked asked = Recover();
    if (asked != Asked::kAnswered) return asked;
    recovering_ = false;
    asked = CheckCopies();
    if (asked != Asked::kAnswered) return asked;
    if (life.ending == Ending::kKillAt) kill_at_ns_ = NowNs() + life.ending_at * 1'000'000;
    for (const Step& step : StepsOf(life.operations)) {
      asked = Work(life, step);
      if (asked != Asked::kAnswered) return asked;
    }
    if (life.ending != Ending::kClose) {
      asked = Count();
      return asked == Asked::kAnswered ? KillNow() : asked;
    }
    Json answer;
    asked = Ask({{"do", "close"}}, answer);
    if (asked != Asked::kAnswered) return asked;
    // What poisoned it is what a close says.
    if (!answer.value("ok", false)) {
      return FaultStruck() ? KillNow() : WrongAnswer("a close", answer);
    }
    asked = Count();
    if (asked != Asked::kAnswered) return asked;
    worker_->EndInput();
    may_exit_ = true;
    asked = HearAnswer(answer);
    if (asked == Asked::kAnswered) return WrongAnswer("an exit", answer, "bad-answer");
    if (asked == Asked::kWrong) return asked;
    closed = true;
    return Asked::kAnswered;
  }

  Asked Recover() {
    Json options = Json::object();
    for (const auto& [name, value] : plan_.options) {
      if (name != kClientsKnob && name != kSettleKnob && name != kPowerKnob) options[name] = value;
    }
    Json answer;
    Asked asked =
        Ask({{"do", "open"}, {"directory", ToJson(Directory())}, {"options", std::move(options)}},
            answer);
    if (asked != Asked::kAnswered) return asked;
    if (!answer.value("ok", false)) {
      return FaultStruck() ? KillNow() : WrongAnswer("an open", answer, "open-refused");
    }
    history_.Opened();
    asked = Ask({{"do", "scan"}}, answer);
    if (asked != Asked::kAnswered) return asked;
    if (!answer.value("ok", false)) return WrongAnswer("the first scan", answer);
    Note("life", "recovered " + std::to_string(answer["entries"].size()) + " entries at " +
                     answer["visible"].dump());
    return Settle(history_.Recovered(answer)) ? Asked::kWrong : Asked::kAnswered;
  }

  // Checkpoints and the newest backup of former lives, each read whole.
  Asked CheckCopies() {
    const std::vector<Copy> copies = history_.copies();
    for (const Copy& copy : copies) {
      std::string directory = copy.directory;
      Json answer = {{"ok", true}};
      if (copy.is_backup) {
        directory = folder_ + "/copies/restored-" + std::to_string(++restored_);
        const Asked asked = Ask(
            {{"do", "restore"}, {"from", ToJson(copy.directory)}, {"directory", ToJson(directory)}},
            answer);
        if (asked != Asked::kAnswered) return asked;
        if (!answer.value("ok", false) && FaultStruck()) continue;
      }
      if (answer.value("ok", false)) {
        const Asked asked = Ask({{"do", "inspect"}, {"directory", ToJson(directory)}}, answer);
        if (asked != Asked::kAnswered) return asked;
      }
      Note("copy", directory + (answer.value("ok", false) ? " is whole" : " is refused"));
      if (Settle(History::CheckCopy(copy, answer))) return Asked::kWrong;
      history_.Seen(copy, answer);
      // What was not finished stays, to be tried again; so does a backup, and not what was
      // restored.
      if (copy.is_backup || answer.value("ok", false)) discarded_.push_back(directory);
    }
    return Asked::kAnswered;
  }

  Asked Work(const Life& life, const Step& step) {
    bool last = false;
    std::size_t unanswered = 0;
    for (std::size_t i = step.begin; i < step.end; ++i) {
      const artifacts::Operation& operation = life.operations[i];
      worker_->Send(history_.Issue(operation));
      ++report_.operations;
      ++unanswered;
      last = last || (life.ending == Ending::kKillAfter && operation.id == life.ending_at);
    }
    while (unanswered > 0) {
      Json answer;
      const Asked asked = HearAnswer(answer);
      if (asked != Asked::kAnswered) return asked;
      if (Settle(history_.Answer(answer, FaultStruck()))) return Asked::kWrong;
      --unanswered;
    }
    if (last) return KillNow();
    Json rested;
    return IsOn(plan_, kSettleKnob) ? Ask({{"do", "settle"}}, rested) : Asked::kAnswered;
  }

  // --- Talking.

  Asked Ask(const Json& command, Json& answer) {
    worker_->Send(command);
    return HearAnswer(answer);
  }

  // Until an answer, which is none of an operation unless one was issued.
  Asked HearAnswer(Json& answer) {
    const std::uint64_t deadline = NowNs() + place_.patience_ns;
    for (;;) {
      if (!place_.go_on()) {
        report_.interrupted = true;
        return Asked::kWrong;
      }
      const std::uint64_t look = NowNs() + kLookNs;
      Result<Heard> heard = worker_->Hear(std::min({deadline, kill_at_ns_, look}), LostPower());
      if (!heard) {
        Settle(Violation{"bad-answer", heard.error().ToString()});
        return Asked::kWrong;
      }
      switch (heard->what) {
        case Heard::What::kSignal: return KillNow();
        case Heard::What::kGone: return AwaitDeath();
        case Heard::What::kLate: {
          if (NowNs() >= kill_at_ns_) return KillNow();
          if (NowNs() < deadline) break;
          Settle(Violation{"hang", "the worker has not answered for " +
                                       std::to_string(place_.patience_ns / 1'000'000'000) + " s"});
          return Asked::kWrong;
        }
        case Heard::What::kLine: {
          if (!heard->line.contains("event")) {
            answer = std::move(heard->line);
            return Asked::kAnswered;
          }
          Note(kEngine, heard->line.dump(-1, ' ', true));
          if (Settle(history_.Event(heard->line, FaultStruck()))) return Asked::kWrong;
          break;
        }
      }
    }
  }

  Asked Count() {
    if (counts_ == nullptr) return Asked::kAnswered;
    Json answer;
    const Asked asked = Ask({{"do", "counts"}}, answer);
    if (asked != Asked::kAnswered) return asked;
    if (!answer.value("ok", false)) return WrongAnswer("counting", answer);
    for (const auto& [name, passages] : answer["points"].items()) {
      counts_->back()[name] = passages.get<std::uint64_t>();
    }
    return Asked::kAnswered;
  }

  Asked WrongAnswer(const char* what, const Json& answer, const char* rule = "unexplained-error") {
    Settle(Violation{rule, std::string(what) + " failed, and nothing explains it: " +
                               answer.value("error", Json::object()).dump(-1, ' ', true)});
    return Asked::kWrong;
  }

  int LostPower() const { return disk_ != nullptr ? disk_->lost() : -1; }

  // --- Dying.

  Asked KillNow() {
    killed_by_us_ = true;
    kill_at_ns_ = kNever;
    worker_->Kill();
    // What it said before counts.
    for (;;) {
      Result<Heard> heard = worker_->Hear(NowNs() + place_.patience_ns);
      if (!heard || heard->what == Heard::What::kGone) break;
      if (heard->what == Heard::What::kLate) break;
      if (heard->what != Heard::What::kLine) continue;
      Judgement judgement;
      if (heard->line.contains("event")) {
        judgement = history_.Event(heard->line, FaultStruck());
      } else if (history_.Awaits(heard->line)) {
        judgement = history_.Answer(heard->line, FaultStruck());
      }
      if (Settle(judgement)) return Asked::kWrong;
    }
    return AwaitDeath();
  }

  // Its output is over: says whether that was planned.
  Asked AwaitDeath() {
    const std::string end = worker_->AwaitEnd();
    CountStruck();
    const std::vector<Struck>& struck = worker_->struck();
    const bool at_point = !struck.empty() && struck.back().killed;
    Note("life", "ended: " + end +
                     (at_point ? " at " + struck.back().name + ", passage " +
                                     std::to_string(struck.back().passage)
                               : ""));
    if (worker_->was_killed() && (at_point || killed_by_us_)) {
      ++report_.kills;
      if (recovering_) ++report_.kills_in_recovery;
      return Asked::kDied;
    }
    if (worker_->exited_fine() && may_exit_) return Asked::kDied;
    Settle(Violation{"unplanned-death", "the worker ended with " + end +
                                            ", which nobody asked for: " + worker_->last_words()});
    return Asked::kWrong;
  }

  void CountStruck() {
    if (std::exchange(counted_, true)) return;
    for (const Struck& one : worker_->struck()) ++report_.struck[one.name];
  }

  // A closed database: nothing is damaged, nothing is left over.
  Status Verify() {
    BEACH_TRY_ASSIGN(worker_, WorkerProcess::Start(place_.program, ""));
    counted_ = false;
    Json answer;
    const Asked asked = Ask({{"do", "verify"}, {"directory", ToJson(Directory())}}, answer);
    if (asked == Asked::kDied) Settle(Violation{"unplanned-death", "verifying ended by itself"});
    if (asked == Asked::kAnswered) JudgeVerified(answer);
    worker_.reset();
    return {};
  }

  void JudgeVerified(const Json& answer) {
    if (!answer.value("ok", false)) {
      WrongAnswer("verifying a closed database", answer, "verify-refused");
    } else if (!answer["damage"].empty()) {
      Settle(Violation{"verify-damage", "a closed database is damaged where nothing was done: " +
                                            answer["damage"][0].dump()});
    } else if (!answer["debris"].empty()) {
      Settle(Violation{"debris", "a clean close left " + answer["debris"][0].dump() +
                                     ", which no manifest lists"});
    } else if (answer.value("torn", false)) {
      Settle(Violation{"torn-after-close", "a clean close left a torn end"});
    }
  }

  const Plan& plan_;
  const Place& place_;
  std::vector<Passages>* const counts_;
  const std::string folder_ = Folder(plan_, place_);
  std::unique_ptr<PowerDisk> disk_;  // null: an ordinary one
  History history_;
  RunReport report_;
  std::unique_ptr<WorkerProcess> worker_;
  bool counted_ = false;  // the worker's strikes are in the report
  std::uint64_t kill_at_ns_ = kNever;
  bool killed_by_us_ = false;
  bool may_exit_ = false;  // by itself
  bool recovering_ = true;
  std::uint64_t restored_ = 0;
  std::vector<std::string> discarded_;  // directories
  std::uint64_t events_ = 0;
  std::uint64_t engine_events_ = 0;
};

}  // namespace

Result<RunReport> RunPlan(const Plan& plan, const Place& place) { return Runner(plan, place).Go(); }

Result<CountedRun> CountPassages(const Plan& plan, const Place& place) {
  CountedRun run;
  BEACH_TRY_ASSIGN(run.report, Runner(plan, place, &run.lives).Go());
  return run;
}

}  // namespace beach::crash
