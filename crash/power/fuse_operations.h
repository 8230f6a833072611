// SPDX-License-Identifier: Apache-2.0
#pragma once

// The version that lets a program say how many threads may wait.
#define FUSE_USE_VERSION 312
#include <fuse3/fuse.h>
#include <fuse3/fuse_lowlevel.h>

namespace beach::crash {

// What libfuse calls for each request; the private data of the mount is a PosixDisk.
const fuse_operations& FuseOperations();

}  // namespace beach::crash
