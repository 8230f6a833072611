// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "env/clock.h"
#include "env/loop.h"
#include "server/http/http_message.h"
#include "server/http/node_facts.h"

namespace beach::server {

struct HttpOptions {
  std::uint64_t clients_max = 256;  // beyond it whoever connects is let go at once
  // Who for so long neither ends a request nor takes what was answered is cut off.
  std::uint64_t idle_max_ns = 60'000'000'000;
};

// What the port itself has done.
struct HttpCounts {
  std::uint64_t clients = 0;
  std::uint64_t clients_turned_away = 0;
  std::uint64_t clients_cut_off = 0;  // for idleness, or for not reading
  std::uint64_t answers = 0;          // refusals not counted
  std::uint64_t refusals = 0;
};

// A port for people, their browsers and their monitoring: docs/metrics.md lists what it serves. It
// reads only. Requests of one connection are answered in their order.
//
// Of one loop, and on its thread.
class HttpPort {
 public:
  // Called for each request that needs them; must not block.
  using Gather = std::function<NodeFacts()>;

  // kInvalidArgument, kIo: as of Loop::Listen.
  static Result<std::unique_ptr<HttpPort>> Open(env::Loop& loop, env::Clock& clock,
                                                const std::string& address,
                                                const HttpOptions& options, Gather gather);
  HttpPort(const HttpPort&) = delete;
  HttpPort& operator=(const HttpPort&) = delete;
  ~HttpPort();

  const std::string& address() const;  // a port of 0 is resolved
  HttpCounts counts() const;

 private:
  struct Shared;

  explicit HttpPort(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  std::shared_ptr<Shared> shared_;  // what is called back later has it weakly
  std::unique_ptr<env::Listener> listener_;
};

}  // namespace beach::server
