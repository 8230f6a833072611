// SPDX-License-Identifier: Apache-2.0
// Damage at rest on a simulated disk, under the tables of a node: whatever it strikes, nothing
// wrong is read; tables that are damaged are set aside, also when the power goes meanwhile; and
// what a peer has makes the node what it was.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "server/machine/node_state.h"
#include "server/machine/state_directory.h"
#include "server/machine/testing/random_history.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

namespace beach::server {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kRuns = 60;  // each takes many times as long
constexpr std::uint64_t kLives = 50;
#else
constexpr std::uint64_t kRuns = 300;
constexpr std::uint64_t kLives = 250;
#endif

using testing::History;

constexpr SessionLimits kLimits{.count_max = 3, .idle_max_ms = 1000};
constexpr char kTables[] = "db";

Result<std::unique_ptr<NodeState>> OpenState(const env::Env& env, const char* directory) {
  engine::Options options;
  options.memtable_size = 16 * engine::kKiB;
  options.block_size = 256;
  options.table_size = 64 * engine::kKiB;
  options.manifest_size_max = 2 * engine::kKiB;
  options.level0_compact_count = 3;
  options.level0_slow_count = 4;
  options.level0_stop_count = 8;
  raft::Configuration bootstrap;
  bootstrap.voters = {raft::NodeId(1), raft::NodeId(2)};
  return NodeState::Open(env, directory, options, {.sessions = kLimits, .bootstrap = bootstrap},
                         true);
}

// What the harness knows, of plain values alone: the memory of a process goes with it.
struct Seen {
  bool done = false;  // the life has come to its end
  bool opened = false;
  bool lost = false;
  bool wrong = false;  // something was read that is not so
  bool met = false;    // something could not be read
  bool right = false;  // all was read, and is so
  ErrorCode error = {};
  std::uint64_t durable = 0;
};

Status ApplyLog(NodeState& state, const History& history, std::size_t upto) {
  const std::size_t first = state.machine().durable().index.value;
  std::vector<Bytes> answers;
  const auto applied =
      state.machine().Apply(std::span(history.entries).subspan(first, upto - first), true, answers);
  if (!applied) return Fail(applied.error());
  return {};
}

// All that is in the tables, but for the last entries.
void Fill(const env::Env& env, const char* directory, const History& history) {
  const auto state = OpenState(env, directory);
  if (!state || !ApplyLog(**state, history, history.entries.size() * 9 / 10)) return;
  static_cast<void>((*state)->db().Flush());
}

// Reads everything, one by one and as a whole, and lets compactions read it.
Status Look(NodeState& state, const History& history, Seen& seen) {
  Status failed;
  const auto judge = [&](const auto& read, const auto& expected) {
    if (!read) failed = Fail(read.error());
    if (read && *read != expected) seen.wrong = true;
  };
  const auto bytes_of = [](const Result<Scanned>& scanned) -> Result<std::map<Bytes, Bytes>> {
    if (!scanned) return Fail(scanned.error());
    return std::map<Bytes, Bytes>(scanned->entries.begin(), scanned->entries.end());
  };
  judge(bytes_of(state.machine().Scan("", std::nullopt, {.count = 1'000'000, .bytes = ~0U})),
        history.live);
  for (const auto& [key, value] : history.live) {
    judge(state.machine().Get(key), std::optional<Bytes>(value));
  }
  const Status compacted = state.db().CompactRange(std::nullopt, std::nullopt);
  if (!compacted) failed = compacted;
  return failed;
}

// A life of a node whose log has all entries: until it steps aside, or all is read.
void Live(const env::Env& env, const History& history, Seen& seen) {
  const auto state = OpenState(env, kTables);
  seen.done = true;
  if (!state) {
    seen.error = state.error().code();
    return;
  }
  seen.opened = true;
  seen.lost = (*state)->lost().has_value();
  seen.durable = (*state)->machine().durable().index.value;
  if (seen.lost) return;
  Status failed = ApplyLog(**state, history, history.entries.size());
  if (failed) failed = Look(**state, history, seen);
  seen.right = failed.has_value();
  if (failed) return;
  seen.met = true;
  seen.error = failed.error().code();
  // Damage that was met by reading stays known; a read that failed may go well the next time.
  const Status health = (*state)->machine().Health();
  if (seen.error == ErrorCode::kCorruption && health) seen.wrong = true;
  static_cast<void>((*state)->SteppedAside(failed.error()));
}

// Gets the peer's tables, as a transfer would bring them.
void Refill(const env::Env& env, const History& history, Seen& seen) {
  const auto state = OpenState(env, kTables);
  const auto peer = OpenState(env, "peer");
  seen.done = true;
  if (!state || !peer) return;
  seen.opened = true;
  seen.lost = (*state)->lost().has_value();
  const auto pinned = (*peer)->machine().Pin();
  if (!pinned) return;
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < (*pinned)->files().size(); ++i) {
    paths.push_back("arrived" + std::to_string(i));
    if (!(*pinned)->Check(i)) return;
    if (!env.files->Link((*pinned)->files()[i].path, paths.back())) return;
  }
  Machine& machine = (*state)->machine();
  if (!machine.Check((*pinned)->description(), paths)) return;
  if (!machine.Install((*pinned)->meta(), (*pinned)->description(), paths)) return;
  for (const std::string& path : paths) static_cast<void>(env.files->Remove(path));
  if (!(*state)->Refilled() || !ApplyLog(**state, history, history.entries.size())) return;
  seen.right = Look(**state, history, seen).has_value();
}

class World {
 public:
  World(sim::Simulation& simulation, const History& history)
      : simulation_(simulation), history_(history), host_(simulation.AddHost("a")) {}

  sim::Disk& disk() { return simulation_.disk(host_); }
  sim::HostId host() const { return host_; }

  void Run(std::function<void(const env::Env&)> life) {
    end_ = simulation_.Wait(simulation_.Start(host_, "node", std::move(life)));
  }
  void FillBoth() {
    Run([this](const env::Env& env) { Fill(env, kTables, history_); });
    Run([this](const env::Env& env) { Fill(env, "peer", history_); });
  }
  Seen Life(void (*life)(const env::Env&, const History&, Seen&)) {
    Seen seen;
    Run([&](const env::Env& env) { life(env, history_, seen); });
    return seen;
  }
  sim::ProcessEnd end() const { return end_; }
  // Files of the database that hold something.
  std::vector<std::string> Paths() {
    const sim::SystemScope system;
    std::vector<std::string> paths;
    std::vector<std::string> names;
    if (disk().List(kTables, names) != 0) return {};
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const std::string path = env::JoinPath(kTables, name);
      const Result<Bytes> content = disk().Inspect(path);
      if (content && !content->empty()) paths.push_back(path);
    }
    return paths;
  }

 private:
  sim::Simulation& simulation_;
  const History& history_;
  const sim::HostId host_;
  sim::ProcessEnd end_ = {};
};

History HistoryOf(std::uint64_t seed) {
  RandomStream stream(seed);
  return testing::DrawHistory(stream, 1000, kLimits);
}

// One sector of any file: rotten, or not to be read any more.
TEST(NodeStateDisk, DamageAnywhereIsNeverReadAndIsMendedFromAPeer) {
  std::uint64_t met = 0;
  std::uint64_t lost = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed) {
    const History history = HistoryOf(seed % 20);
    std::string struck;
    sim::RunOptions options;
    options.seed = seed;
    const auto report = sim::RunBody(
        [&](sim::Simulation& simulation) {
          World world(simulation, history);
          world.FillBoth();
          RandomStream stream(seed);
          std::vector<std::string> paths = world.Paths();
          // Most is met by an open; of tables, all but the end is for who reads it.
          const bool data = stream.Chance(1, 2);
          if (data) std::erase_if(paths, [](const auto& path) { return !path.ends_with(".sst"); });
          ASSERT_FALSE(paths.empty());
          const std::string path = paths[stream.Below(paths.size())];
          const std::uint64_t size = world.disk().Inspect(path)->size();
          std::uint64_t sectors = (size + sim::kSectorSize - 1) / sim::kSectorSize;
          if (data) sectors = std::max<std::uint64_t>(sectors * 2 / 3, 1);
          const auto fault =
              stream.Chance(1, 3) ? sim::DiskFault::kLatentSector : sim::DiskFault::kBitRot;
          const std::uint64_t sector = stream.Below(sectors);
          ASSERT_EQ(
              world.disk().DamageRange(path, sector * sim::kSectorSize, sim::kSectorSize, fault),
              1U);
          struck = path + " sector " + std::to_string(sector) + " of " + std::to_string(sectors);
          Seen seen;
          for (int life = 0; life < 4 && !seen.lost && !seen.right; ++life) {
            seen = world.Life(Live);
            ASSERT_TRUE(seen.done);
            ASSERT_FALSE(seen.wrong) << "seed " << seed << ", " << struck;
            met += seen.met ? 1U : 0U;
            if (seen.error == ErrorCode::kRefused) break;
          }
          if (seen.error == ErrorCode::kRefused) {
            ++refused;
            return;
          }
          ASSERT_TRUE(seen.lost || seen.right) << "seed " << seed << ", " << struck;
          if (!seen.lost) return;
          ++lost;
          const Seen refilled = world.Life(Refill);
          ASSERT_TRUE(refilled.lost) << "seed " << seed;
          ASSERT_TRUE(refilled.right && !refilled.wrong) << "seed " << seed << ", " << struck;
          const Seen after = world.Life(Live);
          ASSERT_TRUE(after.right && !after.wrong && !after.lost) << "seed " << seed;
        },
        options);
    ASSERT_TRUE(report.verdict.ok()) << "seed " << seed << ": " << report.verdict.message;
  }
  EXPECT_GT(met, kRuns / 20);
  EXPECT_GT(lost, kRuns / 3);
  EXPECT_LT(refused, kRuns / 10);
  RecordProperty("met", std::to_string(met));
  RecordProperty("lost", std::to_string(lost));
  RecordProperty("refused", std::to_string(refused));
}

// Each step is durable before the next, and before its call returns.
TEST(NodeStateDisk, WhatWasSaidToBeDoneSurvivesALossOfPower) {
  const History nothing;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const bool set_aside = seed % 2 == 0;
    sim::RunOptions options;
    options.seed = seed;
    const auto report = sim::RunBody(
        [&](sim::Simulation& simulation) {
          World world(simulation, nothing);
          bool done = false;
          world.Run([&](const env::Env& env) {
            env::FileSystem& files = *env.files;
            const bool made = files.CreateDirectory(kTables) && files.SyncDirectory(".");
            const Error error(ErrorCode::kCorruption, "met");
            done = made && (set_aside ? SetAside(files, kTables).has_value()
                                      : MarkDamaged(files, kTables, error).has_value());
          });
          ASSERT_TRUE(done);
          simulation.PowerLoss(world.host());
          const sim::SystemScope system;
          std::vector<std::string> names;
          ASSERT_EQ(world.disk().List("/", names), 0);
          std::ranges::sort(names);
          const std::vector<std::string> aside = {"db.damaged"};
          const std::vector<std::string> marked = {"db", "db.damage"};
          EXPECT_EQ(names, set_aside ? aside : marked) << seed;
          const auto text = world.disk().Inspect(DamageMarkOf(kTables));
          if (!set_aside) {
            EXPECT_EQ(text.value_or(""), "corruption: met\n");
          }
        },
        options);
    ASSERT_TRUE(report.verdict.ok()) << "seed " << seed << ": " << report.verdict.message;
  }
}

// The power goes at each step of setting the tables aside and of filling new ones.
TEST(NodeStateDisk, ALossOfPowerMeanwhileLeavesItKnownToBeLostOrFilled) {
  std::uint64_t struck = 0;
  std::uint64_t filled = 0;
  const History history = HistoryOf(1);
  for (std::uint64_t seed = 1; seed <= kLives; ++seed) {
    sim::RunOptions options;
    options.seed = seed;
    const auto report = sim::RunBody(
        [&](sim::Simulation& simulation) {
          World world(simulation, history);
          world.FillBoth();
          for (const std::string& path : world.Paths()) {
            if (!path.ends_with(".sst")) continue;
            ASSERT_EQ(world.disk().DamageRange(path, 0, sim::kSectorSize, sim::DiskFault::kBitRot),
                      1U);
          }
          world.Run([](const env::Env& env) {
            static_cast<void>(
                MarkDamaged(*env.files, kTables, Error(ErrorCode::kCorruption, "met")));
          });
          simulation.ArmStrike(world.host(), sim::Strike::kPowerLoss, seed * 4);
          world.Life(Refill);
          struck += world.end() == sim::ProcessEnd::kPowerLost ? 1U : 0U;
          simulation.ArmStrike(world.host(), sim::Strike::kPowerLoss, 0);
          world.Run([](const env::Env& env) {  // what had arrived is nobody's
            for (int i = 0; i < 100; ++i) {
              static_cast<void>(env.files->Remove("arrived" + std::to_string(i)));
            }
          });
          const Seen seen = world.Life(Live);
          ASSERT_TRUE(seen.opened) << "seed " << seed << ": " << ErrorCodeName(seen.error);
          ASSERT_FALSE(seen.wrong) << "seed " << seed;
          ASSERT_TRUE(seen.lost || seen.right) << "seed " << seed;
          ASSERT_EQ(seen.lost, seen.durable == 0) << "seed " << seed;
          filled += seen.right ? 1U : 0U;
          if (seen.right) return;
          const Seen refilled = world.Life(Refill);
          ASSERT_TRUE(refilled.lost && refilled.right) << "seed " << seed;
        },
        options);
    ASSERT_TRUE(report.verdict.ok()) << "seed " << seed << ": " << report.verdict.message;
  }
  EXPECT_GT(struck, kLives * 2 / 5);
  EXPECT_GT(filled, kLives * 2 / 25);
}

}  // namespace
}  // namespace beach::server
