// SPDX-License-Identifier: Apache-2.0
#include "sim/network/virtual_network.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/virtual_os.h"

namespace beach::sim {
namespace {

constexpr std::uint64_t kLatencyLowNs = 50'000;
constexpr std::uint64_t kLatencyHighNs = 500'000;
constexpr std::uint64_t kLoopbackLowNs = 5'000;
constexpr std::uint64_t kLoopbackHighNs = 40'000;
constexpr std::uint16_t kFirstPort = 32'768;  // of those that are given to who asks for any

}  // namespace

const char* BreakageName(Breakage breakage) {
  switch (breakage) {
    case Breakage::kNone: return "fine";
    case Breakage::kReset: return "connection reset by peer";
    case Breakage::kRefused: return "connection refused";
    case Breakage::kTimedOut: return "connection timed out";
    case Breakage::kNoDescriptor: return "too many open files";
    case Breakage::kUnknown: return "unknown host, or no address";
  }
  return "?";
}

void VirtualNetwork::AddHost(HostId id, const std::string& name) {
  BEACH_CHECK_EQ(id.value, hosts_.size() + 1);
  const std::size_t before = hosts_.size();
  hosts_.push_back({.name = name, .last_port = kFirstPort - 1});
  std::vector<Link> links(hosts_.size() * hosts_.size());
  for (std::size_t from = 0; from < hosts_.size(); ++from) {
    for (std::size_t to = 0; to < hosts_.size(); ++to) {
      Link& link = links[from * hosts_.size() + to];
      link.low_ns = from == to ? kLoopbackLowNs : kLatencyLowNs;
      link.high_ns = from == to ? kLoopbackHighNs : kLatencyHighNs;
      if (from < before && to < before) link = links_[from * before + to];
    }
  }
  links_ = std::move(links);
}

Socket& VirtualNetwork::SocketOf(SocketId id) {
  BEACH_CHECK_LT(id.value - 1, sockets_.size());
  return *sockets_[id.value - 1];
}

const Socket& VirtualNetwork::SocketOf(SocketId id) const {
  BEACH_CHECK_LT(id.value - 1, sockets_.size());
  return *sockets_[id.value - 1];
}

VirtualNetwork::Listener& VirtualNetwork::ListenerOf(ListenerId id) {
  BEACH_CHECK_LT(id.value - 1, listeners_.size());
  return *listeners_[id.value - 1];
}

VirtualNetwork::Poller& VirtualNetwork::PollerOf(PollerId id) {
  BEACH_CHECK_LT(id.value - 1, pollers_.size());
  return *pollers_[id.value - 1];
}

VirtualNetwork::Link& VirtualNetwork::LinkOf(HostId from, HostId to) {
  return links_[(from.value - 1) * hosts_.size() + to.value - 1];
}

const VirtualNetwork::Link& VirtualNetwork::LinkOf(HostId from, HostId to) const {
  return links_[(from.value - 1) * hosts_.size() + to.value - 1];
}

PollerId VirtualNetwork::OpenPoller(HostId host, ProcessId process, const void* key) {
  pollers_.push_back(std::make_unique<Poller>());
  Poller& poller = *pollers_.back();
  poller.host = host;
  poller.process = process;
  poller.key = key;
  return PollerId(pollers_.size());
}

void VirtualNetwork::ClosePoller(PollerId id) { PollerOf(id).closed = true; }

void VirtualNetwork::ForgetReady(PollerId id) {
  Poller& poller = PollerOf(id);
  for (const SocketId socket : poller.ready) SocketOf(socket).queued = false;
  for (const ListenerId listener : poller.connecting) ListenerOf(listener).queued = false;
  poller.ready.clear();
  poller.connecting.clear();
}

void VirtualNetwork::WakeAt(PollerId poller, std::uint64_t due_ns) {
  Plan(EventKind::kWake, due_ns, poller.value);
}

void VirtualNetwork::Ready(Socket& socket, Readiness what) {
  if (socket.gone || socket.finished) return;
  socket.ready = socket.ready | what;
  if (socket.poller.value == 0 || socket.queued) return;  // nobody has accepted it; or is told
  Poller& poller = PollerOf(socket.poller);
  if (poller.closed) return;
  socket.queued = true;
  poller.ready.push_back(socket.id);
  surroundings_.Wake(poller.process, poller.key);
}

VirtualNetwork::Listener* VirtualNetwork::FindListener(HostId host, std::uint16_t port) {
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (!listener->closed && listener->host == host && listener->port == port) {
      return listener.get();
    }
  }
  return nullptr;
}

std::uint16_t VirtualNetwork::FreePort(HostId host) {
  std::uint16_t& last = hosts_[host.value - 1].last_port;
  do {
    last = last == 65'535 ? kFirstPort : static_cast<std::uint16_t>(last + 1);
  } while (FindListener(host, last) != nullptr);
  return last;
}

int VirtualNetwork::Listen(PollerId poller, const Address& address, ListenerId& listener,
                           std::uint16_t& port) {
  const HostId host = PollerOf(poller).host;
  if (!IsAddressOf(address, hosts_[host.value - 1].name)) return -EADDRNOTAVAIL;
  if (address.port != 0 && FindListener(host, address.port) != nullptr) return -EADDRINUSE;
  listeners_.push_back(std::make_unique<Listener>());
  Listener& made = *listeners_.back();
  made.id = ListenerId(listeners_.size());
  made.host = host;
  made.process = PollerOf(poller).process;
  made.poller = poller;
  made.port = address.port != 0 ? address.port : FreePort(host);
  listener = made.id;
  port = made.port;
  return 0;
}

void VirtualNetwork::CloseListener(ListenerId id) {
  Listener& listener = ListenerOf(id);
  if (std::exchange(listener.closed, true)) return;
  for (const SocketId waiting : listener.waiting) {
    Socket& socket = SocketOf(waiting);
    if (socket.gone) continue;
    DispatchAnswer(socket, Packet::Kind::kReset);
    LetGo(socket);
  }
  listener.waiting.clear();
}

SocketId VirtualNetwork::Accept(ListenerId id, PollerId poller) {
  Listener& listener = ListenerOf(id);
  if (listener.waiting.empty()) return {};
  Socket& socket = SocketOf(listener.waiting.front());
  listener.waiting.pop_front();
  socket.poller = poller;
  if (socket.ready != Readiness::kNone) Ready(socket, socket.ready);
  return socket.id;
}

Socket& VirtualNetwork::NewSocket(PollerId poller, HostId other) {
  sockets_.push_back(std::make_unique<Socket>());
  Socket& socket = *sockets_.back();
  socket.id = SocketId(sockets_.size());
  socket.poller = poller;
  socket.host = PollerOf(poller).host;
  socket.process = PollerOf(poller).process;
  socket.other = other;
  return socket;
}

SocketId VirtualNetwork::ConnectInVain(PollerId poller, Breakage why) {
  Socket& socket = NewSocket(poller, PollerOf(poller).host);
  Break(socket, why);
  return socket.id;
}

SocketId VirtualNetwork::Connect(PollerId poller, const Address& address) {
  const HostId from = PollerOf(poller).host;
  HostId to;
  if (IsAddressOf(address, hosts_[from.value - 1].name)) to = from;
  for (std::uint32_t i = 0; i < hosts_.size() && to.value == 0; ++i) {
    if (hosts_[i].name == address.host) to = HostId(i + 1);
  }
  if (to.value == 0) return ConnectInVain(poller, Breakage::kUnknown);
  Socket& socket = NewSocket(poller, to);
  socket.own_port = FreePort(from);
  socket.peer_port = address.port;
  DrawSocket(socket);
  Plan(EventKind::kGiveUp, surroundings_.Now() + socket.patience_ns, socket.id.value, 0);
  if (FaultsOfConnect(socket)) return socket.id;
  const std::uint64_t travel = DrawLatency(from, to);
  Plan(EventKind::kSyn, surroundings_.Now() + travel, socket.id.value);
  return socket.id;
}

Readiness VirtualNetwork::TakeReadiness(SocketId id) {
  return std::exchange(SocketOf(id).ready, Readiness::kNone);
}

void VirtualNetwork::Break(Socket& socket, Breakage why) {
  if (socket.gone || socket.breakage != Breakage::kNone) return;
  socket.breakage = why;
  Ready(socket, Readiness::kBroken);
}

void VirtualNetwork::Drain(SocketId id) {
  Socket& socket = SocketOf(id);
  socket.drains = true;
  ThrowAway(socket);
}

void VirtualNetwork::Finish(SocketId id) {
  Drain(id);
  Socket& socket = SocketOf(id);
  socket.finished = true;
  if (socket.ended || socket.peer.value == 0 || socket.breakage != Breakage::kNone) return;
  socket.ended = true;
  Dispatch(socket, Packet::Kind::kEnd, {}, DrawLatency(socket.host, socket.other));
}

void VirtualNetwork::Close(SocketId id) {
  Socket& socket = SocketOf(id);
  BEACH_CHECK(!socket.gone);
  LetGo(socket);
}

// As a kernel does: who leaves bytes unread resets the connection, else ends it.
void VirtualNetwork::LetGo(Socket& socket) {
  if (socket.gone || socket.finished) return;
  if (socket.peer.value != 0 && socket.breakage == Breakage::kNone) {
    if (socket.in.bytes_arrived > 0) {
      DispatchAnswer(socket, Packet::Kind::kReset);
    } else if (!socket.ended) {
      DispatchAnswer(socket, Packet::Kind::kEnd);
    }
  }
  socket.gone = true;
  socket.in.arrived.clear();
  socket.in.bytes_arrived = 0;
}

void VirtualNetwork::KillProcess(ProcessId process) {
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (listener->process == process) CloseListener(listener->id);
  }
  for (const std::unique_ptr<Poller>& poller : pollers_) {
    if (poller->process == process) poller->closed = true;
  }
  for (const std::unique_ptr<Socket>& socket : sockets_) {
    if (socket->process == process) LetGo(*socket);
  }
}

void VirtualNetwork::HostDown(HostId host) {
  hosts_[host.value - 1].up = false;
  for (const std::unique_ptr<Listener>& listener : listeners_) {
    if (listener->host != host) continue;
    listener->closed = true;
    listener->waiting.clear();
  }
  for (const std::unique_ptr<Socket>& socket : sockets_) {
    if (socket->host != host || socket->gone) continue;
    socket->gone = true;
    socket->in.arrived.clear();
    socket->in.bytes_arrived = 0;
    if (socket->peer.value == 0) continue;
    // What waits to be sent again waits here. The rest is on its way.
    Pipe& out = SocketOf(socket->peer).in;
    if (out.stalled) out.packets.clear();
  }
}

void VirtualNetwork::HostUp(HostId host) {
  if (std::exchange(hosts_[host.value - 1].up, true)) return;
  for (std::uint32_t from = 1; from <= hosts_.size(); ++from) ResumeAll(HostId(from), host);
}

}  // namespace beach::sim
