// SPDX-License-Identifier: Apache-2.0
#include "crash/worker/worker.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "crash/protocol/line_reader.h"
#include "crash/worker/session.h"
#include "env/os/os_env.h"
#include "env/threads.h"

namespace beach::crash {
namespace {

// Lines from several threads to one descriptor.
class Mouth {
 public:
  explicit Mouth(int output) : output_(output) {}

  void Say(std::string line) {
    line.push_back('\n');
    const env::MutexLock lock(mutex_);
    for (std::size_t done = 0; done < line.size();) {
      const ssize_t written = ::write(output_, line.data() + done, line.size() - done);
      if (written < 0 && errno == EINTR) continue;
      // Nobody listens any more: nothing that happens from here on could be judged.
      if (written < 0) std::_Exit(3);
      done += static_cast<std::size_t>(written);
    }
  }

 private:
  const int output_;
  env::Mutex mutex_;
};

// A thread per client, and its commands.
class Clients {
 public:
  explicit Clients(Session& session) : session_(session) {}
  ~Clients() {
    {
      const env::MutexLock lock(mutex_);
      over_ = true;
    }
    changed_.NotifyAll();
    for (auto& [number, client] : clients_) client->thread.Join();
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  void Add(std::uint64_t number, Json command) {
    std::unique_ptr<Client>& client = clients_[number];
    if (client == nullptr) {
      client = std::make_unique<Client>();
      const std::string name = "client" + std::to_string(number);
      client->thread = env::Thread(name.c_str(), [this, mine = client.get()] { Serve(*mine); });
    }
    {
      const env::MutexLock lock(mutex_);
      client->commands.push_back(std::move(command));
      ++unanswered_;
    }
    changed_.NotifyAll();
  }

  void AwaitIdle() {
    const env::MutexLock lock(mutex_);
    while (unanswered_ > 0) changed_.Wait(mutex_);
  }

 private:
  struct Client {
    std::deque<Json> commands;  // under mutex_
    env::Thread thread;
  };

  void Serve(Client& client) {
    const env::MutexLock lock(mutex_);
    for (;;) {
      while (client.commands.empty() && !over_) changed_.Wait(mutex_);
      if (client.commands.empty()) return;
      const Json command = std::move(client.commands.front());
      client.commands.pop_front();
      {
        const env::MutexUnlock unlock(mutex_);
        session_.Run(command);
      }
      --unanswered_;
      changed_.NotifyAll();
    }
  }

  Session& session_;
  std::map<std::uint64_t, std::unique_ptr<Client>> clients_;  // of the reading thread
  env::Mutex mutex_;
  env::CondVar changed_;
  std::uint64_t unanswered_ = 0;  // under mutex_
  bool over_ = false;             // under mutex_
};

}  // namespace

int RunWorker(int input, int output) {
  Mouth mouth(output);
  const env::OsEnv os;
  Session session(os.env(), [&mouth](const std::string& line) { mouth.Say(line); });
  const auto refuse = [&mouth](const Error& error) {
    mouth.Say(Json{{"ok", false}, {"error", ToJson(error)}}.dump());
  };
  LineReader lines(input);
  {
    Clients clients(session);
    for (;;) {
      const Result<std::optional<std::string>> line = lines.Next();
      if (!line) {
        refuse(line.error());
        return 3;
      }
      if (!*line) break;
      const Result<Json> command = ParseLine(**line);
      const Result<std::uint64_t> client =
          command ? NumberAt(*command, "client", 0) : Fail(command.error());
      if (!client) {
        refuse(client.error());
      } else if (*client >= kClientsMax) {
        refuse(Error(ErrorCode::kInvalidArgument, "\"client\" is above 63"));
      } else if (Session::ExcludesOthers(*command)) {
        clients.AwaitIdle();
        session.Run(*command);
      } else {
        clients.Add(*client, *command);
      }
    }
    clients.AwaitIdle();
  }
  const Status closed = session.Close();
  if (closed) return 0;
  std::fprintf(stderr, "closing the database: %s\n", closed.error().ToString().c_str());
  return 1;
}

}  // namespace beach::crash
