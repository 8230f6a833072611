// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/atlas.h"

#include "base/check.h"

namespace beach::sim {
namespace {

constexpr KnownDiskFault kFaults[] = {
    // By DiskFault.
    {"disk.lying_sync", ContractLabel::kBeyond},
    {"disk.eio.sync", ContractLabel::kDetect},
    {"disk.latent_sector", ContractLabel::kDetect},
    {"disk.eio.write_sticky", ContractLabel::kDetect},
    {"disk.bit_rot", ContractLabel::kDetect},
    {"disk.lost_write", ContractLabel::kBeyond},
    {"disk.misdirected_write", ContractLabel::kBeyond},
    {"disk.swapped", ContractLabel::kBeyond},
    // Those that are over when they have struck.
    {"disk.eio.read", ContractLabel::kDetect},
    {"disk.eio.write", ContractLabel::kDetect},
    {"disk.eio.sync_directory", ContractLabel::kDetect},
    {"disk.eio.metadata", ContractLabel::kDetect},
    {"disk.no_space", ContractLabel::kDetect},
    {"disk.no_space.sync", ContractLabel::kDetect},
    {"disk.full", ContractLabel::kDetect},
    {"disk.read_only", ContractLabel::kDetect},
    {"disk.short_read", ContractLabel::kMask},
    {"disk.short_write", ContractLabel::kMask},
    {"disk.stall", ContractLabel::kMask},
    {"disk.torn_sector", ContractLabel::kMask},
    {"disk.misdirected_read", ContractLabel::kBeyond},
    {"disk.stale_read", ContractLabel::kBeyond},
};

}  // namespace

const char* ContractLabelName(ContractLabel label) {
  switch (label) {
    case ContractLabel::kMask: return "mask";
    case ContractLabel::kDetect: return "detect";
    case ContractLabel::kBeyond: return "beyond";
  }
  return "unknown";
}

std::span<const KnownDiskFault> KnownDiskFaults() { return kFaults; }

Site SiteOf(DiskFault fault) {
  const auto index = static_cast<std::size_t>(fault);
  BEACH_CHECK_LE(index, static_cast<std::size_t>(DiskFault::kSwapped));
  return kFaults[index].site;
}

const KnownDiskFault* FindDiskFault(Site site) {
  for (const KnownDiskFault& fault : kFaults) {
    if (fault.site.hash == site.hash) return &fault;
  }
  return nullptr;
}

}  // namespace beach::sim
