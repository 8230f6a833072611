// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/site.h"
#include "sim/decisions.h"
#include "sim/ids.h"
#include "sim/network/address.h"
#include "sim/network/links.h"
#include "sim/network/socket.h"

namespace beach::sim {

// What the network needs of the simulation around it.
class NetworkSurroundings {
 public:
  virtual std::uint64_t Now() = 0;  // true virtual time
  // Wakes the thread of the process that is parked on the key, if one is.
  virtual void Wake(ProcessId process, const void* key) = 0;
  // An event of the run, and a line of its trace.
  virtual void Tell(Site what, std::uint64_t number) = 0;
  // For pictures: no part of the run (Simulation::Show).
  virtual void ShowWay(const char* what, HostId from, HostId to) = 0;

 protected:
  ~NetworkSurroundings() = default;
};

struct Received {
  std::size_t bytes = 0;
  bool end = false;  // nothing follows them
};

// The network between the hosts of a run, and in each host what its kernel does of it: sockets with
// byte streams, as TCP gives them. Loss, delay and reordering of packets show as a program sees
// them: late bytes, one connection overtaking the other, connections that break or fall silent.
//
// What is under way arrives when its time has come, whoever runs then. All draws are made in the
// calls of who sends, connects or reads. Nothing here blocks or switches; called with a SystemScope
// open.
//
//   virtual_network.cc          pollers, listeners, connecting and closing, the end of processes
//   virtual_network_traffic.cc  sending, what arrives, reading
//   virtual_network_faults.cc   what goes wrong, and how long things take
class VirtualNetwork final : public Links {
 public:
  VirtualNetwork(Decisions& decisions, NetworkSurroundings& surroundings)
      : decisions_(decisions), surroundings_(surroundings) {}
  VirtualNetwork(const VirtualNetwork&) = delete;
  VirtualNetwork& operator=(const VirtualNetwork&) = delete;

  // In order of their ids.
  void AddHost(HostId id, const std::string& name);
  // It has power again; its kernel answers.
  void HostUp(HostId host);
  // Without a word to anybody, all its connections are gone.
  void HostDown(HostId host);
  // Its kernel closes what was the process's.
  void KillProcess(ProcessId process);

  // Where a loop learns what is ready; `key` is what it parks on.
  PollerId OpenPoller(HostId host, ProcessId process, const void* key);
  void ClosePoller(PollerId poller);
  // What became ready since the last time, each socket once, in the order in which it did.
  const std::vector<SocketId>& ready(PollerId poller) { return PollerOf(poller).ready; }
  const std::vector<ListenerId>& connecting(PollerId poller) { return PollerOf(poller).connecting; }
  void ForgetReady(PollerId poller);
  // Wakes it then.
  void WakeAt(PollerId poller, std::uint64_t due_ns);

  // 0, or -errno. A port of 0 is chosen.
  int Listen(PollerId poller, const Address& address, ListenerId& listener, std::uint16_t& port);
  void CloseListener(ListenerId listener);
  // 0 when nobody waits.
  SocketId Accept(ListenerId listener, PollerId poller);
  bool HasWaiting(ListenerId listener) { return !ListenerOf(listener).waiting.empty(); }

  // What becomes of it is told by its readiness.
  SocketId Connect(PollerId poller, const Address& address);
  // It never was one: no descriptor, or nobody knows the address.
  SocketId ConnectInVain(PollerId poller, Breakage why);
  Readiness TakeReadiness(SocketId socket);
  Breakage BreakageOf(SocketId socket) const { return SocketOf(socket).breakage; }
  const std::string& PeerOf(SocketId socket) const { return SocketOf(socket).peer_address; }
  // How much of it was taken.
  std::uint64_t Send(SocketId socket, ByteView bytes);
  // 0 bytes and no end: there is nothing yet.
  Received Receive(SocketId socket, char* target, std::size_t length);
  bool HasMore(SocketId socket) const;
  // Whatever comes is thrown away from now on.
  void Drain(SocketId socket);
  // The same, and it sends no more.
  void Finish(SocketId socket);
  // The process lets it go. What it has sent is under way.
  void Close(SocketId socket);

  // When something happens next; kNoDeadline (env/virtual_os.h) if nothing will.
  const std::uint64_t& due() const { return due_; }
  // Lets happen what is due by `now_ns`.
  void Advance(std::uint64_t now_ns);

  // Links.
  void Cut(HostId from, HostId to) override;
  void Heal(HostId from, HostId to) override;
  void HealAll() override;
  bool IsCut(HostId from, HostId to) const override;
  void SetLatency(HostId from, HostId to, std::uint64_t low_ns, std::uint64_t high_ns) override;
  void SetBandwidth(HostId from, HostId to, std::uint64_t bytes_per_ms) override;

 private:
  struct HostState {
    std::string name;
    bool up = true;
    std::uint16_t last_port = 0;  // given to who asked for any
  };
  struct Link {
    bool cut = false;
    std::uint64_t low_ns = 0;
    std::uint64_t high_ns = 0;
    std::uint64_t bytes_per_ms = 0;
    std::uint64_t busy_until_ns = 0;
  };
  struct Listener {
    ListenerId id;
    HostId host;
    ProcessId process;
    PollerId poller;
    std::uint16_t port = 0;
    bool closed = false;
    bool queued = false;
    std::deque<SocketId> waiting;
  };
  struct Poller {
    HostId host;
    ProcessId process;
    const void* key = nullptr;
    bool closed = false;
    std::vector<SocketId> ready;
    std::vector<ListenerId> connecting;
  };
  enum class EventKind : std::uint8_t { kPackets, kResume, kSyn, kRoom, kGiveUp, kWake };
  struct Event {
    std::uint64_t due_ns;
    std::uint64_t number;  // equal times: in the order in which they were planned
    EventKind kind;
    std::uint64_t id;      // of a socket, or poller
    std::uint64_t detail;  // kGiveUp: which wait
    bool operator>(const Event& other) const {
      return due_ns != other.due_ns ? due_ns > other.due_ns : number > other.number;
    }
  };

  Socket& SocketOf(SocketId id);
  const Socket& SocketOf(SocketId id) const;
  Listener& ListenerOf(ListenerId id);
  Poller& PollerOf(PollerId id);
  Link& LinkOf(HostId from, HostId to);
  const Link& LinkOf(HostId from, HostId to) const;
  Socket& NewSocket(PollerId poller, HostId other);
  std::uint16_t FreePort(HostId host);
  Listener* FindListener(HostId host, std::uint16_t port);
  void Ready(Socket& socket, Readiness what);
  void Plan(EventKind kind, std::uint64_t due_ns, std::uint64_t id, std::uint64_t detail = 0);

  // Whether a packet from one to the other arrives now.
  bool Passes(HostId from, HostId to) const;
  void SynArrives(Socket& client);
  void PacketsArrive(Socket& receiver);
  void Arrive(Socket& receiver, Packet& packet);
  void AnswerReset(Socket& receiver);
  bool WantsRoom(const Socket& receiver) const;
  void TellRoom(const Socket& receiver, std::uint64_t travel_ns);
  // What has arrived is for nobody.
  void ThrowAway(Socket& receiver);
  void Stall(Socket& receiver);
  void GiveUp(Socket& sender, std::uint64_t stall);
  // The way is whole again for what waits for it.
  void ResumeAll(HostId from, HostId to);
  void Break(Socket& socket, Breakage why);
  // Puts it on its way, on which it is for so long, or until what was sent before has arrived.
  void Dispatch(Socket& sender, Packet::Kind kind, std::string bytes, std::uint64_t travel_ns);
  // The same by the kernel of its host, who draws nothing.
  void DispatchAnswer(Socket& sender, Packet::Kind kind);
  void LetGo(Socket& socket);

  // Draws.
  std::uint64_t DrawLatency(HostId from, HostId to);
  // How long a sender waits until it tries again.
  std::uint64_t DrawRetry();
  // How much of so many bytes is taken together.
  std::size_t DrawPiece(Site site, std::size_t length);
  void DrawSocket(Socket& socket);
  // What goes wrong with a connection that opens; true if nobody will answer.
  bool FaultsOfConnect(Socket& client);
  // What goes wrong with what is sent: how much later it arrives. Of what is lost with its
  // connection, `bytes` keeps what still arrives.
  std::uint64_t FaultsOfSend(Socket& sender, std::string& bytes);

  Decisions& decisions_;
  NetworkSurroundings& surroundings_;
  std::vector<HostState> hosts_;                      // by id - 1
  std::vector<Link> links_;                           // [from][to], see LinkOf
  std::vector<std::unique_ptr<Socket>> sockets_;      // by id - 1
  std::vector<std::unique_ptr<Listener>> listeners_;  // by id - 1
  std::vector<std::unique_ptr<Poller>> pollers_;      // by id - 1
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t planned_ = 0;
  std::uint64_t due_ = ~std::uint64_t{0};
};

}  // namespace beach::sim
