// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "env/clock.h"
#include "env/loop.h"
#include "wire/frame.h"
#include "wire/frame_reader.h"
#include "wire/hello.h"

namespace beach::wire {

// What must not wait for bulk data: heartbeats, votes, small answers.
enum class Lane : std::uint8_t { kUrgent, kBulk };

struct LinkOptions {
  // Until it is dialled again: doubled after each failure from the low one up, and drawn between
  // half of that and all of it, so that many do not dial at once.
  std::uint64_t retry_low_ns = 50'000'000;
  std::uint64_t retry_high_ns = 2'000'000'000;
  // To connect and to be welcomed.
  std::uint64_t dial_max_ns = 2'000'000'000;
  // A ping is sent so often, and a connection on which nothing came for so long is given up.
  std::uint64_t ping_every_ns = 500'000'000;
  std::uint64_t silence_max_ns = 2'000'000'000;
  // Queued in each lane, at most.
  std::uint64_t urgent_max_bytes = std::uint64_t{1} << 18;
  std::uint64_t bulk_max_bytes = std::uint64_t{1} << 23;
  // Bulk data are handed to the connection while it holds less than this: what is urgent waits for
  // no more, and for the frame that went over it.
  std::uint64_t bulk_ahead_bytes = std::uint64_t{1} << 16;
  std::uint64_t random_key = 0;  // of the draws between retries
};

// The persistent connection to one node: dialled, and dialled again when it breaks or falls silent,
// until it is destroyed. A frame goes out at most once, and in order within its lane; whatever is
// queued when the connection breaks is lost. Of one loop, and on its thread.
class Link {
 public:
  struct Callbacks {
    std::function<void()> on_up;                          // welcomed
    std::function<void(const std::string& why)> on_down;  // was up, or could not come up
    std::function<void(const Frame&)> on_frame;           // an answer; borrowed for the call
  };

  // `payload_max` is asked about types from kFirstTypeOfPayloads on, and not before the welcome. No
  // callback may destroy the link. A hello to node 0 is content with whoever answers.
  Link(env::Loop& loop, env::Clock& clock, std::string address, const Hello& hello,
       const LinkOptions& options, FrameReader::PayloadMax payload_max, Callbacks callbacks);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link();

  // False, and nothing queued, while the link is not up or its lane is full. REQUIRES: the type is
  // none of the connection's own.
  [[nodiscard]] bool Send(Lane lane, const FrameHead& head, ByteView payload);
  bool up() const { return state_ == State::kUp; }
  // Who answered the last hello; 0: nobody yet.
  NodeNumber peer() const { return peer_; }
  std::uint64_t queued_bytes(Lane lane) const { return queues_[IndexOf(lane)].bytes; }
  // Handed to the connection, and not yet taken by the OS.
  std::uint64_t ahead_bytes() const {
    return connection_ == nullptr ? 0 : connection_->queued_bytes();
  }
  // How often it came up so far.
  std::uint64_t times_up() const { return times_up_; }

 private:
  // kWaiting: for the time to dial. kDialling: for the connection, then for the welcome.
  enum class State : std::uint8_t { kWaiting, kDialling, kUp };
  struct Queue {
    std::deque<Bytes> frames;
    std::uint64_t bytes = 0;
  };

  static std::size_t IndexOf(Lane lane) { return static_cast<std::size_t>(lane); }
  // How long a payload of that type may be in this state.
  std::optional<std::uint64_t> Admit(std::uint16_t type) const;
  void Dial();
  void Break(const std::string& why);
  void Retry();
  void OnOpen();
  void OnBytes(ByteView bytes);
  void OnFrame(const Frame& frame);
  void OnAnswer(ByteView payload);
  void Look();
  bool Enqueue(Lane lane, const FrameHead& head, ByteView payload);
  void Pump();
  bool PumpOne(Lane lane);
  void SetTimer(std::uint64_t deadline_ns, void (Link::*then)());

  env::Loop& loop_;
  env::Clock& clock_;
  const std::string address_;
  const Hello hello_;
  const LinkOptions options_;
  const FrameReader::PayloadMax payload_max_;
  const Callbacks callbacks_;
  State state_ = State::kWaiting;
  NodeNumber peer_;
  std::unique_ptr<env::Connection> connection_;
  std::unique_ptr<FrameReader> reader_;
  std::array<Queue, 2> queues_;   // by lane
  env::Loop::TimerId timer_ = 0;  // to dial, to give up dialling, or to look whether it lives
  std::uint64_t look_ns_ = 0;     // when it looks next whether it lives
  std::uint64_t heard_ns_ = 0;    // when something came last
  std::uint64_t failures_ = 0;    // since it was up
  std::uint64_t draws_ = 0;
  std::uint64_t times_up_ = 0;
};

}  // namespace beach::wire
