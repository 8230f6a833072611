// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "env/virtual_os.h"
#include "sim/network/virtual_network.h"

// Sending, what is under way, what arrives, reading.

namespace beach::sim {
namespace {

constexpr Site kArrives = "net.arrives";
constexpr Site kStalls = "net.stalls";
constexpr Site kGivesUp = "net.gives_up";
constexpr std::size_t kWaitingMax = 128;  // not yet accepted, of a listener

}  // namespace

void VirtualNetwork::Plan(EventKind kind, std::uint64_t due_ns, std::uint64_t id,
                          std::uint64_t detail) {
  events_.push(Event{due_ns, ++planned_, kind, id, detail});
  due_ = events_.top().due_ns;
}

void VirtualNetwork::Dispatch(Socket& sender, Packet::Kind kind, std::string bytes,
                              std::uint64_t travel_ns) {
  BEACH_CHECK_NE(sender.peer.value, 0U);
  Socket& receiver = SocketOf(sender.peer);
  Pipe& pipe = receiver.in;
  const std::uint64_t now = surroundings_.Now();
  std::uint64_t leaves = now;
  Link& link = LinkOf(sender.host, sender.other);
  if (link.bytes_per_ms != 0) {
    leaves = std::max(now, link.busy_until_ns);
    leaves += bytes.size() * 1'000'000 / link.bytes_per_ms;
    link.busy_until_ns = leaves;
  }
  const std::uint64_t due = std::max(leaves + travel_ns, pipe.last_due_ns);
  pipe.last_due_ns = due;
  pipe.bytes_under_way += bytes.size();
  pipe.packets.push_back({kind, due, std::move(bytes)});
  Plan(EventKind::kPackets, due, receiver.id.value);
}

void VirtualNetwork::DispatchAnswer(Socket& sender, Packet::Kind kind) {
  if (sender.peer.value == 0) return;
  Dispatch(sender, kind, {}, LinkOf(sender.host, sender.other).low_ns);
}

std::uint64_t VirtualNetwork::Send(SocketId id, ByteView bytes) {
  Socket& sender = SocketOf(id);
  BEACH_CHECK(!sender.gone);
  if (sender.peer.value == 0 || sender.ended || sender.breakage != Breakage::kNone) return 0;
  const Pipe& pipe = SocketOf(sender.peer).in;
  const std::uint64_t used = pipe.bytes_under_way + pipe.bytes_arrived;
  const std::uint64_t room = sender.window_bytes - std::min(sender.window_bytes, used);
  const std::size_t taken = std::min<std::size_t>(bytes.size(), room);
  if (taken < bytes.size()) sender.wants_room = true;
  if (taken == 0) return 0;
  std::string data(bytes.substr(0, taken));
  const std::uint64_t late = FaultsOfSend(sender, data);
  const std::uint64_t travel = DrawLatency(sender.host, sender.other) + late;
  const std::size_t first = DrawPiece("net.split", data.size());
  const bool broken = sender.breakage != Breakage::kNone;
  if (first < data.size()) {
    std::string rest = data.substr(first);
    data.resize(first);
    Dispatch(sender, Packet::Kind::kData, std::move(data), travel);
    const std::uint64_t later = DrawLatency(sender.host, sender.other);
    Dispatch(sender, Packet::Kind::kData, std::move(rest), travel + later);
  } else if (!data.empty()) {
    Dispatch(sender, Packet::Kind::kData, std::move(data), travel);
  }
  if (broken) DispatchAnswer(sender, Packet::Kind::kReset);
  return taken;
}

Received VirtualNetwork::Receive(SocketId id, char* target, std::size_t length) {
  Socket& receiver = SocketOf(id);
  BEACH_CHECK(!receiver.gone);
  Pipe& pipe = receiver.in;
  const std::size_t there = std::min<std::size_t>(length, pipe.bytes_arrived);
  const std::size_t wanted = there == 0 ? 0 : DrawPiece("net.read", there);
  Received received;
  while (received.bytes < wanted) {
    const std::string& front = pipe.arrived.front();
    const std::size_t piece = std::min(wanted - received.bytes, front.size() - pipe.front_taken);
    std::memcpy(target + received.bytes, front.data() + pipe.front_taken, piece);
    received.bytes += piece;
    pipe.front_taken += piece;
    if (pipe.front_taken < front.size()) continue;
    pipe.arrived.pop_front();
    pipe.front_taken = 0;
  }
  pipe.bytes_arrived -= received.bytes;
  received.end = pipe.bytes_arrived == 0 && pipe.end_arrived;
  if (received.bytes > 0 && WantsRoom(receiver)) {
    TellRoom(receiver, DrawLatency(receiver.host, receiver.other));
  }
  return received;
}

// Whether the sender waits to hear that there is room again, and there is enough.
bool VirtualNetwork::WantsRoom(const Socket& receiver) const {
  if (receiver.peer.value == 0) return false;
  const Socket& sender = SocketOf(receiver.peer);
  const std::uint64_t used = receiver.in.bytes_under_way + receiver.in.bytes_arrived;
  return sender.wants_room && !sender.gone && used <= sender.window_bytes / 2;
}

void VirtualNetwork::TellRoom(const Socket& receiver, std::uint64_t travel_ns) {
  SocketOf(receiver.peer).wants_room = false;
  Plan(EventKind::kRoom, surroundings_.Now() + travel_ns, receiver.peer.value);
}

// By the kernel of its host, who draws nothing.
void VirtualNetwork::ThrowAway(Socket& receiver) {
  receiver.in.arrived.clear();
  receiver.in.front_taken = 0;
  receiver.in.bytes_arrived = 0;
  if (WantsRoom(receiver)) TellRoom(receiver, LinkOf(receiver.host, receiver.other).low_ns);
}

bool VirtualNetwork::HasMore(SocketId id) const {
  const Pipe& pipe = SocketOf(id).in;
  return pipe.bytes_arrived > 0 || pipe.end_arrived;
}

void VirtualNetwork::Advance(std::uint64_t now_ns) {
  while (!events_.empty() && events_.top().due_ns <= now_ns) {
    const Event event = events_.top();
    events_.pop();
    switch (event.kind) {
      case EventKind::kPackets: PacketsArrive(SocketOf(SocketId(event.id))); break;
      case EventKind::kResume: {
        Socket& receiver = SocketOf(SocketId(event.id));
        if (!receiver.in.stalled || !Passes(receiver.other, receiver.host)) break;
        receiver.in.stalled = false;
        ++receiver.in.stalls;
        PacketsArrive(receiver);
        break;
      }
      case EventKind::kSyn: SynArrives(SocketOf(SocketId(event.id))); break;
      case EventKind::kRoom: {
        Socket& sender = SocketOf(SocketId(event.id));
        if (sender.gone || sender.breakage != Breakage::kNone) break;
        sender.room_stalled = !Passes(sender.other, sender.host);
        if (!sender.room_stalled) Ready(sender, Readiness::kWritable);
        break;
      }
      case EventKind::kGiveUp: GiveUp(SocketOf(SocketId(event.id)), event.detail); break;
      case EventKind::kWake: {
        const Poller& poller = PollerOf(PollerId(event.id));
        if (!poller.closed) surroundings_.Wake(poller.process, poller.key);
        break;
      }
    }
  }
  due_ = events_.empty() ? env::kNoDeadline : events_.top().due_ns;
}

bool VirtualNetwork::Passes(HostId from, HostId to) const {
  return !LinkOf(from, to).cut && hosts_[to.value - 1].up;
}

void VirtualNetwork::SynArrives(Socket& client) {
  if (client.gone || client.breakage != Breakage::kNone || client.peer.value != 0) return;
  client.syn_stalled = !Passes(client.host, client.other);
  if (client.syn_stalled) return;
  surroundings_.Tell(kArrives, client.id.value);
  Listener* const listener = FindListener(client.other, client.peer_port);
  if (listener != nullptr && listener->waiting.size() == kWaitingMax) return;  // not answered
  sockets_.push_back(std::make_unique<Socket>());
  Socket& server = *sockets_.back();
  server.id = SocketId(sockets_.size());
  server.peer = client.id;
  server.host = client.other;
  server.other = client.host;
  server.own_port = client.peer_port;
  server.peer_port = client.own_port;
  server.window_bytes = client.window_bytes;
  server.patience_ns = client.patience_ns;
  server.peer_address = hosts_[client.host.value - 1].name + ":" + std::to_string(client.own_port);
  client.peer = server.id;
  if (listener == nullptr) {
    server.gone = true;
    return Dispatch(server, Packet::Kind::kRefused, {}, client.answer_ns);
  }
  server.process = listener->process;
  Dispatch(server, Packet::Kind::kOpened, {}, client.answer_ns);
  listener->waiting.push_back(server.id);
  if (std::exchange(listener->queued, true)) return;
  Poller& poller = PollerOf(listener->poller);
  poller.connecting.push_back(listener->id);
  surroundings_.Wake(poller.process, poller.key);
}

void VirtualNetwork::PacketsArrive(Socket& receiver) {
  Pipe& pipe = receiver.in;
  const std::uint64_t now = surroundings_.Now();
  while (!pipe.stalled && !pipe.packets.empty() && pipe.packets.front().due_ns <= now) {
    const bool passes = !pipe.swallows && Passes(receiver.other, receiver.host);
    if (!passes && pipe.packets.front().kind != Packet::Kind::kReset) return Stall(receiver);
    Packet packet = std::move(pipe.packets.front());
    pipe.packets.pop_front();
    pipe.bytes_under_way -= packet.bytes.size();
    if (passes) Arrive(receiver, packet);  // else: nobody sends a reset twice
  }
}

void VirtualNetwork::Arrive(Socket& receiver, Packet& packet) {
  surroundings_.Tell(kArrives, receiver.id.value);
  if (receiver.gone && packet.kind != Packet::Kind::kReset) {
    const bool answers = packet.kind == Packet::Kind::kData || packet.kind == Packet::Kind::kOpened;
    if (answers) AnswerReset(receiver);
    return;
  }
  if (receiver.gone || receiver.breakage != Breakage::kNone) return;
  switch (packet.kind) {
    case Packet::Kind::kData:
      if (receiver.drains) return ThrowAway(receiver);
      receiver.in.bytes_arrived += packet.bytes.size();
      receiver.in.arrived.push_back(std::move(packet.bytes));
      return Ready(receiver, Readiness::kReadable);
    case Packet::Kind::kEnd:
      receiver.in.end_arrived = true;
      return Ready(receiver, Readiness::kReadable);
    case Packet::Kind::kOpened: return Ready(receiver, Readiness::kOpen);
    case Packet::Kind::kReset: return Break(receiver, Breakage::kReset);
    case Packet::Kind::kRefused: return Break(receiver, Breakage::kRefused);
  }
}

void VirtualNetwork::AnswerReset(Socket& receiver) {
  if (std::exchange(receiver.answered, true)) return;
  DispatchAnswer(receiver, Packet::Kind::kReset);
}

void VirtualNetwork::Stall(Socket& receiver) {
  surroundings_.Tell(kStalls, receiver.id.value);
  receiver.in.stalled = true;
  const std::uint64_t stall = ++receiver.in.stalls;
  const Socket& sender = SocketOf(receiver.peer);
  Plan(EventKind::kGiveUp, surroundings_.Now() + sender.patience_ns, sender.id.value, stall);
}

void VirtualNetwork::GiveUp(Socket& sender, std::uint64_t stall) {
  if (sender.peer.value == 0) {
    if (!sender.gone) surroundings_.Tell(kGivesUp, sender.id.value);
    return Break(sender, Breakage::kTimedOut);
  }
  Pipe& out = SocketOf(sender.peer).in;
  if (stall == 0 || !out.stalled || out.stalls != stall) return;  // somebody has answered
  surroundings_.Tell(kGivesUp, sender.id.value);
  out.packets.clear();
  out.bytes_under_way = 0;
  out.swallows = true;
  Break(sender, Breakage::kTimedOut);
}

void VirtualNetwork::ResumeAll(HostId from, HostId to) {
  if (!Passes(from, to)) return;
  const std::uint64_t now = surroundings_.Now();
  for (const std::unique_ptr<Socket>& socket : sockets_) {
    const bool arrives_here = socket->host == to && socket->other == from;
    if (arrives_here && socket->in.stalled && !socket->in.swallows) {
      Plan(EventKind::kResume, now + DrawRetry(), socket->id.value);
    }
    const bool opens = socket->host == from && socket->other == to;
    if (opens && socket->syn_stalled && !socket->gone) {
      Plan(EventKind::kSyn, now + DrawRetry(), socket->id.value);
    }
    if (arrives_here && socket->room_stalled) {
      Plan(EventKind::kRoom, now + DrawRetry(), socket->id.value);
    }
  }
}

void VirtualNetwork::Cut(HostId from, HostId to) {
  BEACH_CHECK(from != to);
  if (!std::exchange(LinkOf(from, to).cut, true)) surroundings_.ShowWay("net.cut", from, to);
}

void VirtualNetwork::Heal(HostId from, HostId to) {
  if (!std::exchange(LinkOf(from, to).cut, false)) return;
  surroundings_.ShowWay("net.whole", from, to);
  ResumeAll(from, to);
}

void VirtualNetwork::HealAll() {
  for (std::uint32_t from = 1; from <= hosts_.size(); ++from) {
    for (std::uint32_t to = 1; to <= hosts_.size(); ++to) Heal(HostId(from), HostId(to));
  }
}

bool VirtualNetwork::IsCut(HostId from, HostId to) const { return LinkOf(from, to).cut; }

void VirtualNetwork::SetLatency(HostId from, HostId to, std::uint64_t low_ns,
                                std::uint64_t high_ns) {
  BEACH_CHECK_LE(low_ns, high_ns);
  BEACH_CHECK(from != to);
  LinkOf(from, to).low_ns = low_ns;
  LinkOf(from, to).high_ns = high_ns;
}

void VirtualNetwork::SetBandwidth(HostId from, HostId to, std::uint64_t bytes_per_ms) {
  BEACH_CHECK(from != to);
  LinkOf(from, to).bytes_per_ms = bytes_per_ms;
}

}  // namespace beach::sim
