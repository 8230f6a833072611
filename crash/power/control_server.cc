// SPDX-License-Identifier: Apache-2.0
#include "crash/power/control_server.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/check.h"
#include "crash/power/control.h"

namespace beach::crash {
namespace {

constexpr std::size_t kClientsMax = 64;
constexpr std::size_t kReceiveSize = std::size_t{64} << 10;
constexpr std::uint64_t kMillisecond = 1'000'000;
// Behind these in the list that is polled stand the clients.
enum Fixed : std::size_t { kListener, kWakeUp, kSignals, kFixed };

}  // namespace

Result<std::unique_ptr<ControlServer>> ControlServer::Open(const std::string& path,
                                                           env::Clock& clock) {
  BEACH_TRY_ASSIGN(OwnedFd listener, ListenAt(path));
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&ending, signal);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  OwnedFd signals(::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK));
  OwnedFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (signals.get() < 0 || wake.get() < 0) return Fail(ErrnoError(errno, "signalfd", path));
  return std::unique_ptr<ControlServer>(
      new ControlServer(path, std::move(listener), std::move(wake), std::move(signals), clock));
}

ControlServer::ControlServer(std::string path, OwnedFd listener, OwnedFd wake, OwnedFd signals,
                             env::Clock& clock)
    : path_(std::move(path)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      signals_(std::move(signals)),
      clock_(clock) {}

ControlServer::~ControlServer() {
  ::unlink(path_.c_str());
  for (Client& client : clients_) Send(client);
}

void ControlServer::Wake() {
  const std::uint64_t one = 1;
  // It fails only when it is as high as it gets, and then nobody sleeps.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
}

void ControlServer::Stop() {
  stopped_ = true;
  Wake();
}

void ControlServer::Run(Machine& machine) {
  while (!stopped_ && !quit_) {
    std::vector<pollfd> polled = Wishes();
    const int ready = ::poll(polled.data(), polled.size(), PollTimeoutMs());
    if (ready < 0) BEACH_CHECK_EQ(errno, EINTR);
    if (ready < 0) continue;
    if (polled[kSignals].revents != 0) return;
    if (polled[kWakeUp].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof(count));
    }
    std::size_t index = kFixed;
    for (Client& client : clients_) {
      const short events = polled[index++].revents;
      if ((events & POLLOUT) != 0) Send(client);
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) Receive(client);
    }
    AnswerWaits(machine);
    for (Client& client : clients_) AnswerLines(machine, client);
    clients_.remove_if(
        [](const Client& client) { return client.closing && client.output.empty(); });
    if (polled[kListener].revents != 0) Accept();
  }
}

std::vector<pollfd> ControlServer::Wishes() const {
  std::vector<pollfd> polled(kFixed);
  const bool room = clients_.size() < kClientsMax;
  polled[kListener] = {.fd = room ? listener_.get() : -1, .events = POLLIN, .revents = 0};
  polled[kWakeUp] = {.fd = wake_.get(), .events = POLLIN, .revents = 0};
  polled[kSignals] = {.fd = signals_.get(), .events = POLLIN, .revents = 0};
  for (const Client& client : clients_) {
    // One that does not take its answers is asked for no more.
    const short events = client.output.empty() ? POLLIN : POLLOUT;
    polled.push_back({.fd = client.socket.get(), .events = events, .revents = 0});
  }
  return polled;
}

int ControlServer::PollTimeoutMs() const {
  std::uint64_t nearest = ~std::uint64_t{0};
  for (const Client& client : clients_) {
    if (client.waits) nearest = std::min(nearest, client.deadline_ns);
  }
  if (nearest == ~std::uint64_t{0}) return -1;
  const std::uint64_t now = clock_.MonotonicNow();
  if (nearest <= now) return 0;
  return static_cast<int>((nearest - now) / kMillisecond + 1);  // at most kControlWaitMsMax
}

void ControlServer::Accept() {
  OwnedFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.get() < 0) return;  // it is gone already
  clients_.emplace_back().socket = std::move(socket);
}

void ControlServer::Receive(Client& client) {
  const std::size_t before = client.input.size();
  client.input.resize(before + kReceiveSize);
  const ssize_t got = ::recv(client.socket.get(), client.input.data() + before, kReceiveSize, 0);
  client.input.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const bool nothing_yet = got < 0 && (errno == EAGAIN || errno == EINTR);
  if (got > 0 || nothing_yet) return;
  client.closing = true;
  client.waits = false;
  if (got < 0) client.output.clear();  // nobody takes it
}

void ControlServer::Send(Client& client) {
  const ssize_t sent = ::send(client.socket.get(), client.output.data(), client.output.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    client.output.erase(0, static_cast<std::size_t>(sent));
  } else if (errno != EAGAIN && errno != EINTR) {
    client.closing = true;
    client.output.clear();
  }
}

// In their order: behind one that waits, none is answered.
void ControlServer::AnswerLines(Machine& machine, Client& client) {
  while (!client.waits) {
    const std::size_t end = client.input.find('\n');
    if (end == std::string::npos || end > kControlLineMax) break;
    const std::uint64_t cuts_before = machine.cuts();
    const ControlReply reply =
        AnswerControl(machine, std::string_view(client.input).substr(0, end));
    client.input.erase(0, end + 1);
    quit_ = quit_ || reply.quit;
    if (reply.wait_ms) {
      client.waits = true;
      client.cuts_before = cuts_before;
      client.deadline_ns = clock_.MonotonicNow() + *reply.wait_ms * kMillisecond;
    } else {
      client.output += reply.line + "\n";
    }
  }
  if (client.input.size() > kControlLineMax) {
    client.output += ErrorReply("a line has at most 1 MiB") + "\n";
    client.input.clear();
    client.waits = false;
    client.closing = true;
  }
  if (!client.output.empty() && !quit_) Send(client);
}

void ControlServer::AnswerWaits(Machine& machine) {
  const std::uint64_t cuts = machine.cuts();
  const std::uint64_t now = clock_.MonotonicNow();
  for (Client& client : clients_) {
    const bool lost = cuts != client.cuts_before;  // power may be back already
    if (!client.waits || (!lost && now < client.deadline_ns)) continue;
    client.waits = false;
    client.output += WaitReply(lost) + "\n";
  }
}

}  // namespace beach::crash
