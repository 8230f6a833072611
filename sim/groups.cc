// SPDX-License-Identifier: Apache-2.0
#include "sim/groups.h"

namespace beach::sim {
namespace {

constexpr GroupKind kFault = GroupKind::kFault;
constexpr GroupKind kOracle = GroupKind::kOracle;

std::uint64_t ValueIn(const std::map<std::string, std::uint64_t>& options,
                      const std::string& name) {
  const auto found = options.find(name);
  return found == options.end() ? 0 : found->second;
}

}  // namespace

std::vector<Group> OwnGroups() {
  return {
      {kFault,
       "power-cuts",
       "Strikes by power loss, and what the others lose: all is kept",
       {"crash.power_loss"}},
      {kFault, "kills", "Strikes by kill -9", {"crash.kill"}},
      {kFault,
       "aimed-strikes",
       "Strikes that count failpoints, changes of the disk, or what is in flight: they count all "
       "seam calls",
       {"crash.strike_at"}},
      {kFault,
       "reordering",
       "Power cuts that keep un-synced work in another order than it was done: they keep a prefix",
       {"disk.cut.mode"}},
      {kFault, "torn-sectors", "Sectors that a power cut splits", {"disk.torn_sector"}},
      {kFault, "read-errors", "Reads that fail", {"disk.eio.read"}},
      {kFault,
       "write-errors",
       "Writes that fail, once or until the sector is given up",
       {"disk.eio.write", "disk.eio.write_sticky"}},
      {kFault,
       "sync-errors",
       "Syncs of files and directories that fail",
       {"disk.eio.sync", "disk.eio.sync_directory"}},
      {kFault,
       "name-errors",
       "Creating, renaming, removing and truncating that fails",
       {"disk.eio.metadata"}},
      {kFault,
       "no-space",
       "Want of space: drawn, at syncs, and of disks that are full",
       {"disk.no_space", "disk.no_space.sync", "disk.full"}},
      {kFault, "read-only", "File systems that turn read-only", {"disk.read_only"}},
      {kFault,
       "short-transfers",
       "Reads and writes that do a part of what they were asked for",
       {"disk.short_read", "disk.short_write"}},
      {kFault,
       "damage",
       "Bit rot and sectors that cannot be read",
       {"disk.bit_rot", "disk.latent_sector"}},
      {kFault,
       "lies",
       "What is out of contract: lying syncs, lost, stale and misdirected "
       "transfers, swapped disks",
       {"disk.lying_sync", "disk.lost_write", "disk.misdirected_read", "disk.misdirected_write",
        "disk.stale_read", "disk.swapped"}},
      {kFault,
       "late-bytes",
       "Bytes that are late or were lost on their way and are sent again",
       {"net.delay", "net.loss"}},
      {kFault,
       "broken-connections",
       "Connections that break, fall silent, or do not come about",
       {"net.reset", "net.half_open", "net.connect_hangs", "net.connect_refused"}},
      {kFault,
       "partitions",
       "Ways between hosts that are cut, in one direction or both, or narrow and long",
       {"net.partition", "net.slow"}},
      {kFault,
       "messages-of-consensus",
       "Messages between cores of consensus that are lost, come twice or late, snapshots that do "
       "not arrive, or whose sender crashes",
       {"raft.drop", "raft.duplicate", "raft.delay", "raft.snapshot_fails", "raft.sender_crashes"}},
      {kFault, "flipped-bits", "Bits that flip on their way", {"net.bit_flip"}},
      {kFault,
       "sync-profiles",
       "File systems that make of a failed sync what XFS does not",
       {"host.fsync_profile"}},
      {kFault,
       "disk-speeds",
       "Disks that are faster or slower than usual, and stalls",
       {"host.disk_speed", "disk.stall"}},
      {kFault,
       "clocks",
       "Clocks that step, stand still and drift",
       {"clock.step", "clock.freeze", "host.clock_drift"}},
      {kFault,
       "pauses",
       "Hosts and threads that pause, and slow processors",
       {"host.pause", "thread.stall", "host.slow_cpu"}},
      {kFault,
       "memory",
       "Allocations that fail, and machines with little memory",
       {"memory.exhausted", "memory.limit"}},
      {kFault,
       "descriptors",
       "Opens for which there is no descriptor left",
       {"process.descriptors"}},
      {kFault,
       "rare-branches",
       "BEACH_BUGGIFY: shrunk limits and rare branches in the code",
       {kBuggifyMember.name}},
      {kFault,
       "priorities",
       "The policy PCT of a quarter of the runs: they are random like the rest",
       {"schedule.policy"}},
      {kFault,
       "switches",
       "Switches of threads that need not be: a thread runs on until it blocks",
       {"schedule.switches"}},
      {kOracle,
       "progress",
       "No deadlock, livelock, hang, or thread left behind; an end at all",
       {"deadlock", "livelock", "event-limit", "threads-left", "hang"}},
      {kOracle,
       "excuses",
       "An error of a call has a fault that explains it",
       {"unexplained-error"}},
      {kOracle, "races", "No data race, in a preemption build", {"data-race"}},
      {kOracle,
       "own-checks",
       "No failed check, signal or sanitizer report of the code under test itself",
       {"abort", "segfault", "bus", "arithmetic", "illegal", "killed", "signal", "exit", "asan",
        "ubsan"}},
  };
}

const char* GroupKindName(GroupKind kind) { return kind == GroupKind::kFault ? "fault" : "oracle"; }

std::string_view MemberOf(std::string_view rule) {
  return rule.substr(0, rule.find_first_of(" :"));
}

bool IsWithout(const RunOptions& options, std::string_view member) {
  const std::string name = std::string(kWithoutPrefix) + std::string(member);
  if (options.options.contains(name)) return ValueIn(options.options, name) != 0;
  return options.replay != nullptr && ValueIn(options.replay->options, name) != 0;
}

}  // namespace beach::sim
