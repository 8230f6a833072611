// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_follow.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/pinned_files.h"
#include "sim/scenarios/engine_backup_copy.h"
#include "sim/scenarios/engine_backup_replica.h"
#include "sim/system_scope.h"

// Runs inside the simulated process, as all that a life does.

namespace beach::sim::scenarios::copies {
namespace {

using engine::Db;

// Errors that faults explain, after which a follower gives up for this life.
constexpr int kFailuresMax = 8;

Result<Bytes> ReadFile(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  Bytes content(size, '\0');
  BEACH_TRY_ASSIGN(const std::size_t got, file->ReadAt(0, content.data(), size));
  content.resize(got);
  return content;
}

class Follower {
 public:
  Follower(World& world, Db& db, const env::Env& env, std::uint64_t number, const ClientsEnd& end)
      : world_(world),
        db_(db),
        env_(env),
        plan_(world.plan.followers[number]),
        end_(end),
        followed_(world.followed[number]),
        replica_(world, env, number) {}

  void Run() {
    for (int failures = 0; failures < kFailuresMax;) {
      const bool done = end_.done;
      if (done && (!end_.durable || followed_.position >= end_.last)) break;
      const Status stepped = Step(done);
      if (stepped) continue;
      cursor_.reset();
      if (stepped.error().code() == ErrorCode::kCompactedAway) {
        if (!Copy()) return;
        continue;
      }
      world_.Excuse("following the log", stepped.error());
      ++failures;
    }
    CheckPin();
    replica_.Check();
  }

 private:
  Status Step(bool done) {
    if (cursor_ == nullptr) {
      const engine::SequenceNumber after(followed_.position);
      BEACH_TRY_ASSIGN(cursor_, db_.NewLogCursor(after));
    }
    const std::uint64_t now = env_.clock->MonotonicNow();
    BEACH_TRY_ASSIGN(const auto batch, cursor_->Next(done ? 0 : now + plan_.wait_ns));
    if (!batch) {
      if (!done) return {};
      world_.simulation.Fail("cursor-behind", "a log cursor shows nothing after " +
                                                  std::to_string(followed_.position) +
                                                  ", but all up to " + std::to_string(end_.last) +
                                                  " is durable");
    }
    const std::uint64_t visible = db_.VisibleSequence().value;
    oracle::Judgement judgement;
    {
      const SystemScope system;
      judgement = world_.Followed(followed_, batch->first.value, batch->batch.count(),
                                  batch->batch.encoding(), visible);
    }
    world_.Settle(judgement);
    replica_.Apply(*batch);
    ++seen_;
    if (seen_ % plan_.drop_every == 0) cursor_.reset();
    if (seen_ % plan_.pin_every == 0 && Pin() && plan_.installs && !replica_.is_open()) {
      replica_.Install(*pin_);
    }
    if (plan_.pause_ns != 0 && !done) {
      const std::uint64_t then = env_.clock->MonotonicNow();
      env_.clock->SleepUntil(then + plan_.pause_ns);
    }
    return {};
  }

  // The log is gone: goes on after the number of a copy.
  bool Copy() {
    if (world_.plan.keeps_all) {
      world_.simulation.Fail("log-not-kept", "all of the log is kept, and a cursor after " +
                                                 std::to_string(followed_.position) +
                                                 " is told that it is not");
    }
    if (!Pin()) return false;
    if (plan_.installs) replica_.Install(*pin_);
    const SystemScope system;
    followed_.position = pin_->sequence().value;
    return true;
  }

  bool Pin() {
    CheckPin();
    const std::uint64_t floor = db_.VisibleSequence().value;
    auto pin = db_.PinFiles();
    if (!pin) {
      world_.Excuse("pinning files", pin.error());
      return false;
    }
    pin_ = *std::move(pin);
    const std::uint64_t last = pin_->sequence().value;
    oracle::Judgement judgement;
    {
      const SystemScope system;
      world_.Durable(last);
      judgement = world_.Pinned(last, pin_->time());
    }
    world_.Settle(judgement);
    if (last < floor) {
      world_.simulation.Fail("pin-too-old", "files are pinned up to " + std::to_string(last) +
                                                ", but " + std::to_string(floor) + " was there");
    }
    for (const engine::PinnedFile& file : pin_->files()) {
      if (file.sequence_max > pin_->sequence()) {
        world_.simulation.Fail("pin-too-new", "files are pinned up to " + std::to_string(last) +
                                                  ", and one holds " +
                                                  std::to_string(file.sequence_max.value));
      }
      auto content = ReadFile(*env_.files, file.path);
      if (!content) return Unreadable(content.error());
      pinned_.push_back(*std::move(content));
    }
    return true;
  }

  // What is pinned is as it was; then lets go of it.
  void CheckPin() {
    if (pin_ == nullptr) return;
    for (std::size_t i = 0; i < pinned_.size(); ++i) {
      const auto content = ReadFile(*env_.files, pin_->files()[i].path);
      if (!content) {
        Unreadable(content.error());
        break;
      }
      if (*content != pinned_[i]) {
        world_.simulation.Fail("pin-changed", pin_->files()[i].path + " has changed while pinned");
      }
    }
    pinned_.clear();
    pin_.reset();
  }

  bool Unreadable(const Error& error) {
    if (error.code() == ErrorCode::kNotFound) {
      world_.simulation.Fail("pin-missing", "a pinned file is gone: " + error.ToString());
    }
    world_.Excuse("reading a pinned file", error);
    return false;
  }

  World& world_;
  Db& db_;
  const env::Env& env_;
  const FollowerPlan& plan_;
  const ClientsEnd& end_;
  Followed& followed_;
  std::uint64_t seen_ = 0;
  std::unique_ptr<engine::LogCursor> cursor_;
  std::unique_ptr<engine::PinnedFiles> pin_;
  std::vector<Bytes> pinned_;
  Replica replica_;
};

// All files of the database. No error is injected.
std::map<std::string, Bytes> ReadVolume(World& world, env::FileSystem& files) {
  std::map<std::string, Bytes> volume;
  const auto names = files.List(kDirectory);
  if (!names) return volume;
  for (const std::string& name : *names) {
    auto content = ReadFile(files, env::JoinPath(kDirectory, name));
    if (!content) world.Excuse("reading a file", content.error());
    volume[name] = *std::move(content);
  }
  return volume;
}

}  // namespace

void Follow(World& world, Db& db, const env::Env& env, std::uint64_t number,
            const ClientsEnd& end) {
  Follower(world, db, env, number, end).Run();
}

void RunReader(World& world, const env::Env& env) {
  const std::map<std::string, Bytes> before = ReadVolume(world, *env.files);
  {
    const auto opened = Db::OpenReadOnly(env, kDirectory, world.plan.options);
    if (opened) {
      const auto state = ReadState(**opened);
      if (!state) return world.Excuse("reading all of it", state.error());
      const std::uint64_t last = (*opened)->VisibleSequence().value;
      const SystemScope system;
      world.ShownToReader(last, State(*state));
    } else if (world.ever_opened || opened.error().code() != ErrorCode::kNotFound) {
      return world.Excuse("opening to read", opened.error());
    }
  }
  if (ReadVolume(world, *env.files) == before) return;
  world.simulation.Fail("read-only-wrote", "opening the database to be read changed its files");
}

}  // namespace beach::sim::scenarios::copies
