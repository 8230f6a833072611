// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::crash {

// Reads commands from `input`, a line each, and answers on `output`, until the input ends; then
// closes the database. Each client's commands are carried out in their order, those of several
// clients at once. Answers and events are whole lines, written before the next step: what a line
// says has happened, wherever the process dies. Returns the exit code: 0; 1: closing failed; 3: the
// pipes failed.
int RunWorker(int input, int output);

}  // namespace beach::crash
