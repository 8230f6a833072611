// SPDX-License-Identifier: Apache-2.0
#include "sim/crashpoints/explore.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "artifacts/artifact.h"
#include "base/check.h"
#include "base/random.h"
#include "sim/crash_points.h"
#include "sim/crashpoints/cuts.h"
#include "sim/crashpoints/os_branch.h"
#include "sim/disk/disk.h"

namespace beach::sim::crashpoints {
namespace {

// A second crash comes within so many I/Os of the recovery, mostly.
constexpr std::uint64_t kSecondWithin = 48;
constexpr std::uint64_t kDrawnModes = 8;  // of a second cut

// What a child tells: its verdict, or its artifact when it fails.
std::string TellOf(const Scenario& scenario, const RunOptions& run, const RunReport& report) {
  if (report.verdict.ok()) return "ok";
  return artifacts::ToJson(MakeArtifact(scenario, run, report));
}

class Explorer final : public CrashPointHook {
 public:
  Explorer(const Scenario& scenario, const RunOptions& run, const ExploreOptions& options,
           const std::function<void(const Exploration&)>& progress)
      : scenario_(scenario), run_(run), options_(options), progress_(progress) {
    run_.crash_points = this;
  }

  Result<Exploration> Run() {
    const RunReport report = RunScenario(scenario_, run_);
    if (child_) child_->Tell(TellOf(scenario_, run_, report));
    exploration_.verdict = report.verdict;
    if (error_) return Fail(*error_);
    return std::move(exploration_);
  }

  std::optional<PowerCut> At(Site call, Disk& disk, std::uint64_t event) override {
    if (child_) return AtSecond();
    if (error_) return std::nullopt;
    // Also where nothing new is pending: since then something may have been promised.
    ++exploration_.points;
    return TryAll(call, disk.Pending(), event);
  }

 private:
  struct Attempt {
    PowerCut cut;
    std::uint64_t second_at = 0;  // 0: only one crash
    std::uint64_t key = 0;
  };
  struct Answer {
    Attempt attempt;
    std::string signature;  // empty: it ended well
    std::string message;
    std::string artifact_json;
  };

  // In the child: the recovery's I/O.
  std::optional<PowerCut> AtSecond() {
    if (attempt_.second_at == 0 || --attempt_.second_at > 0) return std::nullopt;
    const std::uint64_t mode = RandomBelow(Mix64(attempt_.key), kDrawnModes);
    return PowerCut{mode, RandomBelow(Mix64(attempt_.key + 1), std::uint64_t{1} << 32)};
  }

  // In the parent: nothing. In each child: its cut.
  std::optional<PowerCut> TryAll(Site call, const std::vector<PendingOperation>& pending,
                                 std::uint64_t event) {
    const std::uint64_t key = RandomValue(run_.seed, exploration_.points, 0xc9);
    std::vector<Attempt> attempts;
    for (const PowerCut& cut : ChooseCuts(pending.size(), options_.cuts_max, key)) {
      Attempt attempt{.cut = cut, .second_at = 0, .key = RandomValue(key, attempts.size())};
      if (RandomBelow(attempt.key, 100) < options_.second_percent) {
        attempt.second_at = 1 + RandomBelow(Mix64(attempt.key), kSecondWithin);
      }
      attempts.push_back(attempt);
    }
    std::vector<Answer> answers;
    if (Branch(attempts, answers)) return attempt_.cut;
    for (Answer& answer : answers) {
      ++exploration_.cuts;
      if (answer.attempt.second_at != 0) ++exploration_.second;
      if (answer.signature.empty()) continue;
      if (Note(std::move(answer), call, pending, event)) return attempt_.cut;
    }
    if (progress_) progress_(exploration_);
    return std::nullopt;
  }

  // Forks a child for each attempt. True in a child.
  bool Branch(const std::vector<Attempt>& attempts, std::vector<Answer>& answers) {
    std::deque<std::pair<Attempt, OsBranch>> running;
    const auto finish_one = [&] {
      auto [attempt, branch] = std::move(running.front());
      running.pop_front();
      answers.push_back(AnswerOf(attempt, branch.Wait()));
    };
    for (const Attempt& attempt : attempts) {
      if (running.size() >= options_.jobs) finish_one();
      bool in_child = false;
      Result<OsBranch> branch = OsBranch::Fork(options_.cpu_seconds, in_child);
      if (!branch) {
        error_ = std::move(branch).error();
        return false;
      }
      if (in_child) {
        for (auto& [other, sibling] : running) sibling.Disown();
        child_ = *std::move(branch);
        attempt_ = attempt;
        return true;
      }
      running.emplace_back(attempt, *std::move(branch));
    }
    while (!running.empty()) finish_one();
    return false;
  }

  static Answer AnswerOf(const Attempt& attempt, OsBranch::Told told) {
    Answer answer{.attempt = attempt, .signature = "", .message = "", .artifact_json = ""};
    if (!told.death.empty()) {
      answer.signature = "died: " + told.death;
      answer.message = "the process died after the crash";
      return answer;
    }
    if (told.text == "ok") return answer;
    const auto artifact = artifacts::FromJson(told.text);
    BEACH_CHECK(artifact.has_value());  // written by ourselves
    answer.signature = artifact->verdict.signature;
    answer.message = artifact->verdict.message;
    answer.artifact_json = std::move(told.text);
    return answer;
  }

  // True in a child that was forked to find out more.
  bool Note(Answer answer, Site call, const std::vector<PendingOperation>& pending,
            std::uint64_t event) {
    for (Failure& known : exploration_.failures) {
      if (known.signature != answer.signature) continue;
      ++known.count;
      return false;
    }
    Failure failure{.signature = answer.signature,
                    .message = std::move(answer.message),
                    .count = 1,
                    .point = exploration_.points,
                    .event = event,
                    .call = call.name,
                    .lost = {},
                    .kept = {},
                    .second = answer.attempt.second_at != 0,
                    .artifact_json = std::move(answer.artifact_json)};
    if (Explain(answer, pending, failure)) return true;
    exploration_.failures.push_back(std::move(failure));
    return false;
  }

  // Finds which operations had to be lost and which kept. True in a child.
  bool Explain(const Answer& answer, const std::vector<PendingOperation>& pending,
               Failure& failure) {
    bool in_child = false;
    const auto fails = [&](std::uint64_t lost) {
      if (in_child) return false;
      Attempt attempt = answer.attempt;
      attempt.cut = {kCutChosen, lost};
      std::vector<Answer> answers;
      in_child = Branch({attempt}, answers);
      return !in_child && !answers.empty() && answers.front().signature == answer.signature;
    };
    for (const std::uint64_t lost : Suspects(answer, pending.size())) {
      const bool failed = fails(lost);
      if (in_child) return true;
      if (!failed) continue;
      const Ordering ordering = FindOrdering(pending.size(), lost, fails);
      if (in_child) return true;
      for (std::size_t i = 0; i < pending.size(); ++i) {
        const std::uint64_t bit = std::uint64_t{1} << (i % 32);
        if ((ordering.lost & bit) != 0) failure.lost.push_back(pending[i].text);
        if ((ordering.kept & bit) != 0) failure.kept.push_back(pending[i].text);
      }
      return false;
    }
    return false;
  }

  // Subsets that may make the failure without torn sectors: what failed, nothing kept, each
  // operation lost alone or kept alone.
  static std::vector<std::uint64_t> Suspects(const Answer& answer, std::uint64_t pending) {
    const std::uint64_t bits = std::min<std::uint64_t>(pending, 32);
    const std::uint64_t all = (std::uint64_t{1} << bits) - 1;
    std::vector<std::uint64_t> suspects;
    if (answer.attempt.cut.mode == kCutChosen) suspects.push_back(answer.attempt.cut.detail & all);
    suspects.push_back(0);
    suspects.push_back(all);
    for (std::uint64_t i = 0; i < bits; ++i) suspects.push_back(all & ~(std::uint64_t{1} << i));
    for (std::uint64_t i = 0; i < bits; ++i) suspects.push_back(std::uint64_t{1} << i);
    return suspects;
  }

  const Scenario& scenario_;
  RunOptions run_;
  const ExploreOptions& options_;
  const std::function<void(const Exploration&)>& progress_;
  Exploration exploration_;
  std::optional<Error> error_;
  std::optional<OsBranch> child_;  // in a child
  Attempt attempt_;                // of this child
};

}  // namespace

Result<Exploration> Explore(const Scenario& scenario, const RunOptions& run,
                            const ExploreOptions& options,
                            const std::function<void(const Exploration&)>& progress) {
  BEACH_CHECK_GE(options.jobs, 1U);
  return Explorer(scenario, run, options, progress).Run();
}

}  // namespace beach::sim::crashpoints
