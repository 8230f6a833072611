// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

// What this process and this machine tell about themselves.

namespace beach::bench {

std::uint64_t NowNs();  // since any moment; never goes back
void SleepNs(std::uint64_t duration_ns);

std::uint64_t ProcessorNs();  // spent by all threads of this process
// Memory of this process that was resident at once, at most; 0 where the kernel does not tell.
std::uint64_t PeakRssBytes();
std::uint64_t RssBytes();  // now
// What this process has sent to disks so far, in whole pages where files were written through the
// page cache: 0 on file systems that are none, as tmpfs.
std::uint64_t WrittenBytes();

// Blocks that the files in a directory, and below, take on the disk.
std::uint64_t DiskBytes(const std::string& directory);
Result<std::uint64_t> FreeBytes(const std::string& directory);
// Waits until the file system of `directory` has nothing to write any more.
void SyncAll(const std::string& directory);

// Waits until this process neither computes nor writes for a fifth of a second: the background
// threads of whatever engine rest. Gives up after `limit_ns`. Returns how long it took, the last
// fifth not counted.
std::uint64_t AwaitRest(std::uint64_t limit_ns);

}  // namespace beach::bench
