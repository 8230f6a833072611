// SPDX-License-Identifier: Apache-2.0
// The `beachdb` binary: its commands, each in server/cli/.
#include <cstdio>
#include <exception>
#include <string>

#include "env/os/failpoints.h"
#include "env/os/os_env.h"
#include "env/os/process_memory.h"
#include "server/cli/commands.h"

namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  beachdb serve --data /tmp/node\n"
    "  beachdb cluster 3 --data /tmp/cluster\n"
    "  beachdb cli --connect 127.0.0.1:7701 put colour blue\n"
    "  beachdb load --connect 127.0.0.1:7701 --workload a\n"
    "  beachdb cli --data /tmp/db put colour blue\n"
    "  beachdb cli --data /tmp/db get colour\n"
    "  beachdb cli --data /tmp/db scan a m\n"
    "  beachdb verify /tmp/db\n"
    "  beachdb repair /tmp/db --dry-run\n"
    "  beachdb backup /tmp/db /tmp/backups\n"
    "  beachdb restore /tmp/backups /tmp/db2\n"
    "  beachdb manifest-dump /tmp/db\n"
    "  beachdb wal-dump /tmp/db/000002.wal\n"
    "  beachdb sst-dump /tmp/db/000005.sst --entries\n"
    "Exit codes: 0 fine, 1 damage found, 2 usage, 3 environment or I/O, 4 refused to open,\n"
    "5 a failpoint armed by BEACH_FAILPOINT never struck, 6 key absent.";

// The exit code, unless all is fine but that an armed failpoint never struck.
int WithFailpoints(int code) {
  for (const std::string& name : beach::env::UnstruckFailpoints()) {
    std::fprintf(stderr, "beachdb: failpoint %s was armed and never struck\n", name.c_str());
    if (code == 0) code = static_cast<int>(beach::server::ExitCode::kNeverFired);
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  using beach::server::ExitCode;
  beach::env::KeepLargePiecesApart();
  if (const beach::Status armed = beach::env::ArmFailpoints(); !armed) {
    std::fprintf(stderr, "beachdb: %s\n", armed.error().ToString().c_str());
    return static_cast<int>(ExitCode::kUsage);
  }
  const beach::env::OsEnv os;
  const beach::env::Env env = os.env();

  beach::command_line::Program line("beachdb", "BeachDB: an ordered, durable key-value store",
                                    BEACH_VERSION);
  const beach::command_line::Command root = line.root();
  root.Examples(kExamples);
  beach::server::AddServeCommand(root, env);
  beach::server::AddClusterCommand(root, env);
  beach::server::AddClientCommand(root, env);
  beach::server::AddLoadCommand(root, env);
  beach::server::AddBudgetCommand(root);
  beach::server::AddTokenCommand(root);
  beach::server::AddVerifyCommand(root, env);
  beach::server::AddRepairCommand(root, env);
  beach::server::AddBackupCommands(root, env);
  beach::server::AddDumpCommands(root, env);

  try {
    const int code = WithFailpoints(line.Run(argc, argv, static_cast<int>(ExitCode::kUsage)));
    if (std::fflush(stdout) == 0) return code;
    std::perror("beachdb: writing the output");
  } catch (const std::exception& error) {  // fmt's answer to an output that takes no more
    std::fprintf(stderr, "beachdb: %s\n", error.what());
  }
  return static_cast<int>(ExitCode::kEnvironment);
}
