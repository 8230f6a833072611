// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/backup.h"
#include "engine/db.h"
#include "engine/verify.h"
#include "sim/disk/disk.h"
#include "sim/scenario.h"
#include "sim/scenarios/upgrade/world.h"
#include "sim/simulation.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::upgrade {
namespace {

using engine::Db;
using engine::kKiB;

constexpr std::uint64_t kLives = 4;  // the last one ends well
constexpr std::uint64_t kStrikeCalls = 600;
constexpr const char* kDatabases[] = {"db", "copy", "backups"};
// What is written into each, and overwrites nothing.
constexpr ByteView kNewKey = "key-0000 of today";

const DiskImage::Entry* Find(const DiskImage& image, const std::string& path) {
  const auto entry = std::ranges::find(image.entries, path, &DiskImage::Entry::path);
  return entry == image.entries.end() ? nullptr : &*entry;
}

Result<std::string> TextOf(const DiskImage& image, const std::string& path) {
  const DiskImage::Entry* const entry = Find(image, path);
  if (entry == nullptr || entry->kind != DiskImage::Kind::kFile) {
    return Fail(ErrorCode::kCorruption, "the image has no file '" + path + "'");
  }
  return ContentOf(*entry);
}

std::optional<Bytes> FromHex(ByteView text) {
  constexpr ByteView kDigits = "0123456789abcdef";
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = kDigits.find(text[i]);
    const std::size_t low = kDigits.find(text[i + 1]);
    if (high == ByteView::npos || low == ByteView::npos) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

// One disk with an image, and today's engine on it.
class Booter final : public Scenario {
 public:
  explicit Booter(const DiskImage& image) : image_(image) {}

  std::string name() const override { return "upgrade"; }
  std::string boots() const override { return "an image of an older version"; }
  std::string checks() const override { return "all that was in it is there"; }

  void Run(Simulation& simulation) const override {
    const HostId host = simulation.AddHost("a");
    const Status put = PutImage(simulation.disk(host), image_);
    if (!put) simulation.Fail("upgrade-image", put.error().ToString());
    RandomStream stream = simulation.Stream("upgrade.strikes");
    for (std::uint64_t life = 0; life < kLives; ++life) {
      const bool last = life + 1 == kLives;
      const Strike strike = stream.Chance(1, 2) ? Strike::kKill : Strike::kPowerLoss;
      const std::uint64_t calls = 1 + stream.Below(kStrikeCalls);
      simulation.ArmStrike(host, strike, last ? 0 : calls);
      simulation.Wait(simulation.Start(
          host, "db", [&, life](const env::Env& env) { Live(simulation, env, life); }));
    }
  }

 private:
  static engine::Options OptionsOf(std::uint64_t life) {
    engine::Options options;
    options.memtable_size = 8 * kKiB;
    options.wal_segment_size = 64 * kKiB;
    options.table_size = 4 * kKiB;
    options.create_if_missing = false;
    options.memtable_kind = engine::MemtableKind(life % 3);
    return options;
  }

  void Live(Simulation& simulation, const env::Env& env, std::uint64_t life) const {
    for (const char* const name : kDatabases) {
      std::string directory = name;
      if (directory == "backups") {
        directory = "restored";
        const auto restored = engine::RestoreBackup(env, name, directory);
        // Of a life before.
        const bool there =
            !restored && restored.error().code() == ErrorCode::kAlreadyExists && life > 0;
        if (!restored && !there) Refused(simulation, directory, restored.error());
      }
      auto db = Db::Open(env, directory, OptionsOf(life));
      if (!db) Refused(simulation, directory, db.error());
      Look(simulation, **db, name);
      Do(simulation, directory, (*db)->Put({}, kNewKey, "x"));
      Do(simulation, directory, (*db)->Flush());
      Do(simulation, directory, (*db)->CompactRange({}, {}));
      Look(simulation, **db, name);
      Do(simulation, directory, (*db)->Close());
      const auto verified = engine::VerifyDatabase(*env.files, directory);
      if (!verified) Refused(simulation, directory, verified.error());
      if (!verified->damage.empty()) Refused(simulation, directory, verified->damage.front());
    }
  }

  // All tables, forwards, backwards and key by key.
  void Look(Simulation& simulation, Db& db, const std::string& name) const {
    State found;
    const auto names = db.ListTables();
    if (!names) Refused(simulation, name, names.error());
    std::size_t same = LookAtTable(simulation, db, name, "", found);
    for (const std::string& table : *names) same += LookAtTable(simulation, db, name, table, found);
    const SystemScope system;
    const auto expected = ExpectedOf(image_, name);
    if (!expected) simulation.Fail("upgrade-image", expected.error().ToString());
    if (found != *expected || same != 2 * found.size()) {
      simulation.Fail("upgrade-differs", "not all that was in '" + name + "' is in it now");
    }
    simulation.CountOperation();
  }

  // Adds what it shows forwards. How often the same was shown backwards, and to reads of one key.
  std::size_t LookAtTable(Simulation& simulation, Db& db, const std::string& name,
                          const std::string& table, State& found) const {
    engine::ReadOptions options;
    if (!table.empty()) {
      const auto opened = db.OpenTable(table);
      if (!opened) Refused(simulation, name, opened.error());
      options.table = *opened;
    }
    const auto entry = db.NewIterator(options);
    if (!entry) Refused(simulation, name, entry.error());
    State own;
    for ((*entry)->SeekToFirst(); (*entry)->Valid(); (*entry)->Next()) {
      if ((*entry)->key() == kNewKey) continue;
      own.emplace(std::pair(table, (*entry)->key()), (*entry)->value());
    }
    Do(simulation, name, (*entry)->status());
    std::size_t same = 0;
    for ((*entry)->SeekToLast(); (*entry)->Valid(); (*entry)->Previous()) {
      if ((*entry)->key() == kNewKey) continue;
      const auto there = own.find(std::pair(table, Bytes((*entry)->key())));
      same += there != own.end() && there->second == (*entry)->value() ? 1U : 0U;
    }
    Do(simulation, name, (*entry)->status());
    for (const auto& [key, value] : own) {
      const auto read = db.Get(options, key.second);
      same += read && *read == value ? 1U : 0U;
    }
    found.insert(own.begin(), own.end());
    return same;
  }

  void Do(Simulation& simulation, const std::string& name, const Status& status) const {
    if (!status) Refused(simulation, name, status.error());
  }
  // Ends the run.
  void Refused(Simulation& simulation, const std::string& name, const Error& error) const {
    const SystemScope system;
    simulation.Fail("upgrade-refused", name + ": " + error.ToString());
  }

  const DiskImage& image_;
};

}  // namespace

Result<std::string> FormatsOf(const DiskImage& image) { return TextOf(image, "formats"); }

Result<State> ExpectedOf(const DiskImage& image, const std::string& name) {
  BEACH_TRY_ASSIGN(const std::string text, TextOf(image, "expected-" + name));
  State state;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    std::vector<std::optional<Bytes>> parts;  // table, key, value
    for (std::size_t at = begin; end != std::string::npos && at <= end;) {
      const std::size_t stop = std::min(text.find(' ', at), end);
      parts.push_back(FromHex(ByteView(text).substr(at, stop - at)));
      at = stop + 1;
    }
    if (parts.size() != 3 || !parts[0] || !parts[1] || !parts[2]) {
      return Fail(ErrorCode::kCorruption, "the image's list of '" + name + "' is none");
    }
    state.emplace(std::pair(*parts[0], *parts[1]), *parts[2]);
    begin = end + 1;
  }
  return state;
}

RunReport Boot(const DiskImage& image, std::uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  options.options["host.a.capacity"] = std::uint64_t{1} << 30;
  return RunScenario(Booter(image), options);
}

}  // namespace beach::sim::scenarios::upgrade
