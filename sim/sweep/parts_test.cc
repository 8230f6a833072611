// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <signal.h>

#include "sim/sweep/death.h"
#include "sim/sweep/report.h"
#include "sim/sweep/seeds.h"
#include "sim/sweep/shares.h"
#include "sim/sweep/sites.h"
#include "sim/sweep/sweep.h"
#include "sim/sweep/wire.h"

namespace beach::sim::sweep {
namespace {

TEST(Seeds, RangesAreHalfOpen) {
  const auto range = ParseSeedRange("5..12");
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->begin, 5U);
  EXPECT_EQ(range->end, 12U);
  for (const char* bad :
       {"", "5", "5..", "..5", "5..5", "9..5", "a..b", "1..2x", "-1..2", "1...2"}) {
    EXPECT_FALSE(ParseSeedRange(bad).has_value()) << bad;
  }
}

TEST(Seeds, ShardsCountFromOne) {
  EXPECT_EQ(ParseShard("1/4")->index, 0U);
  EXPECT_EQ(ParseShard("4/4")->index, 3U);
  for (const char* bad : {"0/4", "5/4", "1", "/", "1/0", "1/4/2", ""}) {
    EXPECT_FALSE(ParseShard(bad).has_value()) << bad;
  }
}

TEST(Shares, WhoTakesLongGetsFewerTurns) {
  Shares shares(3);
  const std::uint64_t took[] = {100, 1000, 0};
  std::uint64_t turns[3] = {};
  for (int i = 0; i < 20000; ++i) {
    const std::size_t first = shares.Begin();
    const std::size_t second = shares.Begin();  // two at once
    for (const std::size_t taker : {first, second}) {
      ++turns[taker];
      shares.End(taker, took[taker] + 1);
    }
  }
  EXPECT_NEAR(static_cast<double>(turns[0] * 101), static_cast<double>(turns[1] * 1001), 3003);
  EXPECT_GT(turns[2], turns[0]);
}

TEST(Shares, ATurnUnderWayCounts) {
  Shares shares(2);
  EXPECT_EQ(shares.Begin(), 0U);
  EXPECT_EQ(shares.Begin(), 1U);
  shares.End(0, 50);
  shares.End(1, 60);
  EXPECT_EQ(shares.Begin(), 0U);
  EXPECT_EQ(shares.Begin(), 1U);
}

TEST(Seeds, DurationsHaveUnits) {
  EXPECT_EQ(ParseDuration("60").value(), 60'000'000'000U);
  EXPECT_EQ(ParseDuration("60s").value(), 60'000'000'000U);
  EXPECT_EQ(ParseDuration("500ms").value(), 500'000'000U);
  EXPECT_EQ(ParseDuration("2m").value(), 120'000'000'000U);
  for (const char* bad : {"", "s", "1d", "-1s", "1.5s", "99999999h", "1 s"}) {
    EXPECT_FALSE(ParseDuration(bad).has_value()) << bad;
  }
}

TEST(Seeds, FractionsAreMillionths) {
  EXPECT_EQ(ParseFraction("0").value(), 0U);
  EXPECT_EQ(ParseFraction("1").value(), 1'000'000U);
  EXPECT_EQ(ParseFraction("1.0").value(), 1'000'000U);
  EXPECT_EQ(ParseFraction("0.05").value(), 50'000U);
  EXPECT_EQ(ParseFraction(".5").value(), 500'000U);
  for (const char* bad : {"", "2", "1.1", "-0.5", "0.x", "x", "1e-3"}) {
    EXPECT_FALSE(ParseFraction(bad).has_value()) << bad;
  }
}

TEST(Seeds, EveryShardMeetsEveryScenario) {
  for (std::uint64_t shard = 0; shard < 4; ++shard) {
    std::vector<int> dealt(4, 0);
    for (std::uint64_t seed = shard; seed < 400; seed += 4) ++dealt[DealtTo(seed, 4)];
    for (const int count : dealt) EXPECT_GT(count, 5);
  }
}

TEST(Glob, MatchesLikeAShell) {
  EXPECT_TRUE(GlobMatches("engine-*", "engine-crash"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("*a*b", "xxaybab"));
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
  EXPECT_FALSE(GlobMatches("engine", "engine-crash"));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_FALSE(GlobMatches("*a*b", "xxayba"));
}

RC_GTEST_PROP(Glob, AStarTakesAnything, (const std::string& head, const std::string& tail)) {
  RC_PRE(head.find_first_of("*?") == std::string::npos);
  RC_ASSERT(GlobMatches(head + "*", head + tail));
}

RunReport SomeReport(std::uint64_t number) {
  RunReport report;
  report.verdict = {.signature = "a/b", .message = "m", .virtual_ns = number, .event = 4};
  report.hash = {.high = number, .low = 7};
  report.checkpoints = {{.event = 1, .hash = {.high = 2, .low = number}}};
  report.virtual_ns = number;
  report.events = number + 1;
  report.operations = 3;
  report.faults = {{"disk.eio", number}};
  report.sometimes = {{"flush.late", 2}};
  report.strikes = {{"flush.published", number}};
  report.options = {{"knob", number}};
  report.workload = {{.id = 1, .life = 2, .client = 3, .kind = "put", .arguments = {"a", ""}}};
  report.decisions = {
      {.site = "s", .host = "h", .life = number % 3, .thread = "t", .use = 9, .value = number}};
  report.trace = {{.event = 1,
                   .virtual_ns = 2,
                   .host = "h",
                   .thread = "t",
                   .kind = "io",
                   .text = std::string("x\0y", 3)}};
  report.decisions_recorded = number;
  report.decisions_followed = number / 2;
  if (number % 2 == 0) report.diverged_at = number;
  return report;
}

RC_GTEST_PROP(Wire, ReportsComeBack, (std::uint64_t number)) {
  const RunReport report = SomeReport(number);
  const auto read = DecodeReport(EncodeReport(report));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->verdict == report.verdict);
  RC_ASSERT(read->hash == report.hash);
  RC_ASSERT(read->checkpoints == report.checkpoints);
  RC_ASSERT(read->virtual_ns == report.virtual_ns);
  RC_ASSERT(read->events == report.events);
  RC_ASSERT(read->faults == report.faults);
  RC_ASSERT(read->sometimes == report.sometimes);
  RC_ASSERT(read->strikes == report.strikes);
  RC_ASSERT(read->options == report.options);
  RC_ASSERT(read->workload == report.workload);
  RC_ASSERT(read->decisions == report.decisions);
  RC_ASSERT(read->trace == report.trace);
  RC_ASSERT(read->decisions_recorded == report.decisions_recorded);
  RC_ASSERT(read->decisions_followed == report.decisions_followed);
  RC_ASSERT(read->diverged_at == report.diverged_at);
}

RC_GTEST_PROP(Wire, ProgressAddsUpToTheReport, (std::uint64_t number)) {
  const RunReport report = SomeReport(number);
  RunReport told;
  RC_ASSERT(AbsorbProgress(EncodeProgress("knob", number), told).has_value());
  RC_ASSERT(AbsorbProgress(EncodeProgress(report.workload), told).has_value());
  RC_ASSERT(AbsorbProgress(EncodeProgress(report.decisions[0]), told).has_value());
  RC_ASSERT(AbsorbProgress(EncodeProgress(report.trace[0]), told).has_value());
  RC_ASSERT(AbsorbProgress(EncodeProgress(report.checkpoints[0]), told).has_value());
  RC_ASSERT(told.options == report.options);
  RC_ASSERT(told.workload == report.workload);
  RC_ASSERT(told.decisions == report.decisions);
  RC_ASSERT(told.trace == report.trace);
}

TEST(Wire, MalformedProgressChangesNothing) {
  const RunReport report = SomeReport(6);
  for (const Bytes& whole :
       {EncodeProgress("knob", 6), EncodeProgress(report.workload),
        EncodeProgress(report.decisions[0]), EncodeProgress(report.trace[0])}) {
    RunReport told;
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(AbsorbProgress(ByteView(whole).substr(0, length), told)) << length;
    }
    EXPECT_FALSE(AbsorbProgress(whole + "x", told));
    EXPECT_FALSE(AbsorbProgress("\x7f" + whole, told));
    EXPECT_TRUE(told.options.empty());
    EXPECT_TRUE(told.workload.empty());
    EXPECT_TRUE(told.decisions.empty());
    EXPECT_TRUE(told.trace.empty());
  }
}

TEST(Wire, EveryTruncationIsRefused) {
  const Bytes bytes = EncodeReport(SomeReport(6));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(DecodeReport(ByteView(bytes).substr(0, length)).has_value()) << length;
  }
  EXPECT_FALSE(DecodeReport(bytes + "x").has_value());
}

RC_GTEST_PROP(Wire, GarbageIsHarmless, (const std::string& garbage)) {
  [[maybe_unused]] const auto report = DecodeReport(garbage);
  [[maybe_unused]] const auto job = DecodeJob(garbage);
}

TEST(ShortName, DropsWhatVariesAndKeepsTheName) {
  EXPECT_EQ(ShortName("beach::engine::Db::Write(beach::engine::WriteBatch const&, int)"),
            "engine::Db::Write");
  EXPECT_EQ(
      ShortName("void beach::engine::(anonymous namespace)::Table<int, (char)3>::Get(Key) const"),
      "engine::Table::Get");
  EXPECT_EQ(ShortName("beach::sim::Run(int)::{lambda(int)#1}::operator()(int) const"),
            "sim::Run::operator()");
  EXPECT_EQ(ShortName("beach::engine::Key::operator<(beach::engine::Key const&) const"),
            "engine::Key::operator");
  EXPECT_EQ(ShortName("beach::engine::Cut() [clone .cold]"), "engine::Cut");
  for (const char* suffix : {" [clone .constprop.0]", " [clone .part.1]",
                             " [clone .isra.0] [clone .cold]", " [clone .lto_priv.3]"}) {
    const std::string tail = suffix;
    EXPECT_EQ(ShortName("beach::engine::Db::Flush(int) const" + tail), "engine::Db::Flush");
    EXPECT_EQ(ShortName("beach::engine::Db::Flush" + tail), "engine::Db::Flush");
    EXPECT_TRUE(IsOwn({"beach::engine::Db::Flush" + tail, "db.cc:1"}));
  }
}

TEST(IsOwn, TheHarnessIsNot) {
  for (const char* name :
       {"beach::sim::cli::(anonymous namespace)::Run(int)", "beach::sim::sweep::RunContained(int)",
        "beach::sim::Kernel::Run()", "beach::sim::Kernel::RunHarness(void*)",
        "beach::sim::RunScenario(int)", "beach::internal::CheckFailed(int)", "main"}) {
    EXPECT_FALSE(IsOwn({name, "a.cc:1"})) << name;
  }
  EXPECT_TRUE(IsOwn({"beach::sim::VirtualDisk::Open(int)", "a.cc:1"}));
}

TEST(IsOwn, CodeOfAnyNamespaceIsUnlessItIsALibrarys) {
  for (const char* name :
       {"journaled_queue::Queue::Push(std::basic_string_view<char>)", "RunQueue(beach::sim::Life&)",
        "(anonymous namespace)::Check(int)", "void list::Visit<std::less<int> >(int)",
        "RunQueue(int)::{lambda(int)#1}::operator()(int) const", "abandon(int)"}) {
    EXPECT_TRUE(IsOwn({name, "a.cc:1"})) << name;
    EXPECT_FALSE(IsOwn({name, "/lib/x86_64-linux-gnu/libother.so.1"})) << name;
    EXPECT_FALSE(IsOwn({name, "??:?"})) << name;
  }
  for (const char* name :
       {"std::function<void (journaled_queue::Queue&)>::operator()(journaled_queue::Queue&) const",
        "void std::sort<queue::Item*>(queue::Item*, queue::Item*)", "operator new(unsigned long)",
        "_start", "__asan_report_load8", "fmt::v9::vformat(int)", "main", "??", "jump_fcontext"}) {
    EXPECT_FALSE(IsOwn({name, "a.cc:1"})) << name;
  }
}

TEST(Describe, NamesFunctionsOfAnyNamespace) {
  Remains remains;
  remains.signal = SIGABRT;
  remains.stacks = {{{"abort", "/lib/libc.so.6"},
                     {"std::vector<int>::at(unsigned long)", "vector.h:1"},
                     {"journaled_queue::Queue::Pop()", "queue.cc:1"},
                     {"RunQueue(beach::sim::Simulation&)", "queue_sim.cc:9"},
                     {"beach::sim::RunScenario(int)", "run.cc:1"}}};
  EXPECT_EQ(Describe(remains).verdict.signature, "abort: journaled_queue::Queue::Pop < RunQueue");
}

TEST(SameSignature, HangsAreAlikeWhereverTheyWereSeen) {
  EXPECT_TRUE(SameSignature("hang: a < b", "hang: c"));
  EXPECT_TRUE(SameSignature("hang", "hang: c"));
  EXPECT_TRUE(SameSignature("abort: a", "abort: a"));
  EXPECT_FALSE(SameSignature("abort: a", "abort: b"));
  EXPECT_FALSE(SameSignature("hang: a", "hanging/rule"));
}

// A report that a dead replay told.
RunReport Told(std::uint64_t events) {
  RunReport told;
  told.events = events;
  told.decisions = {{"a.site", "h", 1, "main", 0, 1}};
  told.options["knob"] = 1;
  return told;
}

TEST(JudgeCrash, ADeadReplayIsComparedWithItsRecording) {
  artifacts::Artifact recorded;
  recorded.verdict.event = 50;
  recorded.decisions = Told(50).decisions;
  recorded.options["knob"] = 1;
  recorded.last_events = {{50, 1, "h", "main", "io", "write"}};
  const auto judged = [&recorded](RunReport told) {
    JudgeCrash(recorded, told);
    return told.diverged_at;
  };
  EXPECT_EQ(judged(Told(50)), std::nullopt);
  EXPECT_EQ(judged(Told(40)), 40U);  // it died before
  RunReport left = Told(50);
  left.diverged_at = 20;  // the worker saw it
  EXPECT_EQ(judged(left), 20U);
  left = Told(50);
  left.options.clear();
  EXPECT_EQ(judged(left), 50U);
  left = Told(50);
  left.decisions[0].use = 1;
  EXPECT_EQ(judged(left), 50U);
}

TEST(Report, HangsOfOneScenarioAreAlikeWhereverTheyWereSeen) {
  const auto failure = [](const char* scenario, const char* signature) {
    Failure one;
    one.scenario = scenario;
    one.signature = signature;
    return one;
  };
  SweepReport report;
  EXPECT_TRUE(report.AddFailure(failure("s", "hang: a < b < c")));
  EXPECT_TRUE(report.Knows(failure("s", "hang: b < c < d")));
  EXPECT_FALSE(report.AddFailure(failure("s", "hang: b < c < d")));
  EXPECT_FALSE(report.Knows(failure("s", "abort: a < b")));
  EXPECT_TRUE(report.AddFailure(failure("s", "abort: a < b")));
  EXPECT_FALSE(report.AddFailure(failure("t", "abort: a < b")));  // a place in code
  EXPECT_TRUE(report.AddFailure(failure("t", "hang: b < c < d")));
  ASSERT_EQ(report.failures.size(), 3U);
  EXPECT_EQ(report.failures[0].count, 2U);
  EXPECT_EQ(report.failures[1].count, 2U);
}

TEST(Report, OneWithoutSeedsOrCutShortIsNotComplete) {
  SweepReport report;
  EXPECT_FALSE(report.Complete());
  EXPECT_EQ(Summary(report, "beachsim").find("no failures"), std::string::npos);
  report.seeds = 3;
  EXPECT_TRUE(report.Complete());
  EXPECT_NE(Summary(report, "beachsim").find("no failures"), std::string::npos);
  report.interrupted = true;
  EXPECT_FALSE(report.Complete());
  EXPECT_EQ(Summary(report, "beachsim").find("no failures"), std::string::npos);
}

TEST(Describe, SkipsFramesThatAreNotOfTheCodeUnderTest) {
  Remains remains;
  remains.signal = SIGABRT;
  remains.error_text = "noise\nengine/a.cc:12: check failed: x == y (left 1, right 2)\n";
  remains.stacks = {{{"raise", "??:0"},
                     {"beach::internal::CheckFailed(char const*, int, char const*)", "check.cc:9"},
                     {"beach::engine::Flush(int)", "flush.cc:3"},
                     {"void std::__invoke<beach::engine::Db>(beach::engine::Db&&)", "functional:1"},
                     {"beach::engine::Db::Write()", "db.cc:4"},
                     {"beach::sim::sweep::WorkerPool::Serve()", "pool.cc:5"},
                     {"main", "main.cc:6"}}};
  const Finding finding = Describe(remains);
  EXPECT_EQ(finding.verdict.signature, "abort: engine::Flush < engine::Db::Write");
  EXPECT_EQ(finding.verdict.message, "engine/a.cc:12: check failed: x == y (left 1, right 2)");
  EXPECT_NE(finding.stack.find("#2 beach::engine::Flush(int) at flush.cc:3\n"), std::string::npos);
}

TEST(Describe, AHangIsWhatItsSamplesShare) {
  const Frame loop = {"beach::engine::Loop()", "a.cc:1"};
  const Frame run = {"beach::engine::Run()", "a.cc:2"};
  Remains remains;
  remains.hang = true;
  remains.exit_status = 113;
  remains.stacks = {{{"beach::engine::A()", "a.cc:3"}, loop, run},
                    {loop, run},
                    {{"beach::engine::B()", "a.cc:4"}, loop, run}};
  EXPECT_EQ(Describe(remains).verdict.signature, "hang: engine::Loop < engine::Run");
}

TEST(Describe, SanitizerReportsGiveTheKind) {
  Remains remains;
  remains.signal = SIGABRT;
  remains.error_text = "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x1 at\n";
  remains.stacks = {{{"beach::engine::Read(int)", "a.cc:3"}}};
  EXPECT_EQ(Describe(remains).verdict.signature, "asan: heap-use-after-free: engine::Read");
  remains.error_text = "a.cc:3:4: runtime error: signed integer overflow\n";
  EXPECT_EQ(Describe(remains).verdict.signature, "ubsan: engine::Read");
}

TEST(Describe, DeathWithoutAWordStillHasASignature) {
  Remains remains;
  remains.signal = SIGKILL;
  EXPECT_EQ(Describe(remains).verdict.signature, "killed");
  remains.signal = 0;
  remains.exit_status = 9;
  EXPECT_EQ(Describe(remains).verdict.signature, "exit: status 9");
}

TEST(Sites, TheTableHasNamesOfEveryKindItLists) {
  for (const KnownSite& site : KnownSites()) {
    EXPECT_FALSE(site.kind.empty());
    EXPECT_FALSE(site.name.empty());
    EXPECT_FALSE(site.file.empty());
  }
}

}  // namespace
}  // namespace beach::sim::sweep
