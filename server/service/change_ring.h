// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "env/loop.h"
#include "env/threads.h"
#include "server/machine/change_listener.h"
#include "server/service/change_source.h"

namespace beach::server {

// What the newest entries have done to users' keys, in memory: what each wrote is copied as it is
// applied, and the oldest go when there is too much. The log cannot say it: what an entry did
// depends on what was there before. So it begins anew with each life of the process, where its
// machine does, and with each snapshot that is installed: who is further behind has to read anew.
//
// A listener on the thread that applies, a source on the loop's. It goes after the node that
// applies, and before its loop.
class ChangeRing final : public ChangeListener, public ChangeSource {
 public:
  // `bytes_max`: of what is kept; the newest entry is, whatever its size.
  ChangeRing(env::Loop& loop, std::uint64_t bytes_max);
  ChangeRing(const ChangeRing&) = delete;
  ChangeRing& operator=(const ChangeRing&) = delete;

  void Begins(raft::LogIndex index) override;
  void Applied(raft::LogIndex index, const engine::WriteBatch& batch) override;

  std::optional<ChangePage> Read(const WatchPlace& from, const WatchRange& range) override;
  WatchPlace End() const override;
  void SetWake(std::function<void()> wake) override { wake_ = std::move(wake); }
  void Await(std::uint64_t index) override;

  std::uint64_t bytes() const;  // as they count

 private:
  struct Kept {
    std::uint64_t index = 0;
    std::shared_ptr<const Bytes> changes;  // encoded, of all users' keys
  };

  void PostWake();

  env::Loop& loop_;
  const std::uint64_t bytes_max_;
  std::function<void()> wake_;
  std::shared_ptr<ChangeRing*> self_;  // what is posted has it weakly

  mutable env::Mutex mutex_;
  // All under mutex_.
  std::deque<Kept> entries_;  // by index; those that changed no key of a user's are left out
  std::uint64_t first_ = 0;   // all behind it are here
  std::uint64_t last_ = 0;    // the newest that was applied
  std::uint64_t bytes_ = 0;
  bool awaited_ = false;
  bool posted_ = false;
};

}  // namespace beach::server
