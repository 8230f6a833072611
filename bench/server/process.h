// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace beach::bench {

// A program that was started: killed when this goes, and when this process dies, however that comes
// about. What it says goes to a file.
class Process {
 public:
  // words[0] is a path, or a name that PATH has. kIo: there is none.
  static Result<std::unique_ptr<Process>> Start(const std::vector<std::string>& words,
                                                const std::string& output_path);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  bool Ended();  // does not wait
  // Waits for its end; with HeldSignals, also for that of this process: kIo then, and where its
  // exit code is not 0. The error has the end of what it said.
  Status AwaitEnd();
  // Asks it to end, and waits.
  void Stop();
  const std::string& output_path() const { return output_path_; }

 private:
  Process(pid_t pid, std::string name, std::string output_path)
      : pid_(pid), name_(std::move(name)), output_path_(std::move(output_path)) {}

  const pid_t pid_;
  const std::string name_;
  const std::string output_path_;
  bool ended_ = false;
  int status_ = 0;
};

std::string ContentOf(const std::string& path);
// What a program prints, its first line; empty: there is no such program.
std::string FirstLineOf(const std::vector<std::string>& words, const std::string& directory);

// Sends `request` to 127.0.0.1:port until a reply begins with `wanted`. kIo: not within `limit_ns`,
// or `process` has ended before, with the end of what it said.
Status AwaitReply(Process& process, std::uint64_t port, const std::string& request,
                  const std::string& wanted, std::uint64_t limit_ns);

// A port such that nobody listens at it nor at those which are `beside` above it.
std::uint64_t FreePort(const std::vector<std::uint64_t>& beside);

}  // namespace beach::bench
