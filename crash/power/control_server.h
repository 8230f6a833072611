// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "crash/power/machine.h"
#include "crash/power/unix_socket.h"
#include "env/clock.h"

namespace beach::crash {

// Serves the control protocol to up to 64 clients at once, in one thread: whoever calls Run. Ends
// upon `quit`, a signal that asks this process to end, or Stop. When it is destroyed, the name of
// the socket goes, and then whoever said `quit` is answered: what was to end before it has ended.
class ControlServer {
 public:
  // Listens, and from then on keeps SIGTERM, SIGINT and SIGHUP of this thread, and of all that it
  // starts later, for Run. Neither of the two is owned. Errors are those of ListenAt.
  static Result<std::unique_ptr<ControlServer>> Open(const std::string& path, env::Clock& clock);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  // Returns when there is no more to serve.
  void Run(Machine& machine);

  // By any thread, at any time: power has come or gone.
  void Wake();
  // The same: Run is to end.
  void Stop();

 private:
  struct Client {
    OwnedFd socket;
    std::string input;   // not answered yet
    std::string output;  // not sent yet
    bool waits = false;  // for the loss of power, at most until the deadline
    std::uint64_t deadline_ns = 0;
    std::uint64_t cuts_before = 0;  // when it began to wait
    bool closing = false;           // once all is sent
  };

  ControlServer(std::string path, OwnedFd listener, OwnedFd wake, OwnedFd signals,
                env::Clock& clock);
  int PollTimeoutMs() const;
  // Of the clients, in their order; the events that each waits for.
  std::vector<pollfd> Wishes() const;
  void Accept();
  void Receive(Client& client);
  void Send(Client& client);
  void AnswerLines(Machine& machine, Client& client);
  void AnswerWaits(Machine& machine);

  const std::string path_;
  const OwnedFd listener_;
  const OwnedFd wake_;
  const OwnedFd signals_;
  env::Clock& clock_;
  std::list<Client> clients_;
  bool quit_ = false;
  std::atomic<bool> stopped_{false};
};

}  // namespace beach::crash
