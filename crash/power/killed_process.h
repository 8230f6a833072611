// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string_view>

namespace beach::crash {

// Whether a thread will never run a program's code again: it is gone, or a SIGKILL is on its way to
// it, which the kernel sends to each thread of a process that dies of a signal. `thread` 0, one of
// another world: yes, nobody can tell.
bool IsBeingKilled(pid_t thread);

// The same of what /proc/THREAD/status says.
bool StatusTellsOfKill(std::string_view status);

}  // namespace beach::crash
