// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "env/files.h"

namespace beach::engine::sst {

// Prints a table without its manifest: footer, properties, each block with offset, size and
// checksum verdict, and with `entries` each entry. `print` gets one line at a time, without its end.
// Identity is taken from the footer itself. What is damaged is said and passed over; the first
// damage is also the status. Reads only.
Status DumpTable(env::FileSystem& files, const std::string& path, bool entries,
                 const std::function<void(std::string_view)>& print);

}  // namespace beach::engine::sst
