// SPDX-License-Identifier: Apache-2.0
//
// The log under damage at rest: random blocks rot, or cannot be read, between lives on a virtual
// machine. What was promised is found after each: hard state, and index and term of every entry.
// The bytes that may be gone are those of entries that stood in a damaged item, and they come back.
//
// DISK_LOG_SEEDS=10000 runs many; DISK_LOG_SEED=17 runs one and tells of it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "engine/wal/format.h"
#include "env/small_file.h"
#include "raft/disk/record.h"
#include "raft/disk/register.h"
#include "raft/disk/sound_items.h"
#include "raft/disk/test_lives.h"
#include "sim/disk/disk.h"
#include "sim/kernel/test_scenario.h"
#include "sim/system_scope.h"

namespace beach::raft::testing {
namespace {

using engine::wal::BlockUp;
using engine::wal::kBlockSize;
using engine::wal::Segment;

struct Block {
  std::string path;
  std::uint64_t offset = 0;
  // What is lost with it.
  std::vector<std::pair<LogIndex, Term>> entries;
  bool is_register = false;
  bool unvouched = false;  // what it takes may be gone without a trace
};

// Every block that the log needs, and what stands in it. Runs as a process.
class Surveyor {
 public:
  Surveyor(env::FileSystem& files, std::vector<Block>& blocks) : files_(files), blocks_(blocks) {}

  void Run() {
    const auto found = ReadRegister(files_, kDirectory);
    if (!found) return;
    const std::string path = env::JoinPath(kDirectory, kRegisterFileName);
    const std::uint64_t size = EncodeRegister(found->content).size();
    for (std::uint64_t offset = 0; offset < size; offset += kBlockSize) {
      Add({.path = path, .offset = offset, .entries = {}, .is_register = true});
    }
    for (const Segment& segment : found->content.segments) Survey(segment, found->content);
  }

 private:
  void Survey(const Segment& segment, const Register& content) {
    const std::string path = env::JoinPath(kDirectory, engine::wal::SegmentFileName(segment.file));
    auto found = FindSoundItems(files_, path, segment, content);
    if (!found) return;
    engine::LogPosition durable = content.durable;
    if (segment.end != Segment::kOpenEnd) durable = {segment.ordinal, segment.end};
    for (const SoundItem& item : found->items) durable = std::max(durable, item.durable);
    Add({.path = path, .offset = 0, .entries = {}});
    const bool newest = segment.end == Segment::kOpenEnd;
    const std::size_t count = found->items.size();
    std::size_t seen = 0;
    const VisitSoundItem add = [&](const SoundItem& item, ByteView payload,
                                   const SoundItems&) -> Status {
      // What vouches for all the others is as good as what nothing vouches for.
      const bool last = newest && ++seen == count && content.durable < durable;
      AddItem(path, item, payload, last || item.end > durable);
      return {};
    };
    static_cast<void>(FindSoundItems(files_, path, segment, content, add));
  }

  void AddItem(const std::string& path, const SoundItem& item, ByteView payload, bool unvouched) {
    Block block{.path = path, .entries = {}, .unvouched = unvouched};
    RecordReader reader(payload);
    Record record;
    while (reader.Next(record)) {
      const bool is_entry = record.kind == RecordKind::kEntry || record.kind == RecordKind::kFill;
      if (is_entry) block.entries.emplace_back(record.index, record.term);
    }
    const std::uint64_t begin = item.begin.offset / kBlockSize * kBlockSize;
    for (block.offset = begin; block.offset < item.end.offset; block.offset += kBlockSize) {
      Add(block);
    }
  }

  // Packed items share a block.
  void Add(const Block& block) {
    const sim::SystemScope system;
    if (!blocks_.empty() && blocks_.back().path == block.path &&
        blocks_.back().offset == block.offset) {
      Block& shared = blocks_.back();
      shared.entries.insert(shared.entries.end(), block.entries.begin(), block.entries.end());
      shared.unvouched = shared.unvouched || block.unvouched;
      return;
    }
    blocks_.push_back(block);
  }

  env::FileSystem& files_;
  std::vector<Block>& blocks_;
};

std::vector<Block> SurveyOf(World& world) {
  std::vector<Block> blocks;
  const sim::ProcessId process = world.simulation.Start(
      world.host, "surveyor",
      [&blocks](const env::Env& env) { Surveyor(*env.files, blocks).Run(); });
  world.simulation.Wait(process);
  return blocks;
}

struct Counts {
  std::uint64_t opened = 0;
  std::uint64_t damaged = 0;  // blocks
  std::uint64_t mended = 0;   // opens
  std::uint64_t lost = 0;     // entries
  std::uint64_t filled = 0;
  std::uint64_t refused = 0;
  std::uint64_t crashes = 0;
};

// How bad it may get.
enum class Kind : std::uint8_t { kOneBlock, kManyBlocks, kAnything };

class Damager {
 public:
  Damager(World& world, Kind kind, Counts& counts) : world_(world), kind_(kind), counts_(counts) {}

  void Strike() {
    // Until an open has mended what was there, more would be more than one.
    if (kind_ == Kind::kOneBlock && opened_ == world_.opened && struck_) return;
    if (opened_ != world_.opened) register_struck_ = false;
    opened_ = world_.opened;
    struck_ = false;
    std::vector<Block> blocks = SurveyOf(world_);
    std::erase_if(
        blocks, [this](const Block& block) { return kind_ != Kind::kAnything && block.unvouched; });
    if (blocks.empty()) return;
    const std::uint64_t most = kind_ == Kind::kOneBlock ? 1 : 1 + world_.Draw(12);
    const bool in_a_row = world_.OneIn(2);
    std::size_t at = world_.Draw(blocks.size());
    for (std::uint64_t i = 0; i < most; ++i) {
      StrikeBlock(blocks[at]);
      at = in_a_row ? (at + 1) % blocks.size() : world_.Draw(blocks.size());
    }
  }

 private:
  void StrikeBlock(const Block& block) {
    // Of a register one copy at least has to be there.
    if (block.is_register && std::exchange(register_struck_, true)) return;
    const bool latent = world_.OneIn(3);
    const std::uint64_t sector = world_.Draw(kBlockSize / 512) * 512;
    const bool all = latent || world_.OneIn(2);
    if (world_.simulation.disk(world_.host)
            .DamageRange(block.path, block.offset + (all ? 0 : sector), all ? kBlockSize : 512,
                         latent ? sim::DiskFault::kLatentSector : sim::DiskFault::kBitRot) == 0) {
      return;
    }
    struck_ = true;
    ++counts_.damaged;
    for (const auto& [index, term] : block.entries) world_.model.MayBeLost(index, term);
    // A later item may tell of what was under way, and never came to the disk.
    world_.model.UnacknowledgedMayBeLost();
    if (block.unvouched) world_.model.MayBeTorn();
    if (kind_ != Kind::kOneBlock) world_.may_refuse = true;
  }

  World& world_;
  const Kind kind_;
  Counts& counts_;
  std::uint64_t opened_ = 0;
  bool struck_ = false;
  bool register_struck_ = false;
};

void RunWorld(sim::Simulation& simulation, Kind kind, Counts& counts) {
  World world{.simulation = simulation,
              .host = simulation.AddHost("a"),
              .random = simulation.Stream("raft_log.test")};
  world.damage = true;
  Damager damager(world, kind, counts);
  const std::uint64_t lives = 2 + world.Draw(6);
  for (std::uint64_t life = 0; life < lives && world.refused == 0; ++life) {
    const sim::Strike strike = world.OneIn(3) ? sim::Strike::kKill : sim::Strike::kPowerLoss;
    if (world.OneIn(2)) {
      const std::uint64_t calls = world.OneIn(3) ? 200 : 4'000;
      simulation.ArmStrike(world.host, strike, 1 + world.Draw(calls));
    }
    RunLife(world, 1 + world.Draw(100));
    simulation.PowerLoss(world.host);  // all is at rest
    if (!world.OneIn(4)) damager.Strike();
  }
  for (int again = 0; again < 2 && world.refused == 0; ++again) {
    if (!RunLife(world, 0) && world.refused == 0) {
      simulation.Fail("no-recovery", "an open without faults fails");
    }
    simulation.PowerLoss(world.host);
  }
  counts.opened += world.opened;
  counts.mended += world.found_damaged;
  counts.lost += world.found_lost;
  counts.filled += world.filled;
  counts.refused += world.refused;
  counts.crashes += world.crashes;
}

Counts RunMany(Kind kind, std::uint64_t usual) {
  const std::uint64_t only = FromEnvironment("DISK_LOG_SEED", 0);
  const std::uint64_t seeds = FromEnvironment("DISK_LOG_SEEDS", usual);
  Counts counts;
  for (std::uint64_t seed = only == 0 ? 1 : only; seed <= (only == 0 ? seeds : only); ++seed) {
    sim::RunOptions options;
    options.seed = seed;
    options.keep_trace = only != 0;
    const sim::RunReport report = sim::RunBody(
        [&counts, kind](sim::Simulation& simulation) { RunWorld(simulation, kind, counts); },
        options);
    EXPECT_EQ(report.verdict.signature, "ok") << "seed " << seed << ": " << report.verdict.message;
    if (only != 0) {
      for (const auto& line : report.trace) std::printf("%s\n", line.text.c_str());
    }
    if (::testing::Test::HasFailure()) break;
  }
  std::printf(
      "%llu opens, %llu crashes, %llu damaged blocks, %llu mended opens, %llu lost entries "
      "found, %llu filled, %llu refused\n",
      static_cast<unsigned long long>(counts.opened),
      static_cast<unsigned long long>(counts.crashes),
      static_cast<unsigned long long>(counts.damaged),
      static_cast<unsigned long long>(counts.mended), static_cast<unsigned long long>(counts.lost),
      static_cast<unsigned long long>(counts.filled),
      static_cast<unsigned long long>(counts.refused));
  return counts;
}

TEST(DiskLogDamage, OfOneBlockTakesBytesOfEntriesAndNothingElse) {
  const Counts counts = RunMany(Kind::kOneBlock, 150);
  EXPECT_EQ(counts.refused, 0U);
  EXPECT_GT(counts.mended, 0U);
  EXPECT_GT(counts.lost, 0U);
  EXPECT_GT(counts.filled, 0U);
  EXPECT_GT(counts.crashes, 0U);
}

TEST(DiskLogDamage, OfManyBlocksTakesNoMoreWhereItIsKnownWhatTheLogWas) {
  const Counts counts = RunMany(Kind::kManyBlocks, 150);
  EXPECT_GT(counts.filled, 0U);
  EXPECT_GT(counts.mended, 10 * counts.refused);
}

// What nothing vouched for yet looks like the torn end that a power loss leaves.
TEST(DiskLogDamage, OfWhatNothingVouchesForTakesWhatComesBehindIt) {
  const Counts counts = RunMany(Kind::kAnything, 150);
  EXPECT_GT(counts.mended, 10 * counts.refused);
}

}  // namespace
}  // namespace beach::raft::testing
