// SPDX-License-Identifier: Apache-2.0
#include "crash/power/fuse_mount.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "crash/power/fuse_operations.h"
#include "env/os/os_clock.h"
#include "env/threads.h"

namespace beach::crash {
namespace {

// Each request that waits for power has a thread; with one left over, the kernel's word that a
// waiting process is killed is heard.
constexpr unsigned kThreadsMax = 4096;
constexpr unsigned kIdleThreadsMax = 16;
constexpr std::uint64_t kAskAgainNs = 10'000'000;

// What wakes the loop from its wait, without any action of its own.
constexpr int kWakeSignal = SIGUSR1;
void Wake(int) {}

Status CheckDirectory(const std::string& directory) {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) {
    return Fail(Error(ErrorCode::kUnsupported, "no file system of a program can be mounted here")
                    .At("/dev/fuse")
                    .WithErrno(errno));
  }
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr && errno == ENOTCONN) {
    return Fail(Error(ErrorCode::kRefused, "a dead mount is on it; `umount -l` takes it off")
                    .At(directory));
  }
  if (stream == nullptr) return Fail(ErrnoError(errno, "opendir", directory));
  std::uint64_t names = 0;
  while (::readdir(stream) != nullptr) ++names;
  ::closedir(stream);
  if (names <= 2) return {};  // "." and ".."
  return Fail(Error(ErrorCode::kRefused, "the directory is not empty").At(directory));
}

std::string MountOptions() {
  std::string options = "fsname=beachcrash,subtype=beachcrash,default_permissions";
  if (::geteuid() == 0) options += ",allow_other";  // databases like to run as a user of their own
  return options;
}

struct DestroyFuse {
  void operator()(fuse* mounted) const { fuse_destroy(mounted); }
};

}  // namespace

// libfuse's loop, in a thread of its own.
class FuseMount::Loop {
 public:
  Loop(std::unique_ptr<fuse, DestroyFuse> mounted, std::function<void()> on_end)
      : fuse_(std::move(mounted)), on_end_(std::move(on_end)) {
    struct sigaction action {};
    action.sa_handler = Wake;
    BEACH_CHECK_EQ(::sigaction(kWakeSignal, &action, nullptr), 0);
    thread_ = env::Thread("fuse", [this] { Serve(); });
  }

  ~Loop() {
    fuse_session_exit(fuse_get_session(fuse_.get()));
    // A signal that comes before the loop waits wakes nobody: again until it has ended.
    env::OsClock clock;
    while (!ended_) {
      if (const pthread_t thread = native_.load(); thread != 0) ::pthread_kill(thread, kWakeSignal);
      clock.SleepUntil(clock.MonotonicNow() + kAskAgainNs);
    }
    thread_.Join();
    fuse_unmount(fuse_.get());
  }

  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

 private:
  void Serve() {
    native_ = ::pthread_self();
    fuse_loop_config* const config = fuse_loop_cfg_create();
    fuse_loop_cfg_set_max_threads(config, kThreadsMax);
    fuse_loop_cfg_set_idle_threads(config, kIdleThreadsMax);
    static_cast<void>(fuse_loop_mt(fuse_.get(), config));  // however it ended, it has
    fuse_loop_cfg_destroy(config);
    ended_ = true;
    on_end_();
  }

  const std::unique_ptr<fuse, DestroyFuse> fuse_;
  const std::function<void()> on_end_;
  std::atomic<pthread_t> native_{0};
  std::atomic<bool> ended_{false};
  env::Thread thread_;
};

FuseMount::FuseMount(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
FuseMount::~FuseMount() = default;

Result<std::unique_ptr<FuseMount>> FuseMount::Open(PosixDisk& disk, const std::string& directory,
                                                   std::function<void()> on_end) {
  BEACH_TRY(CheckDirectory(directory));
  fuse_args arguments = FUSE_ARGS_INIT(0, nullptr);
  fuse_opt_add_arg(&arguments, "beachcrash");
  fuse_opt_add_arg(&arguments, "-o");
  fuse_opt_add_arg(&arguments, MountOptions().c_str());
  std::unique_ptr<fuse, DestroyFuse> mounted(
      fuse_new(&arguments, &FuseOperations(), sizeof(fuse_operations), &disk));
  fuse_opt_free_args(&arguments);
  if (mounted == nullptr) return Fail(Error(ErrorCode::kIo, "libfuse refuses").At(directory));
  if (fuse_mount(mounted.get(), directory.c_str()) != 0) {
    return Fail(Error(ErrorCode::kIo, "cannot mount; libfuse has said why").At(directory));
  }
  auto loop = std::make_unique<Loop>(std::move(mounted), std::move(on_end));
  return std::unique_ptr<FuseMount>(new FuseMount(std::move(loop)));
}

}  // namespace beach::crash
