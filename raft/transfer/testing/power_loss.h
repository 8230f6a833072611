// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "engine/testing/memory_files.h"

namespace beach::raft::testing {

// For tests: watches one directory of files in memory, and leaves of it what a power loss may: of
// contents and of names any part of what was not synced (env/files.h). Renames are of PLACE alone.
class PowerLoss {
 public:
  PowerLoss(engine::testing::MemoryFiles& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {
    files_.set_hook([this](const engine::testing::FileEvent& event) { return See(event); });
  }

  // From the call of that number on every one fails: the process is as good as dead.
  void DieAt(std::uint64_t call) { dies_at_ = call; }
  std::uint64_t calls() const { return calls_; }

  // The power goes, and comes back.
  void Strike(RandomStream& stream) {
    files_.set_hook(nullptr);
    const auto is = files_.Snapshot(directory_);
    std::map<std::string, Bytes> left;
    for (const std::string& name : names_) {
      // A name whose removal was not synced may be back.
      if (is.contains(name) || stream.Chance(1, 2)) left[name] = synced_[name];
    }
    for (const auto& [name, content] : is) {
      if (!names_.contains(name) && stream.Chance(1, 2)) continue;
      left[name] = Mixed(synced_[name], content, stream);
    }
    for (const auto& [name, content] : is) {
      const Status removed = files_.Remove(env::JoinPath(directory_, name));
      BEACH_CHECK(removed.has_value());
    }
    for (const auto& [name, content] : left) {
      files_.SetContent(env::JoinPath(directory_, name), content);
    }
    dies_at_ = ~std::uint64_t{0};
    files_.set_hook([this](const engine::testing::FileEvent& event) { return See(event); });
  }

 private:
  using FileCall = engine::testing::FileCall;

  static Bytes Mixed(const Bytes& synced, const Bytes& written, RandomStream& stream) {
    if (stream.Chance(1, 3)) return synced;
    Bytes mixed = written;
    constexpr std::size_t kSector = 512;
    for (std::size_t at = 0; at < mixed.size(); at += kSector) {
      if (stream.Chance(1, 2)) continue;
      for (std::size_t i = at; i < std::min(at + kSector, mixed.size()); ++i) {
        mixed[i] = i < synced.size() ? synced[i] : '\0';
      }
    }
    return mixed;
  }

  Status See(const engine::testing::FileEvent& event) {
    if (!event.path.starts_with(directory_)) return {};
    if (++calls_ >= dies_at_) return Fail(ErrorCode::kIo, "the process is dead");
    const std::string name =
        event.path == directory_ ? std::string() : event.path.substr(directory_.size() + 1);
    if (event.call == FileCall::kSync) synced_[name] = files_.Content(event.path);
    // A small file is durable before it gets its name, which may be the old one's for a while.
    if (event.call == FileCall::kRename) renamed_ = files_.Content(event.path);
    if (event.call == FileCall::kOpen && !names_.contains(name)) synced_.try_emplace(name);
    if (event.call == FileCall::kSyncDirectory) {
      names_.clear();
      for (const auto& [present, content] : files_.Snapshot(directory_)) names_.insert(present);
      if (names_.contains("PLACE")) synced_["PLACE"] = renamed_;
    }
    return {};
  }

  engine::testing::MemoryFiles& files_;
  const std::string directory_;
  std::uint64_t calls_ = 0;
  std::uint64_t dies_at_ = ~std::uint64_t{0};
  std::map<std::string, Bytes> synced_;  // by name
  std::set<std::string> names_;          // that are durable
  Bytes renamed_;
};

}  // namespace beach::raft::testing
