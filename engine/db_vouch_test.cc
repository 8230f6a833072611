// SPDX-License-Identifier: Apache-2.0
// Vouching at rest, in a simulation: virtual time passes while nobody writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/db.h"
#include "engine/wal/dump.h"
#include "env/threads.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

namespace beach::engine {
namespace {

constexpr std::uint64_t kMillisecondNs = 1'000'000;
const WriteOptions kSynced{.sync = true, .tag = 0};
const WriteOptions kLazy{.sync = false, .tag = 0};

Options SmallOptions() {
  Options options;
  options.wal_segment_size = 64 * kKiB;
  return options;
}

// The last one that was written to: the next one may have been made already.
std::string NewestSegment(const env::Env& env) {
  std::string newest;
  const auto names = env.files->List("db");
  for (const std::string& name : *names) {
    if (!name.ends_with(".wal")) continue;
    const std::string path = env::JoinPath("db", name);
    const auto dump = wal::DumpSegment(*env.files, path, [](const std::string&) {});
    if (newest.empty() || (dump && dump->items > 0)) newest = path;
  }
  return newest;
}

// Vouch records on disk, in the segment that the log is in.
std::uint64_t Vouches(const env::Env& env) {
  std::uint64_t count = 0;
  const auto dump = wal::DumpSegment(*env.files, NewestSegment(env), [&](const std::string& line) {
    count += line.find(": vouch, ") != std::string::npos ? 1U : 0U;
  });
  return dump ? count : ~std::uint64_t{0};
}

void SleepFor(const env::Env& env, std::uint64_t ns) {
  const std::uint64_t now = env.clock->MonotonicNow();
  env.clock->SleepUntil(now + ns);
}

std::unique_ptr<Db> Open(const env::Env& env) {
  auto db = Db::Open(env, "db", SmallOptions());
  return db ? *std::move(db) : nullptr;
}

// One process on a fresh machine, to its end.
sim::RunReport RunProcess(std::uint64_t seed, std::function<void(const env::Env&)> main) {
  sim::RunOptions options;
  options.seed = seed;
  return sim::RunBody(
      [&main](sim::Simulation& simulation) {
        const sim::HostId host = simulation.AddHost("a");
        const sim::ProcessId process =
            simulation.Start(host, "p", [&main](const env::Env& env) { main(env); });
        EXPECT_EQ(simulation.Wait(process), sim::ProcessEnd::kExited);
      },
      options);
}

TEST(DbVouch, ARecordIsOnDiskAfterTwoMillisecondsOfRest) {
  std::uint64_t at_once = 99, after_rest = 99, much_later = 99, end_moved = 99;
  const auto report = RunProcess(1, [&](const env::Env& env) {
    const auto db = Open(env);
    if (!db || !db->Put(kSynced, "a", "1")) return;
    at_once = Vouches(env);
    SleepFor(env, 10 * kMillisecondNs);
    after_rest = Vouches(env);
    SleepFor(env, 500 * kMillisecondNs);
    much_later = Vouches(env);
    end_moved = db->Put(kSynced, "b", "2") ? Vouches(env) : 99;
  });
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  EXPECT_EQ(at_once, 0U);
  EXPECT_EQ(after_rest, 1U);
  EXPECT_EQ(much_later, 1U);  // nothing needed another
  EXPECT_EQ(end_moved, 1U);   // and the log goes on behind it
}

TEST(DbVouch, NoneIsWrittenWhereNothingNeedsIt) {
  std::uint64_t unused = 99, unsynced = 99, busy = 99;
  const auto report = RunProcess(2, [&](const env::Env& env) {
    const auto db = Open(env);
    if (!db) return;
    SleepFor(env, 50 * kMillisecondNs);
    unused = Vouches(env);
    // Not durable, and nobody asked for it to be.
    if (!db->Put(kLazy, "a", "1")) return;
    SleepFor(env, 50 * kMillisecondNs);
    unsynced = Vouches(env);
    // Each flight vouches for the one before it.
    for (int i = 0; i < 8; ++i) {
      if (!db->Put(kSynced, "b", "2")) return;
    }
    busy = Vouches(env);
  });
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  EXPECT_EQ(unused, 0U);
  EXPECT_EQ(unsynced, 0U);
  EXPECT_EQ(busy, 0U);
}

// The point of it: what was cut as a torn tail before the rest is damage behind it.
TEST(DbVouch, AFlightThatRotsIsDamageOnceVouchedFor) {
  for (const bool rest : {false, true}) {
    std::optional<ErrorCode> reopened;
    bool opened = false;
    bool written = false;
    const auto report = sim::RunBody([&](sim::Simulation& simulation) {
      const sim::HostId host = simulation.AddHost("a");
      const sim::ProcessId writer = simulation.Start(host, "writer", [&](const env::Env& env) {
        const auto db = Open(env);
        written = db && db->Put(kSynced, "a", "1");
        SleepFor(env, 1000 * kMillisecondNs);
      });
      while (!written) simulation.SleepFor(kMillisecondNs / 20);
      if (rest) simulation.SleepFor(10 * kMillisecondNs);
      simulation.Kill(writer);
      EXPECT_EQ(simulation.Wait(writer), sim::ProcessEnd::kKilled);
      const sim::ProcessId reader = simulation.Start(host, "reader", [&](const env::Env& env) {
        {
          auto file = env.files->Open(NewestSegment(env), {.mode = env::OpenMode::kReadWrite});
          if (!file || !(*file)->WriteAt(4096 + 64, "rot")) return;
        }
        const auto db = Db::Open(env, "db", SmallOptions());
        opened = db.has_value();
        if (!db) reopened = db.error().code();
      });
      EXPECT_EQ(simulation.Wait(reader), sim::ProcessEnd::kExited);
    });
    EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
    EXPECT_EQ(opened, !rest);
    EXPECT_EQ(reopened == ErrorCode::kCorruption, rest);
  }
}

TEST(DbVouch, AFailedRecordPoisonsTheHandle) {
  std::optional<ErrorCode> code;
  bool read = false;
  const auto report = sim::RunBody([&](sim::Simulation& simulation) {
    const sim::HostId host = simulation.AddHost("a");
    const sim::ProcessId process = simulation.Start(host, "p", [&](const env::Env& env) {
      const auto db = Open(env);
      if (!db || !db->Put(kSynced, "a", "1")) return;
      const auto fail_writes = [&simulation](bool on) {
        const sim::SystemScope scope;
        simulation.SetFault("disk.eio.write", on ? 1'000'000 : 0);
      };
      fail_writes(true);
      SleepFor(env, 10 * kMillisecondNs);
      fail_writes(false);
      const Status later = db->Put(kSynced, "b", "2");
      if (!later) code = later.error().code();
      const auto value = db->Get({}, "a");
      read = value && *value == "1";
      SleepFor(env, 10 * kMillisecondNs);  // nothing is tried again
    });
    EXPECT_EQ(simulation.Wait(process), sim::ProcessEnd::kExited);
  });
  EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
  EXPECT_EQ(code, ErrorCode::kIo);
  EXPECT_TRUE(read);
  EXPECT_EQ(report.faults.at("disk.eio.write"), 1U);
}

TEST(DbVouch, WritersAndCloseMayComeAtAnyMomentOfIt) {
  std::uint64_t met = 0, vouched = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    bool sound = false;
    const auto report = RunProcess(seed, [&](const env::Env& env) {
      auto db = Open(env);
      bool fine = db != nullptr;
      for (std::uint64_t i = 0; fine && i < 6; ++i) {
        fine = db->Put(kSynced, std::to_string(i), "x").has_value();
        SleepFor(env, 2 * kMillisecondNs - 20'000 + seed * 1000 + i * 500);
      }
      fine = fine && db->Close();
      db.reset();
      db = Open(env);
      for (std::uint64_t i = 0; fine && i < 6; ++i) {
        const auto value = db->Get({}, std::to_string(i));
        fine = value && *value == "x";
      }
      sound = fine;
    });
    EXPECT_TRUE(report.verdict.ok()) << seed << ": " << report.verdict.message;
    EXPECT_TRUE(sound) << seed;
    met += report.sometimes.contains("db.writer_met_vouch") ? 1 : 0;
    vouched += report.sometimes.contains("db.vouched_at_rest") ? 1 : 0;
  }
  EXPECT_GT(met, 0U);
  EXPECT_GT(vouched, 0U);
}

// Empty batches here, as refused ones: they end groups and leave the log as it is.
TEST(DbVouch, GroupsThatWriteNothingDoNotPutItOff) {
  std::uint64_t overdue = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::uint64_t vouches = 99;
    const auto report = RunProcess(seed, [&](const env::Env& env) {
      const auto db = Open(env);
      if (!db || !db->Put(kSynced, "a", "1")) return;
      const auto write_nothing = [&] {
        for (int i = 0; i < 100; ++i) {
          static_cast<void>(db->Write(kSynced, WriteBatch()));
          SleepFor(env, 100'000);
        }
      };
      env::Thread other("other", write_nothing);
      write_nothing();
      other.Join();
      vouches = Vouches(env);
    });
    EXPECT_TRUE(report.verdict.ok()) << report.verdict.message;
    EXPECT_EQ(vouches, 1U) << seed;
    overdue += report.sometimes.contains("db.vouched_by_writer") ? 1 : 0;
  }
  RecordProperty("overdue", static_cast<int>(overdue));
}

TEST(DbVouch, OneSeedOneHash) {
  const auto rest = [](const env::Env& env) {
    const auto db = Open(env);
    for (int i = 0; db && i < 5; ++i) {
      static_cast<void>(db->Put(kSynced, "a", "1"));
      SleepFor(env, 2 * kMillisecondNs);
    }
  };
  const auto first = RunProcess(7, rest);
  const auto second = RunProcess(7, rest);
  EXPECT_TRUE(first.verdict.ok());
  EXPECT_EQ(first.hash, second.hash);
}

}  // namespace
}  // namespace beach::engine
