// SPDX-License-Identifier: Apache-2.0
#include "bench/server/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/random.h"
#include "bench/machine.h"
#include "bench/signals.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kLookNs = 5'000'000;
constexpr std::uint64_t kStopNs = 10'000'000'000;
constexpr std::uint64_t kRetryNs = 20'000'000;
constexpr std::size_t kShownMax = 400;
constexpr int kNotFound = 127;

sockaddr_in Local(std::uint64_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

bool IsFree(std::uint64_t port) {
  const Socket socket;
  const int yes = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const sockaddr_in address = Local(port);
  return ::bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool Replies(std::uint64_t port, const std::string& request, const std::string& wanted) {
  const Socket socket;
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const sockaddr_in address = Local(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::send(socket.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return false;
  }
  std::string reply;
  while (reply.size() < wanted.size()) {
    char bytes[64];
    const ssize_t count = ::recv(socket.fd(), bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    reply.append(bytes, static_cast<std::size_t>(count));
  }
  return reply.starts_with(wanted);
}

std::string EndOf(const std::string& path) {
  const std::string content = ContentOf(path);
  return content.substr(content.size() - std::min(content.size(), kShownMax));
}

[[noreturn]] void Become(const std::vector<std::string>& words, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);  // a Ctrl-C is this program's to pass on
  HeldSignals::GiveFree();
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(kNotFound);
}

}  // namespace

Result<std::unique_ptr<Process>> Process::Start(const std::vector<std::string>& words,
                                                const std::string& output_path) {
  const int output =
      ::open(output_path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0666);
  if (output < 0) return Fail(ErrnoError(errno, "open", output_path));
  const pid_t pid = ::fork();
  if (pid == 0) Become(words, output);
  const int fork_error = errno;
  ::close(output);
  if (pid < 0) return Fail(ErrnoError(fork_error, "fork", words[0]));
  return std::unique_ptr<Process>(new Process(pid, words[0], output_path));
}

Process::~Process() {
  if (Ended()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::Ended() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return ended_;
}

Status Process::AwaitEnd() {
  while (!Ended()) {
    if (HeldSignals::AwaitFor(kLookNs)) return Fail(ErrorCode::kIo, "asked to end");
  }
  if (WIFEXITED(status_) && WEXITSTATUS(status_) == 0) return {};
  const bool found = !WIFEXITED(status_) || WEXITSTATUS(status_) != kNotFound;
  return Fail(ErrorCode::kIo,
              found ? fmt::format("{} has failed: {}", name_, EndOf(output_path_))
                    : fmt::format("there is no program {}: `make peers` installs it", name_));
}

void Process::Stop() {
  if (Ended()) return;
  ::kill(pid_, SIGTERM);
  const std::uint64_t by_ns = NowNs() + kStopNs;
  while (!Ended() && NowNs() < by_ns) SleepNs(kLookNs);
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string FirstLineOf(const std::vector<std::string>& words, const std::string& directory) {
  const auto process = Process::Start(words, directory + "/first_line");
  if (!process || !(*process)->AwaitEnd()) return {};
  const std::string content = ContentOf((*process)->output_path());
  return content.substr(0, content.find('\n'));
}

Status AwaitReply(Process& process, std::uint64_t port, const std::string& request,
                  const std::string& wanted, std::uint64_t limit_ns) {
  const std::uint64_t by_ns = NowNs() + limit_ns;
  while (!Replies(port, request, wanted)) {
    if (process.Ended()) {
      BEACH_TRY(process.AwaitEnd());
      return Fail(ErrorCode::kIo, "a server has ended by itself");
    }
    if (NowNs() >= by_ns) {
      return Fail(ErrorCode::kIo, fmt::format("no server answers at port {}: {}", port,
                                              EndOf(process.output_path())));
    }
    if (HeldSignals::AwaitFor(kRetryNs)) return Fail(ErrorCode::kIo, "asked to end");
  }
  return {};
}

std::uint64_t FreePort(const std::vector<std::uint64_t>& beside) {
  RandomStream random(NowNs());
  while (true) {
    // Below those that the kernel gives away by itself.
    const std::uint64_t port = random.Between(15'000, 30'000);
    if (IsFree(port) &&
        std::ranges::all_of(beside, [&](std::uint64_t above) { return IsFree(port + above); })) {
      return port;
    }
  }
}

}  // namespace beach::bench
