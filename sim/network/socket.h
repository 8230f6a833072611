// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/strong_id.h"
#include "sim/ids.h"

namespace beach::sim {

// All never reused within a run; 0: none.
using SocketId = StrongId<struct SocketIdTag>;
using ListenerId = StrongId<struct ListenerIdTag>;
using PollerId = StrongId<struct PollerIdTag>;

// What a socket has to tell, as bits.
enum class Readiness : std::uint32_t {
  kNone = 0,
  kOpen = 1,      // the peer has answered
  kReadable = 2,  // there are bytes, or their end
  kWritable = 4,  // what was refused may be tried again
  kBroken = 8,    // reset, refused, or given up
};
constexpr Readiness operator|(Readiness a, Readiness b) {
  return static_cast<Readiness>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr bool Has(Readiness set, Readiness bit) {
  return (static_cast<std::uint32_t>(set) & static_cast<std::uint32_t>(bit)) != 0;
}

// Why a socket broke.
enum class Breakage : std::uint8_t { kNone, kReset, kRefused, kTimedOut, kNoDescriptor, kUnknown };
const char* BreakageName(Breakage breakage);

// A piece of a stream under way.
struct Packet {
  enum class Kind : std::uint8_t { kData, kEnd, kReset, kOpened, kRefused };
  Kind kind = Kind::kData;
  std::uint64_t due_ns = 0;
  std::string bytes;
};

// One direction of a connection, kept at the end where it arrives. Packets arrive in order.
struct Pipe {
  std::deque<Packet> packets;
  std::uint64_t last_due_ns = 0;
  std::uint64_t bytes_under_way = 0;
  std::deque<std::string> arrived;
  std::size_t front_taken = 0;  // bytes of the first that were read
  std::uint64_t bytes_arrived = 0;
  bool end_arrived = false;
  // The first packet met a cut way or a host without power. Nothing arrives until it is sent again.
  bool stalled = false;
  std::uint64_t stalls = 0;  // so far: tells one wait of the sender from the next
  // Nothing ever arrives any more, and nobody is told.
  bool swallows = false;
};

// One end of a connection.
struct Socket {
  SocketId id;
  SocketId peer;  // 0: nobody has answered yet
  HostId host;
  ProcessId process;
  PollerId poller;
  HostId other;  // where the peer is
  std::string peer_address;
  std::uint16_t own_port = 0;
  std::uint16_t peer_port = 0;

  Pipe in;
  std::uint64_t window_bytes = 0;  // of what it sends and the peer has not read
  std::uint64_t patience_ns = 0;   // how long it sends again what nobody answers
  bool syn_stalled = false;        // what opens the connection met a cut way
  bool ended = false;              // it sends no more
  bool wants_room = false;         // a send was refused
  bool room_stalled = false;       // word of room met a cut way
  bool gone = false;               // the process let it go, or has died
  bool drains = false;             // what arrives is thrown away
  bool finished = false;           // and nobody is told of anything any more
  bool answered = false;           // a reset was sent back
  std::uint64_t answer_ns = 0;     // how long the answer to what opens it is under way
  Breakage breakage = Breakage::kNone;

  Readiness ready = Readiness::kNone;
  bool queued = false;  // in its poller
};

}  // namespace beach::sim
