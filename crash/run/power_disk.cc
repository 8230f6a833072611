// SPDX-License-Identifier: Apache-2.0
#include "crash/run/power_disk.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "crash/power/fuse_mount.h"
#include "crash/power/machine.h"
#include "crash/power/posix_disk.h"
#include "crash/power/unix_socket.h"
#include "env/os/os_clock.h"

namespace beach::crash {
namespace {

class MountedDisk final : public PowerDisk {
 public:
  MountedDisk(std::uint64_t seed, OwnedFd lost)
      : lost_(std::move(lost)), machine_({.seed = seed}, clock_, [this] { Note(); }) {}
  ~MountedDisk() override { machine_.End(); }

  Status MountAt(const std::string& directory) {
    BEACH_TRY_ASSIGN(mount_, FuseMount::Open(disk_, directory, [] {}));
    return {};
  }

  int lost() const override { return lost_.get(); }
  Status CutAt(std::uint64_t operation) override {
    BEACH_TRY(machine_.CutAt(operation));
    return {};
  }
  Result<sim::CutSummary> Cut() override {
    if (!machine_.powered()) return machine_.GetStatus().last_cut;
    return machine_.Cut();
  }
  Status PowerOn() override {
    BEACH_TRY(machine_.PowerOn());
    std::uint64_t noted = 0;
    static_cast<void>(!::read(lost_.get(), &noted, sizeof noted));  // nothing where all is read
    return {};
  }

 private:
  // Power has come or gone; what is read says that it has gone.
  void Note() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(lost_.get(), &one, sizeof one));  // full is as good
  }

  const OwnedFd lost_;
  env::OsClock clock_;
  Machine machine_;
  PosixDisk disk_{machine_};
  std::unique_ptr<FuseMount> mount_;
};

}  // namespace

Result<std::unique_ptr<PowerDisk>> PowerDisk::Mount(const std::string& directory,
                                                    std::uint64_t seed) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Fail(ErrnoError(error.value(), "create", directory));
  OwnedFd lost(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (lost.get() < 0) return Fail(ErrnoError(errno, "make", "an eventfd"));
  auto disk = std::make_unique<MountedDisk>(seed, std::move(lost));
  BEACH_TRY(disk->MountAt(directory));
  return std::unique_ptr<PowerDisk>(std::move(disk));
}

}  // namespace beach::crash
