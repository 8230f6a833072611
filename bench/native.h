// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::bench {

// Becomes beachbench_native, which lies beside this program, with the same command line. Returns,
// with an exit code, only where that fails. Why: this program has the simulator's memory in place
// of malloc (sim/memory/), and what databases do is measured without.
int BecomeNative(char** argv);

}  // namespace beach::bench
