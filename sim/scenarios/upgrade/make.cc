// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/check.h"
#include "engine/backup_record.h"
#include "engine/db.h"
#include "engine/manifest/edit.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest_file.h"
#include "engine/sst/format.h"
#include "engine/wal/format.h"
#include "sim/disk/disk.h"
#include "sim/scenario.h"
#include "sim/scenarios/upgrade/world.h"
#include "sim/simulation.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::upgrade {
namespace {

using engine::Db;
using engine::kKiB;
using engine::MergeOperator;

constexpr std::uint64_t kSeed = 1;
constexpr std::uint64_t kKeys = 120;
constexpr std::uint64_t kRounds = 8;
constexpr ByteView kTable = "shells";
constexpr ByteView kDroppedTable = "driftwood";

Bytes KeyOf(std::uint64_t number) { return fmt::format("key-{:04}", number % kKeys); }

// Long enough to be worth compressing, and different each time.
Bytes ValueOf(std::uint64_t round, std::uint64_t number) {
  return fmt::format("round {} number {} ", round, number) +
         Bytes(number * 7 % 90, static_cast<char>('a' + round));
}

engine::Options OptionsOf(std::uint64_t round) {
  engine::Options options;
  options.memtable_size = 6 * kKiB;
  options.wal_segment_size = 64 * kKiB;
  options.block_size = 512;
  options.table_size = 3 * kKiB;
  options.level0_compact_count = 3;
  options.level_size_base = 8 * kKiB;
  options.level_size_ratio = 2;
  options.compression = engine::Compression(round % 3);
  options.bottom_compression = engine::Compression((round + 1) % 3);
  return options;
}

// Every kind of operation. What fails stops the maker: nothing here may.
void WriteRound(Db& db, std::uint64_t round) {
  const engine::WriteOptions synced = {.sync = true};
  const engine::WriteOptions unsynced = {.sync = false};
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::uint64_t number = round * 17 + i * 7;
    const auto& options = i % 5 == 0 ? synced : unsynced;
    BEACH_CHECK(db.Put(options, KeyOf(number), ValueOf(round, number)).has_value());
    if (i % 9 == 4) BEACH_CHECK(db.Delete(options, KeyOf(number + 3)).has_value());
    if (i % 11 == 6) {
      BEACH_CHECK(db.DeleteRange(options, KeyOf(i), KeyOf(i + 4)).has_value());
    }
    if (i % 4 == 1) {
      const Bytes counter = fmt::format("merged-{}", i % 16);
      BEACH_CHECK(db.Merge(options, counter, MergeOperator::kAppend, "shell ").has_value());
    }
  }
  const engine::NamedTable table = *db.OpenTable(kTable);
  engine::WriteBatch batch;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const std::uint64_t number = round * 13 + i * 5;
    batch.Put(KeyOf(number), ValueOf(round, number), table);
    batch.PutUntil(KeyOf(number + 1), ValueOf(round, i), 1000 * (round + 1 + i % 3));
  }
  batch.AdvanceTime(1000 * (round + 1));
  batch.Put("", "the empty key");
  batch.Put("empty value", "");
  batch.Put(Bytes(1, '\xff'), fmt::format("round {}", round));
  batch.Merge("greatest", MergeOperator::kMax, KeyOf(round * 31));
  batch.Merge("least", MergeOperator::kMin, KeyOf(round * 31));
  batch.Merge("sum", MergeOperator::kAdd, Bytes("\x03\0\0\0\0\0\0\0", 8));
  batch.DeleteRange("merged-1", "merged-2");
  BEACH_CHECK(db.Write(round % 2 == 0 ? synced : unsynced, batch).has_value());
}

Bytes Hex(ByteView bytes) {
  Bytes text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(byte));
  return text;
}

// As it reads it: the table's name, key and value in hexadecimal, a line each.
Bytes Listing(Db& db) {
  Bytes listing;
  for (const ByteView name : {ByteView(), kTable}) {
    const auto table = name.empty() ? engine::NamedTable() : *db.OpenTable(name);
    engine::ReadOptions options;
    options.table = table;
    const auto entry = db.NewIterator(options);
    BEACH_CHECK(entry.has_value());
    for ((*entry)->SeekToFirst(); (*entry)->Valid(); (*entry)->Next()) {
      listing += Hex(name) + " " + Hex((*entry)->key()) + " " + Hex((*entry)->value()) + "\n";
    }
    BEACH_CHECK((*entry)->status().has_value());
  }
  return listing;
}

void WriteFile(const env::Env& env, const std::string& path, ByteView content) {
  const auto file = env.files->Open(path, {.mode = env::OpenMode::kCreate});
  BEACH_CHECK(file.has_value());
  BEACH_CHECK((*file)->Append(content).has_value());
}

void Live(const env::Env& env, std::uint64_t life) {
  auto db = Db::Open(env, "db", OptionsOf(life));
  BEACH_CHECK(db.has_value());
  if (life == 0) {
    BEACH_CHECK((*db)->CreateTable(kDroppedTable).has_value());
    BEACH_CHECK((*db)->CreateTable(kTable).has_value());
    BEACH_CHECK((*db)->DropTable(kDroppedTable).has_value());
  }
  for (std::uint64_t round = life * kRounds / 2; round < (life + 1) * kRounds / 2; ++round) {
    WriteRound(**db, round);
    if (round == 1 || round == 5) {
      BEACH_CHECK((*db)->Backup("backups").has_value());
      WriteFile(env, fmt::format("expected-backup-{}", round), Listing(**db));
    }
    if (round == 4) {
      BEACH_CHECK((*db)->Checkpoint("copy").has_value());
      WriteFile(env, "expected-copy", Listing(**db));
    }
  }
  if (life == 0) {
    BEACH_CHECK((*db)->Close().has_value());
    return;
  }
  BEACH_CHECK(env.files->Rename("expected-backup-5", "expected-backups").has_value());
  BEACH_CHECK(env.files->Remove("expected-backup-1").has_value());
  WriteFile(env, "expected-db", Listing(**db));
  WriteFile(env, "formats", FormatsNow());
  static_cast<void>(db->release());  // it is killed
}

class Maker final : public Scenario {
 public:
  std::string name() const override { return "upgrade-make"; }
  std::string boots() const override { return ""; }
  std::string checks() const override { return ""; }
  void Run(Simulation& simulation) const override {
    const HostId host = simulation.AddHost("a");
    for (std::uint64_t life = 0; life < 2; ++life) {
      const ProcessId process = simulation.Start(host, "db", [&, life](const env::Env& env) {
        Live(env, life);
        while (life == 1) env.clock->SleepUntil(env.clock->MonotonicNow() + 1'000'000'000);
      });
      if (life == 0) {
        simulation.Wait(process);
        continue;
      }
      while (simulation.disk(host).Exists("formats") != 1) simulation.SleepFor(1'000'000);
      simulation.SleepFor(1'000'000);
      simulation.Kill(process);
      simulation.Wait(process);
    }
  }
};

}  // namespace

std::string FormatsNow() {
  return fmt::format(
      "identity {}\nmanifest {}\nedit {}\nsegment {}\nitem {}\ntable {}\nbackup {}\n",
      engine::kIdentityVersion, engine::kManifestVersion, engine::kManifestEditVersion,
      engine::wal::kSegmentFormatVersion, engine::wal::kItemVersion, engine::sst::kFormatVersion,
      engine::kBackupVersion);
}

DiskImage MakeImage() {
  RunOptions options;
  options.seed = kSeed;
  options.keep_images = true;
  options.options["host.a.capacity"] = std::uint64_t{1} << 30;
  const RunReport report = RunScenario(Maker(), options);
  BEACH_CHECK(report.verdict.ok());
  auto image = DecodeImage(report.images.at("a"));
  BEACH_CHECK(image.has_value());
  return *std::move(image);
}

}  // namespace beach::sim::scenarios::upgrade
