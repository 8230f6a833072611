// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/clock.h"
#include "env/loop.h"
#include "raft/node/replica.h"
#include "server/resp/client_id.h"
#include "server/service/authenticator.h"
#include "server/service/slow_log.h"
#include "server/service/store.h"

namespace beach::server {

class RespClient;
struct RespNode;

struct RespOptions {
  std::uint64_t clients_max = 10'000;  // beyond it whoever connects is told so, and let go
  // A client that takes nothing of what it was answered for so long is cut off.
  std::uint64_t drain_max_ns = 30'000'000'000;
  // Slower ones are in SLOWLOG.
  std::uint64_t slow_ns = 10'000'000;
  std::uint64_t count_max = 1'000'000;  // keys that DBSIZE counts
  std::string version = "0";            // of this program, for INFO and HELLO
  // Outlives the port. Null: everybody may do everything.
  Authenticator* authenticator = nullptr;
  SlowLog* slow = nullptr;  // may be null; it says for itself what is slow
};

// A port for clients that speak RESP2 or RESP3, as those of Redis do: docs/resp.md says what they
// get. Commands of one client are answered in their order; those that have come together, and that
// may be, are handed to the replica together.
//
// Of one loop, and on its thread. Replica and store may call back when the port is gone.
class RespPort {
 public:
  // kInvalidArgument, kIo: as of Loop::Listen. Replica and store outlive the port.
  static Result<std::unique_ptr<RespPort>> Open(env::Loop& loop, env::Clock& clock,
                                                const std::string& address,
                                                const RespOptions& options, raft::Replica& replica,
                                                Store& store);
  RespPort(const RespPort&) = delete;
  RespPort& operator=(const RespPort&) = delete;
  ~RespPort();

  const std::string& address() const;  // a port of 0 is resolved
  std::size_t clients() const;
  // Somebody has asked for what the replica or the store has not answered yet.
  bool busy() const;

 private:
  RespPort(env::Loop& loop, env::Clock& clock, const RespOptions& options, raft::Replica& replica,
           Store& store);
  env::Connection::Callbacks Accept(std::unique_ptr<env::Connection> connection);

  std::shared_ptr<RespNode> node_;  // what is called back later has it weakly
  RespClientId last_client_;
  std::unique_ptr<env::Listener> listener_;
};

}  // namespace beach::server
