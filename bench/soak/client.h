// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/random.h"
#include "bench/engine/records.h"
#include "engine/db.h"

namespace beach::bench {

// What is done to records, and how long it took at worst.
enum class SoakKind : std::uint8_t { kPut, kDelete, kGet, kScan };
inline constexpr std::size_t kSoakKinds = 4;
const char* NameOf(SoakKind kind);

inline constexpr std::size_t kSoakValueMin = 64;
inline constexpr std::size_t kSoakValueMax = 1024;
// Of key and value, on average.
inline constexpr std::uint64_t kSoakRecordBytes = kKeySize + (kSoakValueMin + kSoakValueMax) / 2;

// One client of a soak. It writes the records whose number is `index` modulo `clients` and knows
// what each of them is: its shadow. Run is called by a thread of its own; the counters may be read
// by others meanwhile, all else after it.
class SoakClient {
 public:
  SoakClient(engine::Db& db, std::uint64_t records, std::uint64_t clients, std::uint64_t index);

  // Puts all its records in random order, then overwrites, deletes, gets and scans until told to
  // stop. Errors: of the database; kCorruption for a read that is not what the shadow says.
  Status Run(const std::atomic<bool>& stop);

  // What the shadow says of a record, whoever's: the version it has, or nothing. REQUIRES: own, or
  // no Run under way.
  bool owns(std::uint64_t record) const { return record % clients_ == index_; }
  std::optional<std::uint64_t> VersionOf(std::uint64_t record) const;
  std::uint64_t shadow_bytes() const { return versions_.size() * sizeof(std::uint32_t); }

  // Done so far, by kind. Any thread.
  std::uint64_t count(SoakKind kind) const {
    return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  bool filled() const { return filled_.load(std::memory_order_relaxed); }
  // The longest operation since the last call. One caller.
  std::uint64_t TakeLongestNs() { return longest_ns_.exchange(0, std::memory_order_relaxed); }
  // What began it; of the whole run.
  const Histogram& latency_ns() const { return latency_ns_; }

  // The value that a record of that version has.
  static ByteView ValueOf(ValueBuffer& buffer, std::uint64_t record, std::uint64_t version);

 private:
  static constexpr std::uint32_t kAbsent = std::uint32_t{1} << 31;

  Status OneOperation();
  template <class Operation>
  Status Timed(SoakKind kind, Operation operation);
  Status Put(std::uint64_t record);
  Status Delete(std::uint64_t record);
  Status Get(std::uint64_t record);
  Status Scan(std::uint64_t record);
  Status CheckGap(std::uint64_t begin, std::uint64_t end) const;
  Status CheckEntry(std::uint64_t record, ByteView value);
  std::uint32_t& Shadow(std::uint64_t record) { return versions_[record / clients_]; }
  std::uint64_t AnyOwn() { return random_.Below(versions_.size()) * clients_ + index_; }

  engine::Db& db_;
  const std::uint64_t records_;
  const std::uint64_t clients_;
  const std::uint64_t index_;
  RandomStream random_;
  // Of the own records: the last version written, with kAbsent where it is deleted.
  std::vector<std::uint32_t> versions_;
  KeyBuffer key_;
  ValueBuffer value_;
  std::array<std::atomic<std::uint64_t>, kSoakKinds> counts_ = {};
  std::atomic<bool> filled_ = false;
  std::atomic<std::uint64_t> longest_ns_ = 0;
  Histogram latency_ns_;
};

}  // namespace beach::bench
