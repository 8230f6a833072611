// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/loop.h"
#include "sim/network/socket.h"
#include "sim/virtual_loop.h"

namespace beach::sim {

// A connection of a simulated process, in its memory. What there is to tell is told one callback at
// a time, each of which may be the end of it.
class VirtualConnection final : public env::Connection {
 public:
  VirtualConnection(VirtualLoop& loop, SocketId socket, std::string peer, bool open,
                    const env::ConnectionOptions& options);
  VirtualConnection(const VirtualConnection&) = delete;
  VirtualConnection& operator=(const VirtualConnection&) = delete;
  ~VirtualConnection() override;

  bool Send(ByteView bytes) override;
  std::uint64_t queued_bytes() const override { return queue_.size() - sent_; }
  void PauseReading(bool paused) override;
  void Close() override;
  const std::string& peer() const override { return peer_; }

  void Call(Callbacks callbacks);
  // Tells one thing, if there is one. It may be destroyed then.
  void TellOne();
  // Gives the network what it takes.
  void Flush();

 private:
  void Look();
  void TellOpen();
  void TellBroken();
  void TellBytes();
  void TellWritable();
  void TellClosed(env::CloseReason reason, std::string detail);
  bool Drained() const { return queued_bytes() == 0; }
  bool CanTellBytes() const;
  bool MayTellWritable() const;

  VirtualLoop& loop_;
  const SocketId socket_;
  const std::string peer_;
  const env::ConnectionOptions options_;
  // Held by whoever calls one of them: it may destroy the connection.
  std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();
  std::string queue_;
  std::size_t sent_ = 0;  // of the queue
  Readiness untold_ = Readiness::kNone;
  bool open_;
  bool paused_ = false;
  std::uint64_t taken_ = 0;       // by the network, ever
  std::uint64_t refused_at_ = 0;  // taken_ when Send refused
  bool refused_ = false;          // on_writable is due
  bool was_above_low_ = false;    // the same
  bool told_writable_ = false;    // last
  bool end_told_ = false;         // by on_end
  bool peer_ended_ = false;       // closes as if the peer had
  bool closing_ = false;          // by us
  bool closed_ = false;           // on_closed was called
};

// A listener of a simulated process.
class VirtualListener final : public env::Listener {
 public:
  VirtualListener(VirtualLoop& loop, ListenerId listener, std::string address,
                  const env::ConnectionOptions& options, env::Loop::OnConnection on_connection);
  VirtualListener(const VirtualListener&) = delete;
  VirtualListener& operator=(const VirtualListener&) = delete;
  ~VirtualListener() override;

  const std::string& address() const override { return address_; }
  // Takes one connection. It may be destroyed then.
  void TellOne();

 private:
  VirtualLoop& loop_;
  const ListenerId listener_;
  const std::string address_;
  const env::ConnectionOptions options_;
  std::shared_ptr<env::Loop::OnConnection> on_connection_;
};

}  // namespace beach::sim
