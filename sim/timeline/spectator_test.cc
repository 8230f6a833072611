// SPDX-License-Identifier: Apache-2.0
#include "sim/spectator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "env/files.h"
#include "env/threads.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/network/links.h"
#include "sim/sweep/wire.h"
#include "sim/system_scope.h"
#include "sim/timeline/seen.h"

namespace beach::sim {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;

struct Watching final : Spectator {
  std::vector<Sight> sights;
  void See(const Sight& sight) override { sights.push_back(sight); }

  std::vector<Sight> Of(SightKind kind) const {
    std::vector<Sight> found;
    for (const Sight& sight : sights) {
      if (sight.kind == kind) found.push_back(sight);
    }
    return found;
  }
};

Status Write(const env::Env& env, const std::string& path, ByteView bytes, bool synced) {
  BEACH_TRY_ASSIGN(const auto file, env.files->Open(path, {.mode = env::OpenMode::kCreate}));
  BEACH_TRY(file->Append(bytes));
  if (synced) BEACH_TRY(file->Sync());
  return {};
}

// Threads, a kill, a power loss, failing calls.
void Busy(Simulation& simulation) {
  const HostId host = simulation.AddHost("a", {});
  simulation.SetFault("disk.eio.write", 200'000);
  for (int life = 0; life < 3; ++life) {
    if (life < 2) simulation.ArmStrike(host, life == 0 ? Strike::kKill : Strike::kPowerLoss, 6);
    simulation.Wait(simulation.Start(host, "main", [life](const env::Env& env) {
      std::vector<env::Thread> threads;
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back("writer", [&env, life, i] {
          const std::string path = std::to_string(life) + "-" + std::to_string(i);
          static_cast<void>(Write(env, path, std::string(5'000, 'x'), i == 0));
        });
      }
      for (env::Thread& thread : threads) thread.Join();
    }));
    simulation.ArmStrike(host, Strike::kKill, 0);
  }
  simulation.PowerLoss(host);
}

TEST(Spectator, HasNoPartInTheHash) {
  std::size_t seen = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RunOptions options;
    options.seed = seed;
    const RunReport alone = RunBody(&Busy, options);
    Watching spectator;
    options.spectator = &spectator;
    const RunReport watched = RunBody(&Busy, options);
    EXPECT_EQ(watched.hash, alone.hash) << seed;
    EXPECT_EQ(watched.events, alone.events) << seed;
    EXPECT_EQ(watched.decisions, alone.decisions) << seed;
    EXPECT_EQ(watched.checkpoints, alone.checkpoints) << seed;
    seen += spectator.sights.size();
  }
  EXPECT_GT(seen, 4'000U);
}

TEST(Spectator, SeesTheSameInEveryRunOfASeed) {
  RunOptions options;
  options.seed = 7;
  Watching first;
  options.spectator = &first;
  RunBody(&Busy, options);
  Watching second;
  options.spectator = &second;
  options.address_salt = 12'345;
  RunBody(&Busy, options);
  EXPECT_EQ(first.sights, second.sights);
}

TEST(Spectator, SeesCallsWithFileRangeAndResult) {
  Watching spectator;
  RunOptions options;
  options.spectator = &spectator;
  const RunReport report = RunBody(
      [](Simulation& simulation) {
        const HostId host = simulation.AddHost("a", {});
        simulation.Wait(simulation.Start(host, "main", [](const env::Env& env) {
          const auto file = env.files->Open("f", {.mode = env::OpenMode::kCreate});
          static_cast<void>((*file)->Append("12345"));
          static_cast<void>((*file)->Append("678"));
          char bytes[4];
          static_cast<void>((*file)->ReadAt(2, bytes, 4));
          static_cast<void>(env.files->Rename("f", "g"));
          static_cast<void>(env.files->Remove("absent"));
        }));
      },
      options);
  ASSERT_TRUE(report.verdict.ok());
  std::vector<std::string> lines;
  for (const Sight& sight : spectator.sights) {
    if (sight.kind == SightKind::kCall) {
      lines.push_back(sight.host + " " + std::to_string(sight.life) + " " + sight.thread + " " +
                      sight.name + " " + sight.path + " " + sight.text + " " +
                      std::to_string(sight.offset) + "+" + std::to_string(sight.length));
    }
    if (sight.kind == SightKind::kReturn) lines.back() += " = " + std::to_string(sight.number);
  }
  EXPECT_THAT(lines, ElementsAre("a 1 main open f  0+0 = 0", "a 1 main append f  0+5 = 0",
                                 "a 1 main append f  0+3 = 5", "a 1 main read f  2+4 = 4",
                                 "a 1 main rename f g 0+0 = 0", "a 1 main remove absent  0+0 = -2",
                                 "a 1 main close f  0+0 = 0"));
}

TEST(Spectator, SeesWhatIsDirtyAndWhatAPowerLossMadeOfIt) {
  Watching spectator;
  RunOptions options;
  options.spectator = &spectator;
  options.options["host.a.torn_percent"] = 0;
  RunBody(
      [](Simulation& simulation) {
        const HostId host = simulation.AddHost("a", {});
        simulation.Wait(simulation.Start(host, "main", [](const env::Env& env) {
          static_cast<void>(Write(env, "synced", std::string(600, 's'), true));
          static_cast<void>(env.files->SyncDirectory("."));
          static_cast<void>(Write(env, "dirty", std::string(600, 'd'), false));
        }));
        simulation.PowerLoss(host);
      },
      options);
  const std::vector<Sight> files = spectator.Of(SightKind::kFile);
  EXPECT_THAT(files, Contains(AllOf(Field(&Sight::path, "synced"), Field(&Sight::text, "synced"),
                                    Field(&Sight::offset, 600U), Field(&Sight::length, 600U),
                                    Field(&Sight::number, 0))));
  const SightRange dirty{SightRange::Kind::kDirty, 0, 1024};
  EXPECT_THAT(files,
              Contains(AllOf(Field(&Sight::path, "dirty"), Field(&Sight::text, ""),
                             Field(&Sight::offset, 600U), Field(&Sight::length, 0U),
                             Field(&Sight::number, 2), Field(&Sight::ranges, ElementsAre(dirty)))));
  // Its name, and if that was kept its bytes and size.
  const std::vector<Sight> cut = spectator.Of(SightKind::kCut);
  ASSERT_FALSE(cut.empty());
  EXPECT_EQ(cut.front().name, "name dirty");
  const bool named = cut.front().number == 1;
  EXPECT_EQ(cut.size(), named ? 3U : 1U);
  EXPECT_EQ(files.back().name, named ? "file" : "gone");
}

TEST(Spectator, SeesLivesAndWhereTheyWereStruck) {
  std::size_t strikes = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Watching spectator;
    RunOptions options;
    options.seed = seed;
    options.spectator = &spectator;
    RunBody(&Busy, options);
    std::vector<std::string> lives;
    for (const Sight& sight : spectator.Of(SightKind::kProcess)) {
      EXPECT_EQ(sight.host, "a");
      lives.push_back(std::to_string(sight.life) + " " + sight.name);
    }
    ASSERT_EQ(lives.size(), 6U);
    EXPECT_EQ(lives.front(), "1 started");
    EXPECT_EQ(lives.back(), "3 exited");
    const auto struck =
        std::ranges::count(lives, "1 killed") + std::ranges::count(lives, "2 lost its power");
    const std::vector<Sight> seen = spectator.Of(SightKind::kStrike);
    EXPECT_EQ(seen.size(), static_cast<std::size_t>(struck)) << seed;
    for (const Sight& sight : seen) EXPECT_THAT(sight.name, testing::StartsWith("files."));
    strikes += seen.size();
  }
  EXPECT_GT(strikes, 3U);
}

// Partitions, and what a scenario says of itself.
void Parted(Simulation& simulation) {
  const HostId a = simulation.AddHost("a", {});
  const HostId b = simulation.AddHost("b", {});
  for (int i = 0; i < 3; ++i) {
    simulation.links().Cut(a, b);
    simulation.links().Cut(a, b);  // it stands
    const env::EventField fields[] = {{.name = "node", .number = 1},
                                      {.name = "role", .text = "x y"}};
    if (simulation.Watched()) simulation.Show("test.role", fields, 7);
    simulation.SleepFor(1'000'000);
    simulation.links().HealAll();
  }
  simulation.Trace("test", "done");
}

TEST(Spectator, SeesWaysAndWhatTheScenarioShows) {
  Watching spectator;
  RunOptions options;
  options.spectator = &spectator;
  RunBody(&Parted, options);
  const std::vector<Sight> shown = spectator.Of(SightKind::kShown);
  ASSERT_EQ(shown.size(), 9U);
  EXPECT_EQ(shown[0].name, "net.cut");
  EXPECT_THAT(shown[0].fields, ElementsAre(SightField{"from", 0, "a"}, SightField{"to", 0, "b"}));
  EXPECT_EQ(shown[1].name, "test.role");
  EXPECT_THAT(shown[1].fields,
              ElementsAre(SightField{"node", 1, ""}, SightField{"role", 0, "x y"}));
  EXPECT_EQ(shown[1].virtual_ns, shown[0].virtual_ns + 7);
  EXPECT_EQ(shown[2].name, "net.whole");
  EXPECT_GT(shown[2].virtual_ns, shown[1].virtual_ns);
}

TEST(Spectator, WhatIsShownIsInTheWholeTraceAndInNothingElse) {
  const TestScenario scenario(&Parted);
  RunOptions options;
  const RunReport alone = RunScenario(scenario, options);
  options.keep_trace = true;
  const RunReport all = RunScenario(scenario, options);
  options.keep_shown = true;
  const RunReport shown = RunScenario(scenario, options);
  EXPECT_EQ(shown.hash, alone.hash);
  EXPECT_EQ(shown.events, alone.events);
  EXPECT_EQ(shown.checkpoints, alone.checkpoints);
  std::vector<artifacts::TraceEvent> rest = shown.trace;
  std::vector<std::string> texts;
  std::erase_if(rest, [&texts](const artifacts::TraceEvent& event) {
    if (event.kind != kShownKind) return false;
    texts.push_back(event.text);
    return true;
  });
  EXPECT_EQ(rest, all.trace);
  ASSERT_EQ(texts.size(), 9U);
  EXPECT_EQ(texts[0], "net.cut from=a to=b");
  EXPECT_EQ(texts[1], "test.role node=1 role=x y");
  // An artifact of it replays where nobody watches.
  const artifacts::Artifact artifact = MakeArtifact(scenario, options, shown);
  EXPECT_EQ(artifact.last_events, all.trace);
  RunOptions replay;
  replay.replay = &artifact;
  EXPECT_EQ(RunScenario(scenario, replay).diverged_at, std::nullopt);
}

TEST(SightOnTheWire, ComesBackAsItWas) {
  Watching spectator;
  RunOptions options;
  options.spectator = &spectator;
  RunBody(&Busy, options);
  RunBody(&Parted, options);
  for (const Sight& sight : spectator.sights) {
    const auto decoded = sweep::DecodeSight(sweep::EncodeSight(sight));
    ASSERT_TRUE(decoded.has_value());
    ASSERT_TRUE(decoded->has_value());
    EXPECT_EQ(**decoded, sight);
  }
}

TEST(SightOnTheWire, GarbageIsRefused) {
  Sight sight;
  sight.kind = SightKind::kFile;
  sight.path = "path";
  sight.ranges = {{SightRange::Kind::kTorn, 1, 2}};
  sight.fields = {{"a", 1, ""}, {"b", 0, "text"}};
  const Bytes whole = sweep::EncodeSight(sight);
  for (std::size_t length = 1; length < whole.size(); ++length) {
    const auto decoded = sweep::DecodeSight(ByteView(whole).substr(0, length));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_FALSE(decoded->has_value()) << length;
  }
  Bytes unknown = whole;
  unknown[1] = 99;
  EXPECT_FALSE(sweep::DecodeSight(unknown)->has_value());
  EXPECT_FALSE(sweep::DecodeSight(whole + "x")->has_value());
  EXPECT_FALSE(sweep::DecodeSight("").has_value());
}

TEST(Seen, KeepsWhatIsShownInTheMiddleOfALongRun) {
  timeline::Seen seen(16);
  for (std::uint64_t event = 0; event < 100; ++event) {
    Sight sight;
    sight.event = event;
    const bool process = event == 23;
    if (event % 10 == 3) sight.kind = process ? SightKind::kProcess : SightKind::kShown;
    seen.See(sight);
  }
  std::vector<std::uint64_t> kept;
  for (const Sight& sight : seen.between()) kept.push_back(sight.event);
  EXPECT_THAT(kept, ElementsAre(13U, 23U, 33U, 43U));  // no more than a quarter
  EXPECT_EQ(seen.last().size(), 12U);
  EXPECT_EQ(seen.last().front().event, 88U);
  EXPECT_EQ(seen.left_out(), 80U);
}

TEST(Seen, KeepsTheBeginningAndTheEndOfALongRun) {
  timeline::Seen seen(16);
  for (std::uint64_t event = 0; event < 100; ++event) {
    Sight sight;
    sight.event = event;
    seen.See(sight);
  }
  EXPECT_EQ(seen.first().size(), 4U);
  EXPECT_EQ(seen.first().back().event, 3U);
  EXPECT_EQ(seen.last().size(), 12U);
  EXPECT_EQ(seen.last().front().event, 88U);
  EXPECT_EQ(seen.left_out(), 84U);
}

}  // namespace
}  // namespace beach::sim
