// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>

#include "base/histogram.h"
#include "server/load/workload.h"
#include "server/protocol/reply.h"

namespace beach::server {

// What came of the operations that were to begin while it counted.
struct LoadResult {
  std::array<Histogram, kWorkKinds> latency_ns;  // of those that were done, by kind
  // Of those that nobody had begun when time was up: how late they were by then, which is less
  // than they would have taken.
  Histogram late_ns;
  std::map<FailureKind, std::uint64_t> errors;
  std::uint64_t in_time = 0;  // done before time was up
  std::uint64_t absent = 0;   // reads of a record that was not there
  std::uint64_t counted_ns = 0;

  void Merge(const LoadResult& other) {
    for (std::size_t i = 0; i < kWorkKinds; ++i) latency_ns[i].Merge(other.latency_ns[i]);
    late_ns.Merge(other.late_ns);
    for (const auto& [kind, count] : other.errors) errors[kind] += count;
    in_time += other.in_time;
    absent += other.absent;
    counted_ns = std::max(counted_ns, other.counted_ns);
  }
  std::uint64_t done() const {
    std::uint64_t sum = 0;
    for (const Histogram& one : latency_ns) sum += one.count();
    return sum;
  }
  // Of all that were done, and of those that nobody began.
  Histogram all_ns() const {
    Histogram all = late_ns;
    for (const Histogram& one : latency_ns) all.Merge(one);
    return all;
  }
};

}  // namespace beach::server
