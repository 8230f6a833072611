// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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

struct GuestOptions {
  ClusterId cluster{};
  NodeNumber self;
  std::uint64_t hello_max_ns = 2'000'000'000;     // until it has said who it is
  std::uint64_t silence_max_ns = 10'000'000'000;  // of a node; clients may be silent for ever
};

// A connection that somebody else has dialled: asks who it is, says whether it is welcome, answers
// its pings, and passes on the rest. Of one loop, and on its thread.
class Guest {
 public:
  struct Callbacks {
    std::function<void(const Hello&)> on_welcome;
    std::function<void(const Frame&)> on_frame;  // borrowed for the call
    std::function<void()> on_writable;
    // Once, and last: nothing more can be sent. It may destroy the guest.
    std::function<void(const std::string& why)> on_gone;
  };

  // `payload_max` is asked about types from kFirstTypeOfPayloads on, and not before the welcome:
  // until then a stranger says hello, or nothing of it is kept. But for on_gone, no callback may
  // destroy the guest.
  Guest(env::Loop& loop, env::Clock& clock, std::unique_ptr<env::Connection> connection,
        const GuestOptions& options, FrameReader::PayloadMax payload_max, Callbacks callbacks);
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  ~Guest();

  // What the loop is to call for the connection.
  env::Connection::Callbacks connection_callbacks();

  // False, and nothing sent, before the welcome, when it is gone, and when too much is queued.
  [[nodiscard]] bool Send(const FrameHead& head, ByteView payload);
  // Nothing more is sent or heard, what is queued may be lost, and on_gone follows: never from
  // inside this call, so that any callback may ask for it.
  void CutOff(std::string why);
  const std::string& peer() const { return connection_->peer(); }
  // Whether it has a certificate for the host of that address: env/loop.h.
  bool Proves(const std::string& address) const { return connection_->Proves(address); }
  // Who it is. REQUIRES: it was welcomed.
  const Hello& hello() const { return hello_; }

 private:
  // kRefused: told so, and what it still says is not read. kCutOff: nor is it told anything.
  enum class State : std::uint8_t { kUnknown, kRefused, kWelcome, kCutOff, kGone };

  // How long a payload of that type may be in this state.
  std::optional<std::uint64_t> Admit(std::uint16_t type) const;
  void OnBytes(ByteView bytes);
  bool OnFrame(const Frame& frame);
  bool OnHello(ByteView payload);
  // Whether it still lives.
  void Look();
  void Leave(const std::string& why);
  bool SendFrame(const FrameHead& head, ByteView payload);

  env::Loop& loop_;
  env::Clock& clock_;
  const std::unique_ptr<env::Connection> connection_;
  const GuestOptions options_;
  const FrameReader::PayloadMax payload_max_;
  FrameReader reader_;
  const Callbacks callbacks_;
  State state_ = State::kUnknown;
  Hello hello_;
  std::string cut_off_why_;
  env::Loop::TimerId timer_ = 0;
  std::uint64_t look_ns_ = 0;   // when the timer is due
  std::uint64_t heard_ns_ = 0;  // when something came last
};

}  // namespace beach::wire
