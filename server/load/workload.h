// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "base/random.h"
#include "server/load/zipfian.h"

namespace beach::server {

enum class WorkKind : std::uint8_t { kRead, kUpdate, kInsert, kScan, kReadModifyWrite };
inline constexpr std::size_t kWorkKinds = 5;
const char* WorkKindName(WorkKind kind);  // "read", ...; as JSON has it

// Which record is meant.
enum class Distribution : std::uint8_t {
  kUniform,
  kZipfian,  // few are meant often, and those are anywhere among all
  kLatest,   // the newest is meant most often
};
const char* DistributionName(Distribution distribution);
// kInvalidArgument: there is none of that name.
Result<Distribution> DistributionOf(const std::string& name);

// What clients do: of a hundred operations how many are of each kind, and on which records.
struct Workload {
  const char* name;
  const char* help;
  std::array<std::uint64_t, kWorkKinds> percent;  // in the order of the kinds
  Distribution distribution;
  bool needs_records;  // else it begins with none
};
std::span<const Workload> AllWorkloads();
Result<const Workload*> WorkloadOf(const std::string& name);

inline constexpr std::uint64_t kScanLengthMax = 100;

// One operation after the other. Not thread-safe.
class WorkStream {
 public:
  WorkStream(const Workload& workload, Distribution distribution, std::uint64_t key)
      : workload_(workload), distribution_(distribution), random_(key) {}

  WorkKind DrawKind();
  // Of those below `records`. REQUIRES: records > 0.
  std::uint64_t DrawRecord(std::uint64_t records);
  std::uint64_t DrawScanLength() { return random_.Between(1, kScanLengthMax); }
  RandomStream& random() { return random_; }

 private:
  const Workload& workload_;
  const Distribution distribution_;
  RandomStream random_;
  // Of as many ranks as YCSB has, which are then spread over the records there are: so a record
  // does not become another's rank when their number grows.
  Zipfian spread_{10'000'000'000};
};

}  // namespace beach::server
