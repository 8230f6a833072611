// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_life.h"

#include <memory>
#include <string>
#include <utility>

#include "engine/db.h"
#include "engine/verify.h"
#include "env/threads.h"
#include "sim/scenarios/engine_backup_copy.h"
#include "sim/scenarios/engine_backup_follow.h"
#include "sim/system_scope.h"

// Runs inside the simulated process: everything here but the world lives in its memory and may
// vanish at any seam call.

namespace beach::sim::scenarios::copies {
namespace {

using engine::Db;

constexpr const char* kSecond = "second";

std::string SlotName(std::uint64_t slot) { return "checkpoint" + std::to_string(slot); }

class Client {
 public:
  Client(World& world, Db& db, const env::Env& env) : world_(world), db_(db), env_(env) {}

  void Run(const Command& command) {
    switch (command.kind) {
      case CommandKind::kWrite: return Write(command);
      case CommandKind::kFlush: return Flush();
      case CommandKind::kCompact: return Compact();
      case CommandKind::kCheckpoint: return Checkpoint(command.number);
      case CommandKind::kBackup: return Backup(command.number);
      case CommandKind::kRestore: return Restore(command.number);
      case CommandKind::kPeek: return Peek(command.number);
      case CommandKind::kPause: {
        const std::uint64_t now = env_.clock->MonotonicNow();
        return env_.clock->SleepUntil(now + command.number);
      }
    }
  }

 private:
  void Write(const Command& command) {
    const engine::WriteBatch batch = BatchOf(command);
    const Status written = db_.Write({.sync = command.sync, .tag = command.id}, batch);
    if (!written) return world_.Excuse("a write", written.error());
    const SystemScope system;
    world_.Acknowledged(command);
  }

  void Flush() {
    const std::uint64_t before = db_.VisibleSequence().value;
    const Status flushed = db_.Flush();
    if (!flushed) return world_.Excuse("a flush", flushed.error());
    const SystemScope system;
    world_.Durable(before);
  }

  void Compact() {
    const Status compacted = db_.CompactRange(std::nullopt, std::nullopt);
    if (!compacted) return world_.Excuse("a compaction", compacted.error());
  }

  // Where in the list the copy stands that begins now.
  std::size_t Begin(std::vector<Copy>& copies) {
    const std::uint64_t floor = db_.VisibleSequence().value;
    std::size_t index = 0;
    bool strikes = false;
    {
      const SystemScope system;
      index = copies.size();
      copies.push_back({.floor = floor, .last = std::nullopt, .history = {}});
      strikes = ++world_.copies_begun == world_.strike_at_copy;
    }
    if (strikes) world_.simulation.ArmStrike(world_.host, world_.strike, world_.strike_calls);
    return index;
  }

  void Checkpoint(std::uint64_t slot) {
    std::vector<Copy>& copies = world_.slot(slot);
    const std::size_t index = Begin(copies);
    const auto last = db_.Checkpoint(SlotName(slot));
    if (!last) {
      const ErrorCode code = last.error().code();
      const bool there = code == ErrorCode::kAlreadyExists || code == ErrorCode::kBusy;
      if (!there || copies.size() == 1) world_.Excuse("a checkpoint", last.error());
      const SystemScope system;
      world_.GiveUp(copies[index], there);
      return;
    }
    const SystemScope system;
    world_.Made(copies[index], 0, last->value, 0);
    world_.Durable(last->value);
  }

  void Backup(std::uint64_t keep) {
    const std::size_t index = Begin(world_.backups);
    if (keep > 0) {
      const SystemScope system;
      world_.backups[index].keep = keep;
      world_.OldestMayGo(keep);
    }
    const auto report = db_.Backup(kPlace, {.keep = keep});
    if (!report) {
      const bool busy = report.error().code() == ErrorCode::kBusy;
      if (!busy) world_.Excuse("a backup", report.error());
      const SystemScope system;
      world_.GiveUp(world_.backups[index], busy);
      return;
    }
    const SystemScope system;
    const engine::BackupInfo& info = report->backup;
    world_.Made(world_.backups[index], info.number, info.last_sequence.value, keep);
    world_.Durable(info.last_sequence.value);
  }

  void Restore(std::uint64_t slot) {
    std::vector<Copy>& copies = world_.slot(slot);
    bool must_find = false;
    const std::size_t index = Begin(copies);
    {
      const SystemScope system;
      copies[index].restored = true;
      must_find = world_.HasBackup();
    }
    const auto restored = engine::RestoreBackup(Quiet(env_), kPlace, SlotName(slot));
    if (!restored) {
      const ErrorCode code = restored.error().code();
      const bool none = code == ErrorCode::kNotFound && !must_find;
      const bool there = code == ErrorCode::kAlreadyExists && copies.size() > 1;
      const bool nothing = none || there || code == ErrorCode::kBusy;
      if (!nothing) world_.Excuse("a restore", restored.error());
      const SystemScope system;
      world_.GiveUp(copies[index], nothing);
      return;
    }
    const SystemScope system;
    world_.Made(copies[index], restored->number, restored->last_sequence.value, 0);
  }

  // The checkpoint, while the database is open.
  void Peek(std::uint64_t slot) {
    const auto copy = Db::Open(Quiet(env_), SlotName(slot), OptionsOfCopy(world_));
    if (!copy) {
      const ErrorCode code = copy.error().code();
      if (code == ErrorCode::kBusy) return;
      bool must_open = false;
      {
        const SystemScope system;
        must_open = world_.MustOpen(slot);
      }
      const bool none = code == ErrorCode::kRefused || code == ErrorCode::kNotFound;
      if (must_open || !none) world_.Excuse("opening a checkpoint", copy.error());
      return;
    }
    Look(world_, **copy, "reading a checkpoint", [&](const Found& found) {
      return world_.JudgeCopy("a checkpoint", world_.slot(slot), found);
    });
  }

  World& world_;
  Db& db_;
  const env::Env& env_;
};

// A copy of a copy shows the same. What one that was struck has left, this one clears away or, if
// it is whole, finds in its way.
void CopyAgain(World& world, const env::Env& env, Db& copy) {
  const auto there = env.files->Exists(kSecond);
  if (there && *there) RemoveAll(world, *env.files, kSecond);
  const auto made = copy.Checkpoint(kSecond);
  if (!made) return world.Excuse("a checkpoint of a copy", made.error());
  const auto second = Db::Open(Quiet(env), kSecond, OptionsOfCopy(world));
  if (!second) return world.Excuse("opening a copy of a copy", second.error());
  const auto ours = ReadState(copy);
  const auto theirs = ReadState(**second);
  if (!theirs) world.Excuse("reading a copy of a copy", theirs.error());
  if (ours && *ours != *theirs) {
    world.simulation.Fail("copy-differs", "a copy of a copy shows something else");
  }
  const Status closed = (*second)->Close();
  if (!closed) world.Excuse("closing a copy of a copy", closed.error());
  RemoveAll(world, *env.files, kSecond);
}

// A whole database goes on: it can be copied, it takes a write, has a time of its own by which its
// values expire, and shows all of that after another open.
void UseCopy(World& world, const env::Env& env, const std::string& directory,
             std::unique_ptr<Db> copy) {
  const auto demand = [&](const char* doing, const Status& status) {
    if (!status) world.Excuse(doing, status.error());
  };
  CopyAgain(world, env, *copy);
  auto expected = ReadState(*copy);
  if (!expected) return world.Excuse("reading a copy", expected.error());
  expected->time += kLookAhead;
  expected->later["k00"] = "new";
  engine::WriteBatch batch;
  batch.Put("k00", "new");
  batch.AdvanceTime(expected->time);
  demand("writing to a copy", copy->Write({}, batch));
  demand("compacting a copy", copy->CompactRange(std::nullopt, std::nullopt));
  demand("closing a copy", copy->Close());
  copy.reset();
  const auto again = Db::Open(Quiet(env), directory, OptionsOfCopy(world));
  if (!again) return world.Excuse("opening a copy again", again.error());
  const auto state = ReadState(**again);
  if (!state) return world.Excuse("reading a copy", state.error());
  if (state->time == expected->time && state->values == expected->later) return;
  world.simulation.Fail("copy-differs", "a copy does not show what was written to it");
}

// Nor is one that is marked as unfinished made a new database.
void DemandRefusal(World& world, const env::Env& env, const std::string& directory) {
  const auto marked = env.files->Exists(env::JoinPath(directory, "PARTIAL"));
  if (!marked || !*marked) return;
  engine::Options options = OptionsOfCopy(world);
  options.create_if_missing = true;
  const auto made = Db::Open(Quiet(env), directory, options);
  if (!made && made.error().code() == ErrorCode::kRefused) return;
  world.simulation.Fail("copy-invented",
                        "an unfinished checkpoint was taken for a directory that "
                        "a database may be made in");
}

void JudgeSlot(World& world, const env::Env& env, std::uint64_t slot) {
  const std::string directory = SlotName(slot);
  if (!world.slot_is_spent[slot]) {
    auto copy = Db::Open(Quiet(env), directory, OptionsOfCopy(world));
    bool must_open = false;
    {
      const SystemScope system;
      must_open = world.MustOpen(slot);
    }
    if (!copy) {
      const ErrorCode code = copy.error().code();
      if (must_open) {
        world.simulation.Fail(
            "copy-missing", "a checkpoint that was made does not open: " + copy.error().ToString());
      }
      if (code != ErrorCode::kRefused && code != ErrorCode::kNotFound) {
        world.Excuse("opening an unfinished checkpoint", copy.error());
      }
      // The next checkpoint must clear it away, so it stays.
      DemandRefusal(world, env, directory);
      const SystemScope system;
      world.slot(slot).clear();
      return;
    }
    Look(world, **copy, "reading a checkpoint", [&](const Found& found) {
      return world.JudgeCopy("a checkpoint", world.slot(slot), found);
    });
    {
      const SystemScope system;
      world.slot_is_spent[slot] = true;
      world.slot(slot).clear();
    }
    UseCopy(world, env, directory, *std::move(copy));
  }
  RemoveAll(world, *env.files, directory);
  world.slot_is_spent[slot] = false;
}

// What a restore that was struck has left is whole, or no database.
void JudgeLeftover(World& world, const env::Env& env) {
  if (world.restoring != 0) {
    const auto copy = Db::Open(Quiet(env), kRestored, OptionsOfCopy(world));
    if (copy) {
      Look(world, **copy, "reading a restored backup",
           [&](const Found& found) { return world.JudgeBackup(world.restoring, found); });
      world.restored_is_spent = true;
    }
    world.restoring = 0;
  }
  if (world.restored_is_spent) RemoveAll(world, *env.files, kRestored);
  world.restored_is_spent = false;
}

void JudgeBackups(World& world, const env::Env& env) {
  JudgeLeftover(world, env);
  const auto backups = engine::ListBackups(*env.files, kPlace);
  oracle::Judgement judgement;
  if (!backups && backups.error().code() != ErrorCode::kNotFound) {
    world.Excuse("listing backups", backups.error());
  }
  {
    const SystemScope system;
    std::vector<std::uint64_t> numbers;
    if (backups) {
      for (const engine::BackupInfo& info : *backups) numbers.push_back(info.number);
    }
    judgement = world.JudgeList(numbers);
  }
  world.Settle(judgement);
  if (!backups) return;
  for (const engine::BackupInfo& info : *backups) {
    world.restoring = info.number;
    const auto restored =
        engine::RestoreBackup(Quiet(env), kPlace, kRestored, {.number = info.number});
    if (!restored) return world.Excuse("restoring a backup", restored.error());
    auto copy = Db::Open(Quiet(env), kRestored, OptionsOfCopy(world));
    if (!copy) return world.Excuse("opening a restored backup", copy.error());
    Look(world, **copy, "reading a restored backup",
         [&](const Found& found) { return world.JudgeBackup(info.number, found); });
    world.restored_is_spent = true;
    world.restoring = 0;
    UseCopy(world, env, kRestored, *std::move(copy));
    RemoveAll(world, *env.files, kRestored);
    world.restored_is_spent = false;
  }
  const SystemScope system;
  world.ForgetUnknownBackups();
}

}  // namespace

void RunLife(World& world, const Clients& clients, const env::Env& env) {
  const auto opened = Db::Open(env, kDirectory, world.plan.options);
  if (!opened) return world.Excuse("an open", opened.error());
  Db& db = **opened;
  Look(world, db, "reading what was recovered",
       [&](const Found& found) { return world.Recovered(found); });
  world.report.opened = true;
  if (world.strike_at_copy == 0 && world.strike_calls != 0) {
    world.simulation.ArmStrike(world.host, world.strike, world.strike_calls);
  }
  std::vector<env::Thread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const std::vector<Command>& commands = clients[i];
    if (commands.empty()) continue;
    const std::string name = "client" + std::to_string(i);
    threads.emplace_back(name.c_str(), [&] {
      for (const Command& command : commands) {
        world.simulation.CountOperation();
        Client(world, db, env).Run(command);
      }
    });
  }
  ClientsEnd end;
  std::vector<env::Thread> followers;
  for (std::uint64_t i = 0; i < world.plan.followers.size(); ++i) {
    const std::string name = "follower" + std::to_string(i);
    followers.emplace_back(name.c_str(),
                           [&world, &db, &env, &end, i] { Follow(world, db, env, i, end); });
  }
  for (env::Thread& thread : threads) thread.Join();
  if (!followers.empty()) {
    end.last = db.VisibleSequence().value;
    const Status synced = db.Write({}, {});
    if (!synced) world.Excuse("a sync", synced.error());
    end.durable = synced.has_value();
    end.done = true;
    for (env::Thread& thread : followers) thread.Join();
  }
  const Status closed = db.Close();
  if (!closed) return world.Excuse("a close", closed.error());
  world.report.closed = true;
}

void RunVerify(World& world, const env::Env& env) {
  const auto report = engine::VerifyDatabase(*env.files, kDirectory);
  if (!report) {
    world.simulation.Fail("verify-refused", "verifying failed: " + report.error().ToString());
  }
  if (!report->damage.empty()) {
    world.simulation.Fail("verify-damage", "verifying found damage where none was done: " +
                                               report->damage.front().ToString());
  }
  if (report->debris.empty()) return;
  world.simulation.Fail(
      "debris", "a clean close left \"" + report->debris.front() + "\", which no manifest lists");
}

void RunJudge(World& world, const env::Env& env) {
  for (std::uint64_t slot = 0; slot < kSlots; ++slot) JudgeSlot(world, env, slot);
  JudgeBackups(world, env);
  world.report.judged = true;
}

}  // namespace beach::sim::scenarios::copies
