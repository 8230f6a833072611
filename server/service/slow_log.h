// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "env/events.h"
#include "raft/node/entry_times.h"

namespace beach::server {

// A request that has ended, and when it was where; on the monotonic clock.
struct SlowRequest {
  const char* kind = "";  // "write", "get", "SET"
  ByteView client;        // its address
  std::uint64_t began_ns = 0;
  std::uint64_t ended_ns = 0;
  std::uint64_t granted_ns = 0;  // of a read: since when it might be served here; else 0
  raft::EntryTimes entry;        // of a write
};

// Tells which requests took long, and where that time went, as events "server.slow":
//   kind, client, took_us
//   queue_us      of a write: until it went to this node's log, the way to the leader included
//   sync_us       until it was durable here, or committed without us
//   replicate_us  until it was known to be committed
//   apply_us      until it was applied here and answered
//   grant_us      of a read: until it might be served here
//   read_us       until it was
//   untold        how many were not told since the last one: there are kPerSecondMax at most
// What is not known any more is left out. Of one loop.
class SlowLog {
 public:
  static constexpr std::uint64_t kPerSecondMax = 10;

  // `events` may be null: they are counted alone. `slow_ns` of 0: nothing is slow.
  SlowLog(env::EventSink* events, std::uint64_t slow_ns) : events_(events), slow_ns_(slow_ns) {}

  bool IsSlow(std::uint64_t took_ns) const { return slow_ns_ != 0 && took_ns >= slow_ns_; }
  // REQUIRES: it is.
  void Note(const SlowRequest& request);
  std::uint64_t count() const { return count_; }

 private:
  env::EventSink* const events_;
  const std::uint64_t slow_ns_;
  std::uint64_t count_ = 0;
  std::uint64_t untold_ = 0;
  std::uint64_t second_ = 0;  // that is counted
  std::uint64_t told_ = 0;    // in it
};

}  // namespace beach::server
