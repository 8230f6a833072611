// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "crash/power/attributes.h"
#include "crash/power/seeded_decisions.h"
#include "env/clock.h"
#include "env/threads.h"
#include "sim/disk/disk.h"

namespace beach::crash {

// When a name that was made, moved or removed is durable.
enum class NameDurability : std::uint8_t {
  kPosix,    // with the next sync of its directory: all that a program may rely on everywhere
  kJournal,  // with the next sync of anything, and in their order: a file system with one journal
};

struct MachineOptions {
  std::uint64_t seed = 1;
  std::uint64_t capacity_bytes = std::uint64_t{1} << 30;
  std::uint64_t torn_percent = 25;
  sim::FsyncProfile fsync_profile = sim::FsyncProfile::kXfs;
  NameDurability names = NameDurability::kPosix;
};

// Names an open file or directory of the kernel's. Never given twice; 0: none.
using HandleId = StrongId<struct HandleIdTag, std::uint64_t>;

// What such a handle is open on.
struct OpenHandle {
  sim::Descriptor descriptor;  // none of a directory
  sim::FileId file;
  std::string path;        // of a directory: where it was when it was opened
  std::uint64_t life = 0;  // of the machine; in a later one the handle is dead
  bool direct = false;     // whether the descriptor is
};

// What a request does, as far as power is concerned.
enum class Touch : std::uint8_t {
  kLooks,    // changes nothing that a power loss could take
  kChanges,  // changes or syncs something: one of the operations that CutAt counts
  kNoWait,   // is answered without power, too: the caller looks whether there is any
};

// What is asked of a machine, in numbers.
struct MachineStatus {
  bool powered = true;
  std::uint64_t operations = 0;         // that changed or synced something
  std::optional<std::uint64_t> cut_at;  // the operation that power is lost before
  std::uint64_t pending = 0;            // operations that no sync has covered
  std::uint64_t used_bytes = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t waiting = 0;  // requests that wait for power
  std::uint64_t cuts = 0;
  sim::CutSummary last_cut;  // of zeros before the first
};

// A computer as its disk sees it: a simulated disk that loses power when told. From a cut until
// power is on again no request is answered, so that no program hears of anything that came after
// it: not even that there was a cut. Whoever waits then gets -EIO; so does, for ever, who uses what
// was open before. Thread-safe: one request at a time is in the disk.
class Machine {
 public:
  // Whether whoever made the request that waits is being killed. Called again and again.
  using Killed = std::function<bool()>;

  // `clock` is not owned. `on_change` is called, by any thread, whenever power has come or gone; it
  // must not call back.
  Machine(const MachineOptions& options, env::Clock& clock, std::function<void()> on_change);

  // One request of a program, and the machine held for it. It waits while there is no power.
  class Request {
   public:
    // `handle`: what it uses that is open; none: it goes by a path.
    Request(Machine& machine, Touch touch, const Killed& killed, HandleId handle = {});
    ~Request() { machine_.mutex_.Unlock(); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // 0, or what the program is told instead: -EIO, or -EINTR to one that is being killed.
    int error() const { return error_; }
    bool powered() const { return machine_.powered_; }
    sim::Disk& disk() { return *machine_.disk_; }
    Attributes& attributes() { return machine_.attributes_; }
    std::uint64_t Now() { return machine_.clock_.WallNow(); }

    // To follow a sync that has succeeded: what it makes durable besides. 0 or -errno.
    int SyncNames();

    HandleId Open(OpenHandle handle);
    // REQUIRES: error() is 0, and the request was made with a handle.
    OpenHandle& handle() { return machine_.handles_.at(handle_); }
    // Null: it is dead.
    OpenHandle* LivingHandle();
    void CloseHandle();

   private:
    Machine& machine_;
    const HandleId handle_;
    const int error_;
  };

  // Power is lost now. kRefused: it is off already.
  Result<sim::CutSummary> Cut();
  // Power is lost right before the `count`-th operation from now that changes or syncs something;
  // 0: it is not. Returns that operation's number in the count of all, or 0. kRefused as above.
  Result<std::uint64_t> CutAt(std::uint64_t count);
  // Power is back: tells how many waited, who are told -EIO. kRefused: there was no cut.
  Result<std::uint64_t> PowerOn();
  // Nothing waits any more: all requests fail from now on.
  void End();

  bool powered();
  std::uint64_t cuts();
  Status SetFaultRate(const std::string& site, std::uint64_t per_million);
  std::vector<FaultRate> Faults();
  MachineStatus GetStatus();
  std::vector<sim::PendingOperation> Pending();

 private:
  int Admit(Touch touch, const Killed& killed, HandleId handle);
  int WaitForPower(const Killed& killed);
  bool IsLiving(HandleId handle) const;
  sim::CutSummary LosePower();

  env::Clock& clock_;
  const std::function<void()> on_change_;
  const NameDurability names_;
  env::Mutex mutex_;  // guards all that follows
  env::CondVar changed_;
  SeededDecisions decisions_;
  const std::unique_ptr<sim::Disk> disk_;
  Attributes attributes_;
  std::map<HandleId, OpenHandle> handles_;
  HandleId last_handle_;
  bool powered_ = true;
  bool ended_ = false;
  std::uint64_t life_ = 1;  // one more after each cut
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> cut_at_;
  std::uint64_t waiting_ = 0;
  sim::CutSummary last_cut_;
};

}  // namespace beach::crash
