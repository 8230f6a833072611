// SPDX-License-Identifier: Apache-2.0
#include "sim/crashpoints/os_branch.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

namespace beach::sim::crashpoints {

Result<OsBranch> OsBranch::Fork(std::uint64_t cpu_seconds, bool& in_child) {
  in_child = false;
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return Fail(ErrnoError(errno, "pipe", "crash point"));
  std::fflush(nullptr);  // what is buffered would be written by the child too
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    return Fail(ErrnoError(error, "fork", "crash point"));
  }
  if (child > 0) {
    ::close(ends[1]);
    return OsBranch(child, ends[0]);
  }
  in_child = true;
  ::close(ends[0]);
  const rlimit limit{.rlim_cur = cpu_seconds, .rlim_max = cpu_seconds};
  static_cast<void>(::setrlimit(RLIMIT_CPU, &limit));
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  static_cast<void>(::setrlimit(RLIMIT_CORE, &no_core));
  return OsBranch(0, ends[1]);
}

OsBranch::OsBranch(OsBranch&& other) noexcept
    : child_(std::exchange(other.child_, 0)), pipe_(std::exchange(other.pipe_, -1)) {}

OsBranch& OsBranch::operator=(OsBranch&& other) noexcept {
  std::swap(child_, other.child_);
  std::swap(pipe_, other.pipe_);
  return *this;
}

OsBranch::~OsBranch() {
  if (pipe_ >= 0) ::close(pipe_);
  if (child_ <= 0) return;
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

void OsBranch::Disown() {
  if (pipe_ >= 0) ::close(pipe_);
  pipe_ = -1;
  child_ = 0;
}

void OsBranch::Tell(const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const ssize_t count = ::write(pipe_, text.data() + sent, text.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) ::_exit(3);
    sent += static_cast<std::size_t>(count);
  }
  ::_exit(0);
}

OsBranch::Told OsBranch::Wait() {
  Told told;
  std::array<char, 4096> piece{};
  while (true) {
    const ssize_t count = ::read(pipe_, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    told.text.append(piece.data(), static_cast<std::size_t>(count));
  }
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  child_ = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return told;
  told.text.clear();
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    told.death = signal == SIGKILL || signal == SIGXCPU ? "hang" : ::sigabbrev_np(signal);
  } else {
    told.death = "exit " + std::to_string(WEXITSTATUS(status));
  }
  return told;
}

}  // namespace beach::sim::crashpoints
