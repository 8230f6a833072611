// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/worker/worker.h"
#include "env/os/failpoints.h"

namespace beach::crash {

void AddWorkerCommand(const command_line::Command& root) {
  const command_line::Command command = root.Add(
      "worker", "carries out commands, a JSON object a line on stdin, and answers on stdout");
  command.Examples(
      "Example:\n"
      "  printf '%s\\n' '{\"id\":1,\"do\":\"open\",\"directory\":\"/tmp/db\"}' \\\n"
      "    '{\"id\":2,\"do\":\"write\",\"batch\":[[\"put\",\"a\",\"b\"]]}' | beachcrash worker\n"
      "crash/worker/README.md lists the commands. BEACH_FAILPOINT arms failpoints.\n");
  command.Does([] {
    const Status armed = env::ArmFailpoints();
    if (!armed) return command_line::ReportError(armed.error());
    return RunWorker(STDIN_FILENO, STDOUT_FILENO);
  });
}

}  // namespace beach::crash
