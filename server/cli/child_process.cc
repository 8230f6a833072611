// SPDX-License-Identifier: Apache-2.0
#include "server/cli/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace beach::server {
namespace {

constexpr int kCannotRun = 127;

// Between fork and exec: only what is safe there.
[[noreturn]] void Become(char* const* arguments, int output, int parent) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(kCannotRun);
  setpgid(0, 0);  // a Ctrl-C is for the parent alone, who stops its children in order
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDERR_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(kCannotRun);
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const std::vector<std::string>& arguments) {
  std::vector<std::string> texts = {"beachdb"};
  texts.insert(texts.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return Fail(ErrnoError(errno, "pipe", "a child's output"));
  const int parent = getpid();
  const int pid = fork();
  if (pid == 0) Become(pointers.data(), ends[1], parent);
  const int error = errno;
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return Fail(ErrnoError(error, "fork", "a child"));
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return ChildProcess(pid, ends[0]);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::exchange(other.output_, -1)),
      partial_(std::move(other.partial_)),
      ended_(other.ended_) {}

ChildProcess::~ChildProcess() {
  if (pid_ > 0 && !Ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) close(output_);
}

std::vector<std::string> ChildProcess::ReadLines() {
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = read(output_, buffer.data(), buffer.size())) > 0;) {
    partial_.append(buffer.data(), static_cast<std::size_t>(count));
  }
  std::vector<std::string> lines;
  for (std::size_t end = 0; (end = partial_.find('\n')) != std::string::npos;) {
    lines.push_back(partial_.substr(0, end));
    partial_.erase(0, end + 1);
  }
  return lines;
}

void ChildProcess::Tell(int signal) {
  if (!Ended()) kill(pid_, signal);
}

std::optional<int> ChildProcess::Ended() {
  if (ended_) return ended_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended_;
}

}  // namespace beach::server
