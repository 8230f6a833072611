// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "env/files.h"
#include "env/os/descriptor.h"

// Which Files are of this binding, and the descriptors under them: a loop is handed an env::File
// and must know, without trusting a cast. Of the process. Thread-safe.

namespace beach::env {

void RegisterOpenFile(const File& file, std::shared_ptr<const Descriptor> descriptor);
void ForgetOpenFile(const File& file);
// Null: the file is of another binding.
std::shared_ptr<const Descriptor> FindOpenFile(const File& file);

}  // namespace beach::env
