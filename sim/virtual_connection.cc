// SPDX-License-Identifier: Apache-2.0
#include "sim/virtual_connection.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "sim/system_scope.h"

namespace beach::sim {
namespace {

constexpr Site kUnreadLost = "net.unread_lost";
constexpr std::uint64_t kDescriptorAgainNs = 10'000'000;

template <class Call>
auto OnNetwork(Call call) {
  const SystemScope scope;
  return call();
}

}  // namespace

VirtualConnection::VirtualConnection(VirtualLoop& loop, SocketId socket, std::string peer,
                                     bool open, const env::ConnectionOptions& options)
    : loop_(loop), socket_(socket), peer_(std::move(peer)), options_(options), open_(open) {
  BEACH_CHECK_GT(options.read_max_bytes, 0U);
  loop_.connections_.emplace(socket_, this);
}

VirtualConnection::~VirtualConnection() {
  loop_.CheckThread();
  loop_.connections_.erase(socket_);
  SeamGate& gate = loop_.surroundings_.gate;
  gate.Enter("net.close", socket_.value);
  OnNetwork([this] { loop_.surroundings_.network.Close(socket_); });
  gate.Leave("net.close");
}

void VirtualConnection::Call(Callbacks callbacks) { *callbacks_ = std::move(callbacks); }

bool VirtualConnection::Send(ByteView bytes) {
  loop_.CheckThread();
  if (closing_ || closed_ || peer_ended_) return false;
  if (bytes.size() > options_.send_queue_max_bytes - queued_bytes()) {
    refused_ = true;
    refused_at_ = taken_;
    if (Drained()) loop_.Attend(socket_);  // it was more than the bound
    return false;
  }
  if (sent_ > queue_.size() / 2) {
    queue_.erase(0, sent_);
    sent_ = 0;
  }
  queue_.append(bytes);
  was_above_low_ = was_above_low_ || queued_bytes() > options_.send_queue_low_bytes;
  if (open_) loop_.Flush(socket_);
  return true;
}

void VirtualConnection::PauseReading(bool paused) {
  loop_.CheckThread();
  if (std::exchange(paused_, paused) && !paused) loop_.Attend(socket_);
}

void VirtualConnection::Close() {
  loop_.CheckThread();
  closing_ = true;
  // Else two that close at once, with much to send, would wait for each other.
  OnNetwork([this] { loop_.surroundings_.network.Drain(socket_); });
  loop_.Attend(socket_);
}

void VirtualConnection::Flush() {
  if (!open_ || closed_ || Drained()) return;
  SeamGate& gate = loop_.surroundings_.gate;
  const ByteView rest = ByteView(queue_).substr(sent_);
  gate.Enter("net.send", rest.size());
  const std::uint64_t taken =
      OnNetwork([&] { return loop_.surroundings_.network.Send(socket_, rest); });
  sent_ += taken;
  taken_ += taken;
  if (Drained()) {
    queue_.clear();
    sent_ = 0;
  }
  gate.Leave("net.send");
  if (MayTellWritable() || closing_ || peer_ended_) loop_.Attend(socket_);
}

void VirtualConnection::Look() {
  const Readiness ready =
      OnNetwork([this] { return loop_.surroundings_.network.TakeReadiness(socket_); });
  untold_ = untold_ | ready;
  if (Has(ready, Readiness::kWritable)) Flush();
}

bool VirtualConnection::CanTellBytes() const {
  return open_ && !paused_ && !closing_ && !peer_ended_ && !end_told_ &&
         loop_.surroundings_.network.HasMore(socket_);
}

// After a refusal only once something was taken: else a sender whose message fits into no room that
// is left would try again and again.
bool VirtualConnection::MayTellWritable() const {
  if (!open_ || closing_ || queued_bytes() > options_.send_queue_low_bytes) return false;
  return was_above_low_ || (refused_ && (taken_ > refused_at_ || Drained()));
}

void VirtualConnection::TellOne() {
  if (closed_) return;
  Look();
  if (!open_ && Has(untold_, Readiness::kOpen)) return TellOpen();
  if (Has(untold_, Readiness::kBroken)) return TellBroken();
  if (closing_ && Drained() && open_) return TellClosed(env::CloseReason::kLocal, "closed");
  if (peer_ended_ && Drained()) {
    return TellClosed(env::CloseReason::kPeer, "closed by " + peer_);
  }
  const bool writable = MayTellWritable();
  const bool bytes = CanTellBytes();
  // In turns, so that neither keeps the other waiting for ever.
  if (writable && (!bytes || !told_writable_)) {
    if (bytes) loop_.Attend(socket_);
    told_writable_ = true;
    return TellWritable();
  }
  told_writable_ = false;
  if (writable && bytes) loop_.Attend(socket_);
  if (bytes) TellBytes();
}

void VirtualConnection::TellOpen() {
  open_ = true;
  loop_.Attend(socket_);
  loop_.Flush(socket_);
  const std::shared_ptr<Callbacks> callbacks = callbacks_;
  if (callbacks->on_open) callbacks->on_open();
}

// What had arrived before is read first, or lost with the rest.
void VirtualConnection::TellBroken() {
  if (CanTellBytes()) {
    const bool lost = loop_.surroundings_.decisions.Draw(kUnreadLost) % 2 == 0;
    if (!lost) {
      loop_.Attend(socket_);
      return TellBytes();
    }
  }
  const Breakage why = loop_.surroundings_.network.BreakageOf(socket_);
  const bool failed = !open_;
  std::string detail = failed ? "connect to " + peer_ : "connection with " + peer_;
  detail += std::string(": ") + BreakageName(why);
  TellClosed(failed ? env::CloseReason::kConnectFailed : env::CloseReason::kReset,
             std::move(detail));
}

void VirtualConnection::TellWritable() {
  refused_ = false;
  was_above_low_ = false;
  const std::shared_ptr<Callbacks> callbacks = callbacks_;
  if (callbacks->on_writable) callbacks->on_writable();
}

void VirtualConnection::TellBytes() {
  std::vector<char>& buffer = loop_.buffer_;
  if (buffer.size() < options_.read_max_bytes) buffer.resize(options_.read_max_bytes);
  SeamGate& gate = loop_.surroundings_.gate;
  gate.Enter("net.receive", socket_.value);
  const Received received = OnNetwork([&] {
    return loop_.surroundings_.network.Receive(socket_, buffer.data(), options_.read_max_bytes);
  });
  gate.Leave("net.receive");
  const std::shared_ptr<Callbacks> callbacks = callbacks_;
  if (loop_.surroundings_.network.HasMore(socket_)) loop_.Attend(socket_);
  if (received.bytes > 0) {
    if (callbacks->on_bytes) callbacks->on_bytes(ByteView(buffer.data(), received.bytes));
    return;
  }
  if (!received.end) return;
  if (callbacks->on_end) {
    end_told_ = true;
    callbacks->on_end();
  } else {
    peer_ended_ = true;
    loop_.Attend(socket_);
  }
}

void VirtualConnection::TellClosed(env::CloseReason reason, std::string detail) {
  closed_ = true;
  queue_.clear();
  sent_ = 0;
  const bool orderly = reason == env::CloseReason::kLocal || reason == env::CloseReason::kPeer;
  if (orderly) OnNetwork([this] { loop_.surroundings_.network.Finish(socket_); });
  const std::shared_ptr<Callbacks> callbacks = callbacks_;
  const env::Closed closed{.reason = reason, .detail = std::move(detail)};
  if (callbacks->on_closed) callbacks->on_closed(closed);
}

VirtualListener::VirtualListener(VirtualLoop& loop, ListenerId listener, std::string address,
                                 const env::ConnectionOptions& options,
                                 env::Loop::OnConnection on_connection)
    : loop_(loop),
      listener_(listener),
      address_(std::move(address)),
      options_(options),
      on_connection_(std::make_shared<env::Loop::OnConnection>(std::move(on_connection))) {
  loop_.listeners_.emplace(listener_, this);
}

VirtualListener::~VirtualListener() {
  loop_.CheckThread();
  loop_.listeners_.erase(listener_);
  SeamGate& gate = loop_.surroundings_.gate;
  gate.Enter("net.close_listener", listener_.value);
  OnNetwork([this] { loop_.surroundings_.network.CloseListener(listener_); });
  gate.Leave("net.close_listener");
}

void VirtualListener::TellOne() {
  VirtualNetwork& network = loop_.surroundings_.network;
  if (!network.HasWaiting(listener_)) return;
  SeamGate& gate = loop_.surroundings_.gate;
  gate.Enter("net.accept", listener_.value);
  if (gate.RefusesDescriptor()) {
    gate.Leave("net.accept");
    const std::uint64_t again = gate.Now() + kDescriptorAgainNs;
    loop_.listened_.push_back(listener_);
    OnNetwork([&] { network.WakeAt(loop_.poller_, again); });
    return;
  }
  const SocketId socket = OnNetwork([&] { return network.Accept(listener_, loop_.poller_); });
  gate.Leave("net.accept");
  if (network.HasWaiting(listener_)) loop_.listened_.push_back(listener_);
  auto connection =
      std::make_unique<VirtualConnection>(loop_, socket, network.PeerOf(socket), true, options_);
  loop_.Attend(socket);
  VirtualLoop& loop = loop_;
  const std::shared_ptr<env::Loop::OnConnection> on_connection = on_connection_;
  env::Connection::Callbacks callbacks = (*on_connection)(std::move(connection));
  const auto kept = loop.connections_.find(socket);
  if (kept != loop.connections_.end()) kept->second->Call(std::move(callbacks));
}

}  // namespace beach::sim
