// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/loop.h"
#include "sim/ids.h"
#include "sim/network/virtual_network.h"
#include "sim/seam_gate.h"

namespace beach::sim {

class VirtualConnection;
class VirtualListener;
class VirtualWrite;

// What a simulated process knows of the world around its loops. All of it outlives the process.
struct LoopSurroundings {
  VirtualNetwork& network;
  Decisions& decisions;
  SeamGate& gate;
  HostId host;
  ProcessId process;
};

// The network seam of one simulated process.
class VirtualLoops final : public env::Network {
 public:
  explicit VirtualLoops(const LoopSurroundings& surroundings) : surroundings_(surroundings) {}

  Result<std::unique_ptr<env::Loop>> NewLoop() override;

 private:
  const LoopSurroundings surroundings_;
};

// A loop of a simulated process, in its memory. It works in turns: all that is ready at the
// beginning of one is called in it, in an order that is drawn among what was posted, timers, file
// writes, and connections; then what these have posted; then what was queued is sent.
//
// What is ready is looked at in one piece: a turn begins with a switch, and there is none between
// that and the first call. Who posts from another thread has a switch before it, as before a lock.
class VirtualLoop final : public env::Loop {
 public:
  explicit VirtualLoop(const LoopSurroundings& surroundings);
  VirtualLoop(const VirtualLoop&) = delete;
  VirtualLoop& operator=(const VirtualLoop&) = delete;
  ~VirtualLoop() override;

  void Run() override;
  void Stop() override;
  void Post(std::function<void()> work) override;
  TimerId At(std::uint64_t deadline_ns, std::function<void()> work) override;
  void Cancel(TimerId timer) override;
  Result<std::unique_ptr<env::Listener>> Listen(const std::string& address,
                                                const env::ConnectionOptions& options,
                                                OnConnection on_connection) override;
  std::unique_ptr<env::Connection> Connect(const std::string& address,
                                           const env::ConnectionOptions& options,
                                           env::Connection::Callbacks callbacks) override;
  void SubmitWrite(env::File& file, std::uint64_t offset, ByteView data,
                   std::function<void(Status)> done) override;

 private:
  friend class VirtualConnection;
  friend class VirtualListener;

  struct Write {
    std::unique_ptr<env::PendingWrite> pending;  // null: refused
    VirtualWrite* looked_at = nullptr;           // the same, where it is the virtual disk's
    Status status;
    bool completed = false;
    std::function<void(Status)> done;
  };
  // What it calls lies apart, and stays there while timers before it come and go.
  struct Timer {
    std::uint64_t deadline_ns = 0;
    TimerId id = 0;
    std::size_t place = 0;  // in timer_works_
  };
  // What waits in order. It keeps its room, since a loop makes thousands of turns a second.
  template <class T>
  class Line {
   public:
    bool empty() const { return next_ == waiting_.size(); }
    T Take() { return std::move(waiting_[next_++]); }
    // What was taken is dropped.
    std::vector<T>& Begin() {
      waiting_.clear();
      next_ = 0;
      return waiting_;
    }
    void MoveTo(std::vector<T>& others, typename std::vector<T>::iterator where) {
      others.insert(where,
                    std::make_move_iterator(waiting_.begin() + static_cast<std::ptrdiff_t>(next_)),
                    std::make_move_iterator(waiting_.end()));
      Begin();
    }

   private:
    std::vector<T> waiting_;
    std::size_t next_ = 0;
  };
  // What is called in a turn.
  struct Turn {
    Line<std::function<void()>> posted;
    Line<TimerId> timers;
    Line<SocketId> sockets;
    Line<ListenerId> listeners;
  };
  enum class Source : std::uint8_t { kPosted, kTimer, kWrite, kSocket, kListener };
  using Sources = std::array<Source, 5>;

  void CheckThread() const;
  void RunTurn();
  void Collect();
  void CallAll();
  // What waits in posted_ is called in this turn.
  void TakePosted();
  // How many sources have something to be called, and which, in their order.
  std::size_t FindReady(Sources& ready) const;
  void CallOne(Source source);
  // Nothing if it is not set any more.
  std::function<void()> TakeTimer(TimerId timer);
  void CallTimer(TimerId timer);
  void CallWrite();
  void CallSocket(SocketId socket);
  void CallListener(ListenerId listener);
  // What a stop has left of the turn is ready in the next.
  void PutBack();
  void CompleteWrites();
  void FlushAll();
  void Park();
  // The connection has something to tell in the next turn.
  void Attend(SocketId socket);
  // It has something to send.
  void Flush(SocketId socket);

  LoopSurroundings surroundings_;
  PollerId poller_;
  std::uint64_t thread_ = 0;  // that runs it; 0: nobody does
  bool stopped_ = false;
  std::uint64_t turns_ = 0;

  std::vector<std::function<void()>>
      posted_;  // by any thread; nothing switches while it is touched

  TimerId last_timer_ = 0;
  std::vector<Timer> timers_;  // by deadline, then by id
  std::vector<std::function<void()>> timer_works_;
  std::vector<std::size_t> timer_places_;  // free ones of those
  std::list<Write> writes_;
  std::size_t writes_completed_ = 0;  // of them

  std::map<SocketId, VirtualConnection*> connections_;
  std::map<ListenerId, VirtualListener*> listeners_;
  std::vector<SocketId> attended_;
  std::vector<ListenerId> listened_;
  std::vector<SocketId> dirty_;
  Turn turn_;                      // the present one
  std::vector<SocketId> flushed_;  // at its end
  std::vector<char> buffer_;       // what is read, for the call that tells it
};

}  // namespace beach::sim
