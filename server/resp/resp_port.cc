// SPDX-License-Identifier: Apache-2.0
#include "server/resp/resp_port.h"

#include <algorithm>
#include <utility>

#include "server/resp/resp_client.h"
#include "server/resp/resp_node.h"

namespace beach::server {
namespace {

// Words of a slow command, and bytes of a word, that are kept.
constexpr std::size_t kWordsMax = 32;
constexpr std::size_t kWordSizeMax = 128;
// A run's replies, and what a client has not read yet before it: RespClient waits at much less.
constexpr std::uint64_t kSendQueueMax = std::uint64_t{192} << 20;
constexpr std::uint64_t kSendQueueLow = std::uint64_t{64} << 10;

}  // namespace

RespNode::RespNode(env::Loop& loop_of, env::Clock& clock_of, const RespOptions& with,
                   raft::Replica& replica_of, Store& store_of)
    : loop(loop_of),
      clock(clock_of),
      options(with),
      replica(replica_of),
      store(store_of),
      began_ns(clock_of.MonotonicNow()) {}

RespNode::~RespNode() = default;

RespClient* RespNode::Find(RespClientId id) const {
  const auto found = clients.find(id);
  return found == clients.end() ? nullptr : found->second.get();
}

void RespNode::DropLater(RespClientId id) {
  loop.At(clock.MonotonicNow(), [weak = self, id] {
    const std::shared_ptr<RespNode> node = weak.lock();
    if (node != nullptr) node->clients.erase(id);
  });
}

void RespNode::AddSlow(SlowCommand command) {
  command.id = last_slow++;
  if (command.words.size() > kWordsMax) command.words.resize(kWordsMax);
  // A copy, so that what is cut off is not kept.
  for (Bytes& word : command.words) word = word.substr(0, kWordSizeMax);
  slow.push_front(std::move(command));
  if (slow.size() > kSlowCommandsMax) slow.pop_back();
}

RespPort::RespPort(env::Loop& loop, env::Clock& clock, const RespOptions& options,
                   raft::Replica& replica, Store& store)
    : node_(std::make_shared<RespNode>(loop, clock, options, replica, store)) {
  node_->self = node_;
}

RespPort::~RespPort() {
  listener_.reset();
  node_->clients.clear();
}

Result<std::unique_ptr<RespPort>> RespPort::Open(env::Loop& loop, env::Clock& clock,
                                                 const std::string& address,
                                                 const RespOptions& options, raft::Replica& replica,
                                                 Store& store) {
  std::unique_ptr<RespPort> port(new RespPort(loop, clock, options, replica, store));
  env::ConnectionOptions connections;
  connections.send_queue_max_bytes = kSendQueueMax;
  connections.send_queue_low_bytes = kSendQueueLow;
  BEACH_TRY_ASSIGN(port->listener_,
                   loop.Listen(address, connections,
                               [port = port.get()](std::unique_ptr<env::Connection> connection) {
                                 return port->Accept(std::move(connection));
                               }));
  return port;
}

const std::string& RespPort::address() const { return listener_->address(); }
std::size_t RespPort::clients() const { return node_->clients.size(); }

bool RespPort::busy() const {
  return std::ranges::any_of(node_->clients, [](const auto& one) { return one.second->running(); });
}

env::Connection::Callbacks RespPort::Accept(std::unique_ptr<env::Connection> connection) {
  ++node_->clients_seen;
  if (clients() >= node_->options.clients_max) {
    ++node_->clients_turned_away;
    static_cast<void>(connection->Send("-ERR max number of clients reached\r\n"));
    return {};
  }
  last_client_ = last_client_.Next();
  auto client = std::make_unique<RespClient>(*node_, last_client_, std::move(connection));
  env::Connection::Callbacks callbacks = client->connection_callbacks();
  node_->clients[last_client_] = std::move(client);
  return callbacks;
}

}  // namespace beach::server
