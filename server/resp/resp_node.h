// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

#include "env/clock.h"
#include "env/loop.h"
#include "raft/node/replica.h"
#include "server/resp/client_id.h"
#include "server/resp/request_reader.h"
#include "server/resp/resp_port.h"
#include "server/resp/scan_cursors.h"
#include "server/service/store.h"

namespace beach::server {

// A command that took long, as SLOWLOG tells it: words and their lengths are cut.
struct SlowCommand {
  std::uint64_t id = 0;
  std::uint64_t at_s = 0;  // since 1970
  std::uint64_t took_us = 0;
  RespRequest words;
  std::string peer;
  Bytes client_name;
};
inline constexpr std::size_t kSlowCommandsMax = 128;

// What the clients of a port share. Whoever is called back later holds it weakly, and finds his
// client by number.
struct RespNode {
  RespNode(env::Loop& loop_of, env::Clock& clock_of, const RespOptions& with,
           raft::Replica& replica_of, Store& store_of);
  RespNode(const RespNode&) = delete;
  RespNode& operator=(const RespNode&) = delete;
  ~RespNode();

  // Null: it is gone.
  RespClient* Find(RespClientId id) const;
  // It goes, once what runs now is over.
  void DropLater(RespClientId id);
  void AddSlow(SlowCommand command);
  std::uint64_t wall_ms() { return clock.WallNow() / 1'000'000; }

  env::Loop& loop;
  env::Clock& clock;
  const RespOptions options;
  raft::Replica& replica;
  Store& store;
  const std::uint64_t began_ns;
  std::weak_ptr<RespNode> self;
  std::map<RespClientId, std::unique_ptr<RespClient>> clients;
  ScanCursors cursors{1024, std::size_t{8} << 20};
  std::deque<SlowCommand> slow;  // the newest first
  std::uint64_t last_slow = 0;
  std::uint64_t clients_seen = 0;
  std::uint64_t clients_turned_away = 0;
  std::uint64_t commands_seen = 0;
};

}  // namespace beach::server
