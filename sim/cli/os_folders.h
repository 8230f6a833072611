// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "sim/disk/image.h"

// Images of disks (sim/disk/image.h) as folders of the machine that the program runs on.

namespace beach::sim::cli {

// Makes the folder, and in it what the image has; holes stay holes. kAlreadyExists: there is
// something of the name `folder`, which was not touched. After another error it is there in part.
Status OsUnpack(const DiskImage& image, const std::string& folder);
// What is in a folder: files, folders, and names of one file as links to the first. kRefused:
// something else is in it, as a symbolic link is.
Result<DiskImage> OsPack(const std::string& folder);

}  // namespace beach::sim::cli
