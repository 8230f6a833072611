// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "env/files.h"

namespace beach::engine {

// Prints the manifest that CURRENT names: header, each record with offset and decoded edit, and the
// state that they add up to. `print` gets one line at a time, without its end. All that is sound is
// printed before damage becomes the status; a torn tail is printed and is no error. Reads only.
Status DumpManifest(env::FileSystem& files, const std::string& directory,
                    const std::function<void(std::string_view)>& print);

}  // namespace beach::engine
