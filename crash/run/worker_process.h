// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "crash/protocol/line_reader.h"
#include "crash/protocol/message.h"

namespace beach::crash {

// A failpoint that struck, as the worker said on its way.
struct Struck {
  std::string name;
  std::uint64_t passage = 0;
  bool killed = false;  // else a call failed
};

// What the worker said next.
struct Heard {
  enum class What : std::uint8_t {
    kLine,
    kGone,    // its output is over
    kLate,    // nothing, until the deadline
    kSignal,  // what was watched beside it became readable
  };
  What what = What::kGone;
  Json line = {};
};

// A worker under our hand: a child process, its pipes, its end. One thread.
class WorkerProcess {
 public:
  // Runs `program worker` with BEACH_FAILPOINT set so. kIo.
  static Result<std::unique_ptr<WorkerProcess>> Start(const std::string& program,
                                                      const std::string& failpoints);
  // Killed if it is still there, and waited for.
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // To a worker that is gone: nothing happens, and Hear tells.
  void Send(const Json& command);
  // No more commands: it closes its database and exits.
  void EndInput();
  // Waits for a line of its output, until `deadline_ns` (monotonic). Watches `beside` too, unless
  // it is -1. kInvalidArgument: what it said is no line of ours.
  Result<Heard> Hear(std::uint64_t deadline_ns, int beside = -1);
  // kill -9.
  void Kill();
  // How it ended: "exit code 3", "signal 6 (Aborted)". Waits for it.
  std::string AwaitEnd();
  // Whether by SIGKILL, or with exit code 0. After AwaitEnd.
  bool was_killed() const;
  bool exited_fine() const;

  // What has struck so far, in order; whatever a line of its output follows from is there.
  const std::vector<Struck>& struck();
  // What else it said on stderr, at most some KiB of it.
  const std::string& last_words();

 private:
  WorkerProcess(int process, int input, int output, int errors);
  void ReadErrors();
  void TakeErrors();

  const int process_;
  int input_;
  const int output_;
  const int errors_;
  LineReader lines_;
  std::string unread_errors_;  // no whole line yet
  bool errors_over_ = false;
  std::vector<Struck> struck_;
  std::string last_words_;
  std::optional<int> status_;  // of its end
};

// Monotonic nanoseconds.
std::uint64_t NowNs();

}  // namespace beach::crash
