// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "env/threads.h"

namespace beach::server {

// The key of a record: "user" and 20 digits, neighbours in number far apart in order.
Bytes KeyOf(std::uint64_t number);

// Which records there are: those below a number, which grows as inserts are acknowledged.
// Thread-safe.
class RecordNumbers {
 public:
  explicit RecordNumbers(std::uint64_t count) : next_(count), below_(count) {}

  // For an insert; each once.
  std::uint64_t Take();
  // The insert of that number has ended, well or not.
  void Close(std::uint64_t number);
  // The inserts of all numbers below have ended.
  std::uint64_t below() const { return below_.load(std::memory_order_relaxed); }

 private:
  env::Mutex mutex_;
  std::uint64_t next_;                // under mutex_
  std::set<std::uint64_t> open_;      // under mutex_: taken, and not closed
  std::atomic<std::uint64_t> below_;  // written under mutex_
};

// Values of one size that no compression makes smaller: pieces of one random string.
class Values {
 public:
  Values(std::uint64_t size, std::uint64_t seed);
  // Valid as long as this is.
  ByteView Draw(RandomStream& random) const;

 private:
  std::uint64_t size_;
  Bytes bytes_;
};

}  // namespace beach::server
