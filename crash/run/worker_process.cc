// SPDX-License-Identifier: Apache-2.0
#include "crash/run/worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include "env/os/failpoints.h"

extern char** environ;

namespace beach::crash {
namespace {

constexpr std::size_t kLastWordsMax = 8192;

struct Pipe {
  int read = -1;
  int write = -1;
};

Result<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Fail(ErrnoError(errno, "make", "a pipe"));
  return Pipe{ends[0], ends[1]};
}

// "failpoint NAME, passage 3: killed", as env/os/failpoints.cc says it.
std::optional<Struck> ParseStruck(std::string_view line) {
  constexpr std::string_view kBegin = "failpoint ";
  constexpr std::string_view kMiddle = ", passage ";
  if (!line.starts_with(kBegin)) return std::nullopt;
  line.remove_prefix(kBegin.size());
  const std::size_t middle = line.find(kMiddle);
  if (middle == std::string_view::npos) return std::nullopt;
  Struck struck;
  struck.name = line.substr(0, middle);
  line.remove_prefix(middle + kMiddle.size());
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), struck.passage);
  if (parsed.ec != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(parsed.ptr - line.data()));
  struck.killed = line == ": killed";
  if (!struck.killed && line != ": failed") return std::nullopt;
  return struck;
}

}  // namespace

std::uint64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::Start(const std::string& program,
                                                            const std::string& failpoints) {
  BEACH_TRY_ASSIGN(const Pipe input, MakePipe());
  BEACH_TRY_ASSIGN(const Pipe output, MakePipe());
  BEACH_TRY_ASSIGN(const Pipe errors, MakePipe());
  std::vector<std::string> variables;
  const std::string ours = std::string(env::kFailpointVariable) + "=";
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!std::string_view(*variable).starts_with(ours)) variables.emplace_back(*variable);
  }
  if (!failpoints.empty()) variables.push_back(ours + failpoints);
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string name = program;
  std::string command = "worker";
  std::array<char*, 3> arguments = {name.data(), command.data(), nullptr};

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, errors.write, STDERR_FILENO);
  // A group of its own: who interrupts the harness does not interrupt it.
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t process = -1;
  const int failed = ::posix_spawn(&process, program.c_str(), &actions, &attributes,
                                   arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  for (const int end : {input.read, output.write, errors.write}) ::close(end);
  if (failed != 0) {
    for (const int end : {input.write, output.read, errors.read}) ::close(end);
    return Fail(ErrnoError(failed, "start", program));
  }
  ::fcntl(errors.read, F_SETFL, O_NONBLOCK);
  return std::unique_ptr<WorkerProcess>(
      new WorkerProcess(process, input.write, output.read, errors.read));
}

WorkerProcess::WorkerProcess(int process, int input, int output, int errors)
    : process_(process), input_(input), output_(output), errors_(errors), lines_(output) {}

WorkerProcess::~WorkerProcess() {
  Kill();
  AwaitEnd();
  EndInput();
  ::close(output_);
  ::close(errors_);
}

void WorkerProcess::Send(const Json& command) {
  const std::string line = command.dump() + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const ssize_t written = ::write(input_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    done += static_cast<std::size_t>(written);
  }
}

void WorkerProcess::EndInput() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

Result<Heard> WorkerProcess::Hear(std::uint64_t deadline_ns, int beside) {
  for (;;) {
    if (const std::optional<std::string> line = lines_.Take()) {
      BEACH_TRY_ASSIGN(Json json, ParseLine(*line));
      return Heard{Heard::What::kLine, std::move(json)};
    }
    const std::uint64_t now = NowNs();
    if (now >= deadline_ns) return Heard{Heard::What::kLate, {}};
    const std::uint64_t left_ms = (deadline_ns - now) / 1'000'000 + 1;
    std::array<pollfd, 3> watched = {pollfd{output_, POLLIN, 0},
                                     pollfd{errors_over_ ? -1 : errors_, POLLIN, 0},
                                     pollfd{beside, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(),
                             static_cast<int>(std::min<std::uint64_t>(left_ms, 60'000)));
    if (ready < 0 && errno != EINTR) return Fail(ErrnoError(errno, "poll", "the worker's pipes"));
    if (ready <= 0) continue;
    if (watched[1].revents != 0) ReadErrors();
    if (watched[0].revents != 0) {
      BEACH_TRY_ASSIGN(const bool more, lines_.Fill());
      if (!more) return Heard{Heard::What::kGone, {}};
    } else if (watched[2].revents != 0) {
      return Heard{Heard::What::kSignal, {}};
    }
  }
}

void WorkerProcess::Kill() {
  if (!status_) ::kill(process_, SIGKILL);
}

std::string WorkerProcess::AwaitEnd() {
  if (!status_) {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    status_ = status;
    ReadErrors();
  }
  if (WIFEXITED(*status_)) return "exit code " + std::to_string(WEXITSTATUS(*status_));
  const int number = WTERMSIG(*status_);
  const char* const name = ::strsignal(number);
  return "signal " + std::to_string(number) + " (" + (name != nullptr ? name : "?") + ")";
}

bool WorkerProcess::was_killed() const {
  return status_ && WIFSIGNALED(*status_) && WTERMSIG(*status_) == SIGKILL;
}

bool WorkerProcess::exited_fine() const {
  return status_ && WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

const std::vector<Struck>& WorkerProcess::struck() {
  ReadErrors();
  return struck_;
}

const std::string& WorkerProcess::last_words() {
  ReadErrors();
  return last_words_;
}

void WorkerProcess::ReadErrors() {
  std::array<char, 4096> piece{};
  while (!errors_over_) {
    const ssize_t length = ::read(errors_, piece.data(), piece.size());
    if (length < 0 && errno == EINTR) continue;
    if (length < 0) break;  // no more has been written
    if (length == 0) errors_over_ = true;
    unread_errors_.append(piece.data(), static_cast<std::size_t>(length));
  }
  TakeErrors();
}

void WorkerProcess::TakeErrors() {
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = unread_errors_.find('\n', begin);
    if (end == std::string::npos) break;
    const std::string line = unread_errors_.substr(begin, end - begin);
    begin = end + 1;
    if (const std::optional<Struck> struck = ParseStruck(line)) {
      struck_.push_back(*struck);
    } else if (last_words_.size() + line.size() < kLastWordsMax) {
      last_words_ += line + "\n";
    }
  }
  unread_errors_.erase(0, begin);
}

}  // namespace beach::crash
