// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "base/units.h"
#include "command_line/terminal.h"
#include "crash/power/commands.h"
#include "crash/power/control_server.h"
#include "crash/power/fuse_mount.h"
#include "crash/power/machine.h"
#include "crash/power/posix_disk.h"
#include "env/os/os_clock.h"

namespace beach::crash {
namespace {

constexpr char kExamples[] =
    "The disk is new and empty, and gone with this command. It runs until it is told to quit, by\n"
    "`beachcrash disk`, SIGTERM or SIGINT, or somebody unmounts DIR. Programs that use DIR and "
    "are\n"
    "not ours to know: databases, shells, tests.\n"
    "Example: beachcrash mount /tmp/disk --seed 42 &\n"
    "         beachcrash disk /tmp/disk.socket cut-at 100\n"
    "Exit codes: 0 ended as told, 2 usage, 3 cannot mount there.";

struct Arguments {
  std::string directory;
  std::uint64_t seed = 1;
  std::string size = "1G";
  std::string socket;
  std::string profile = "xfs";
  std::uint64_t torn_percent = 25;
  std::string names = "posix";
};

std::optional<sim::FsyncProfile> ProfileOf(const std::string& name) {
  if (name == "xfs") return sim::FsyncProfile::kXfs;
  if (name == "ext4-ordered") return sim::FsyncProfile::kExt4Ordered;
  if (name == "ext4-journal") return sim::FsyncProfile::kExt4Journal;
  if (name == "btrfs") return sim::FsyncProfile::kBtrfs;
  return std::nullopt;
}

std::optional<NameDurability> NamesOf(const std::string& name) {
  if (name == "posix") return NameDurability::kPosix;
  if (name == "journal") return NameDurability::kJournal;
  return std::nullopt;
}

int Complain(int code, const std::string& message) {
  fmt::print(stderr, "beachcrash: {}\n", message);
  return code;
}

int Serve(const Arguments& arguments, const MachineOptions& options) {
  env::OsClock clock;
  const std::string socket =
      arguments.socket.empty() ? arguments.directory + ".socket" : arguments.socket;
  const auto server = ControlServer::Open(socket, clock);
  if (!server) return Complain(command_line::kExitEnvironment, server.error().ToString());
  ControlServer& control = **server;
  Machine machine(options, clock, [&control] { control.Wake(); });
  PosixDisk disk(machine);
  {
    const auto mount = FuseMount::Open(disk, arguments.directory, [&control] { control.Stop(); });
    if (!mount) return Complain(command_line::kExitEnvironment, mount.error().ToString());
    fmt::print("mounted {}, control socket {}\n", arguments.directory, socket);
    std::fflush(stdout);
    control.Run(machine);
    machine.End();
  }
  return command_line::kExitFine;
}

int RunMount(Arguments& arguments) {
  while (arguments.directory.size() > 1 && arguments.directory.ends_with('/')) {
    arguments.directory.pop_back();
  }
  const auto size = ParseSize(arguments.size);
  if (!size) return Complain(command_line::kExitUsage, "--size: " + size.error().message());
  const auto profile = ProfileOf(arguments.profile);
  if (!profile) {
    return Complain(
        command_line::kExitUsage,
        "--profile: '" + arguments.profile + "' is none of xfs, ext4-ordered, ext4-journal, btrfs");
  }
  const auto names = NamesOf(arguments.names);
  if (!names) {
    return Complain(command_line::kExitUsage,
                    "--names: '" + arguments.names + "' is neither posix nor journal");
  }
  return Serve(arguments, {.seed = arguments.seed,
                           .capacity_bytes = *size,
                           .torn_percent = arguments.torn_percent,
                           .fsync_profile = *profile,
                           .names = *names});
}

}  // namespace

void AddMountCommand(const command_line::Command& root) {
  auto arguments = std::make_shared<Arguments>();
  const command_line::Command command =
      root.Add("mount", "Mount a simulated disk that can lose power");
  command.Text("DIR", arguments->directory, "An empty directory", command_line::Need::kRequired);
  command.Number("--seed", arguments->seed, 0, ~std::uint64_t{0},
                 "What power cuts keep, and where faults strike");
  command.Text("--size", arguments->size, "Capacity: 64M, 1G");
  command.Text("--socket", arguments->socket, "Control socket (default: DIR.socket)");
  command.Text("--profile", arguments->profile,
               "What a failed fsync leaves: xfs, ext4-ordered, ext4-journal, btrfs");
  command.Number("--torn", arguments->torn_percent, 0, 100,
                 "Percentage of sectors that tear, of those where a cut falls");
  command.Text("--names", arguments->names,
               "What makes names durable: posix, a sync of their directory; journal, any sync");
  command.Examples(kExamples);
  command.Does([arguments] { return RunMount(*arguments); });
}

}  // namespace beach::crash
