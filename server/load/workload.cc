// SPDX-License-Identifier: Apache-2.0
#include "server/load/workload.h"

#include "base/check.h"

namespace beach::server {
namespace {

// Read, update, insert, scan, read-modify-write.
constexpr std::array kWorkloads = {
    Workload{"a", "50 % reads, 50 % updates", {50, 50, 0, 0, 0}, Distribution::kZipfian, true},
    Workload{"b", "95 % reads, 5 % updates", {95, 5, 0, 0, 0}, Distribution::kZipfian, true},
    Workload{"c", "reads", {100, 0, 0, 0, 0}, Distribution::kZipfian, true},
    Workload{"d",
             "95 % reads of the latest, 5 % inserts",
             {95, 0, 5, 0, 0},
             Distribution::kLatest,
             true},
    Workload{"e",
             "95 % scans of 1 to 100 records, 5 % inserts",
             {0, 0, 5, 95, 0},
             Distribution::kZipfian,
             true},
    Workload{"f",
             "50 % reads, 50 % reads with an update behind",
             {50, 0, 0, 0, 50},
             Distribution::kZipfian,
             true},
    Workload{
        "fill", "inserts, from no records on", {0, 0, 100, 0, 0}, Distribution::kUniform, false},
    Workload{"read", "reads of any record", {100, 0, 0, 0, 0}, Distribution::kUniform, true},
    Workload{"update", "updates of any record", {0, 100, 0, 0, 0}, Distribution::kUniform, true},
};

constexpr std::array kDistributions = {Distribution::kUniform, Distribution::kZipfian,
                                       Distribution::kLatest};

}  // namespace

const char* WorkKindName(WorkKind kind) {
  switch (kind) {
    case WorkKind::kRead: return "read";
    case WorkKind::kUpdate: return "update";
    case WorkKind::kInsert: return "insert";
    case WorkKind::kScan: return "scan";
    case WorkKind::kReadModifyWrite: return "read_modify_write";
  }
  BEACH_CHECK(false);
}

const char* DistributionName(Distribution distribution) {
  switch (distribution) {
    case Distribution::kUniform: return "uniform";
    case Distribution::kZipfian: return "zipfian";
    case Distribution::kLatest: return "latest";
  }
  BEACH_CHECK(false);
}

Result<Distribution> DistributionOf(const std::string& name) {
  for (const Distribution distribution : kDistributions) {
    if (name == DistributionName(distribution)) return distribution;
  }
  return Fail(ErrorCode::kInvalidArgument,
              "there is no distribution '" + name + "'; there are: uniform, zipfian, latest");
}

std::span<const Workload> AllWorkloads() { return kWorkloads; }

Result<const Workload*> WorkloadOf(const std::string& name) {
  std::string known;
  for (const Workload& workload : kWorkloads) {
    if (name == workload.name) return &workload;
    known += (known.empty() ? "" : ", ") + std::string(workload.name);
  }
  return Fail(ErrorCode::kInvalidArgument,
              "there is no workload '" + name + "'; there are: " + known);
}

WorkKind WorkStream::DrawKind() {
  std::uint64_t drawn = random_.Below(100);
  for (std::size_t kind = 0; kind < kWorkKinds; ++kind) {
    if (drawn < workload_.percent[kind]) return static_cast<WorkKind>(kind);
    drawn -= workload_.percent[kind];
  }
  BEACH_CHECK(false);  // they are a hundred together
}

std::uint64_t WorkStream::DrawRecord(std::uint64_t records) {
  BEACH_CHECK(records > 0);
  switch (distribution_) {
    case Distribution::kUniform: return random_.Below(records);
    case Distribution::kZipfian: return Mix64(spread_.Draw(random_)) % records;
    case Distribution::kLatest: return records - 1 - Zipfian(records).Draw(random_);
  }
  BEACH_CHECK(false);
}

}  // namespace beach::server
