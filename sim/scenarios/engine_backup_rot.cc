// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_rot.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "engine/db.h"
#include "env/marks.h"
#include "sim/decisions.h"
#include "sim/disk/disk.h"
#include "sim/scenarios/engine_backup_copy.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::copies {
namespace {

using engine::Db;

// The file of a backup's list; a table may be of any of them.
bool IsList(const std::string& name) { return name.starts_with("BACKUP-"); }

bool IsListOf(const std::string& name, std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return IsList(name) && name.ends_with(digits) &&
         name.find_first_not_of('0', name.find('-') + 1) == name.size() - digits.size();
}

// Those whose list is in the place, damaged or not, of those that were made.
std::vector<std::uint64_t> ListedBackups(const World& world,
                                         const std::vector<std::string>& names) {
  std::vector<std::uint64_t> listed;
  for (const Copy& copy : world.backups) {
    const auto is_its = [&](const std::string& name) { return IsListOf(name, copy.number); };
    if (copy.last && std::ranges::any_of(names, is_its)) listed.push_back(copy.number);
  }
  return listed;
}

bool IsErrorOfDamage(const World& world, const Error& error) {
  if (error.code() == ErrorCode::kCorruption || error.code() == ErrorCode::kRefused) return true;
  return world.plan.rot == DiskFault::kLatentSector && error.code() == ErrorCode::kIo;
}

void Restore(World& world, const env::Env& env, std::uint64_t number, bool may_fail) {
  const std::string name = "backup " + std::to_string(number);
  const auto restored = engine::RestoreBackup(Quiet(env), kPlace, kRestored, {.number = number});
  const auto copy = Db::Open(Quiet(env), kRestored, OptionsOfCopy(world));
  if (restored && !copy) {
    world.simulation.Fail("copy-missing",
                          name + " was restored and does not open: " + copy.error().ToString());
  }
  if (!restored) {
    BEACH_SOMETIMES("engine_backup.damaged_refused", true);
    if (!may_fail || !IsErrorOfDamage(world, restored.error())) {
      world.simulation.Fail("unexplained-error", "restoring " + name +
                                                     " failed, and the damage does not explain "
                                                     "it: " +
                                                     restored.error().ToString());
    }
    if (copy) {
      world.simulation.Fail("copy-invented", name + " was refused, and has made a database");
    }
  } else {
    Look(world, **copy, "reading a restored backup",
         [&](const Found& found) { return world.JudgeBackup(number, found); });
    const Status closed = (*copy)->Close();
    if (!closed) world.Excuse("closing a restored backup", closed.error());
  }
  RemoveAll(world, *env.files, kRestored);
}

}  // namespace

std::optional<std::string> RotOnePlace(World& world) {
  const SystemScope system;
  Disk& disk = world.simulation.disk(world.host);
  Decisions& decisions = world.simulation.decisions();
  std::vector<std::string> names;
  if (disk.List(kPlace, names) != 0) return std::nullopt;
  std::erase_if(names, [&](const std::string& name) {
    const Result<Bytes> content = disk.Inspect(env::JoinPath(kPlace, name));
    return !content || content->empty();
  });
  if (names.empty()) return std::nullopt;
  std::ranges::sort(names);
  const std::string name = names[decisions.Choose("backup_rot.file", names.size())];
  const std::string path = env::JoinPath(kPlace, name);
  const std::uint64_t sectors = (disk.Inspect(path)->size() + kSectorSize - 1) / kSectorSize;
  const std::uint64_t sector = decisions.Choose("backup_rot.sector", sectors);
  if (disk.DamageRange(path, sector * kSectorSize, kSectorSize, world.plan.rot) == 0) {
    return std::nullopt;
  }
  return name;
}

void RunDamaged(World& world, const std::string& damaged, const env::Env& env) {
  const auto names = env.files->List(kPlace);
  if (!names) return world.Excuse("listing the place of backups", names.error());
  const std::vector<std::uint64_t> numbers = ListedBackups(world, *names);
  if (numbers.empty()) world.simulation.Fail("copy-missing", "the last backups are gone");
  for (const std::uint64_t number : numbers) {
    Restore(world, env, number, !IsList(damaged) || IsListOf(damaged, number));
  }

  const auto db = Db::Open(Quiet(env), kDirectory, world.plan.options);
  if (!db) return world.Excuse("an open", db.error());
  const auto expected = ReadState(**db);
  if (!expected) return world.Excuse("reading the database", expected.error());
  const auto report = (*db)->Backup(kPlace);
  if (!report) {
    world.simulation.Fail("backup-refused", "no backup can be made where " + damaged +
                                                " is damaged: " + report.error().ToString());
  }
  BEACH_SOMETIMES("engine_backup.damage_mended", report->tables_mended > 0);
  const auto restored =
      engine::RestoreBackup(Quiet(env), kPlace, kRestored, {.number = report->backup.number});
  if (!restored) {
    world.simulation.Fail("copy-missing", "the backup after the damage is not restored: " +
                                              restored.error().ToString());
  }
  const auto copy = Db::Open(Quiet(env), kRestored, OptionsOfCopy(world));
  if (!copy) return world.Excuse("opening a restored backup", copy.error());
  const auto found = ReadState(**copy);
  if (!found) return world.Excuse("reading a restored backup", found.error());
  if (*found == *expected) return;
  world.simulation.Fail("copy-differs", "the backup after the damage shows something else");
}

}  // namespace beach::sim::scenarios::copies
