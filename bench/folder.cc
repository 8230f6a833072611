// SPDX-License-Identifier: Apache-2.0
#include "bench/folder.h"

#include <unistd.h>

#include <filesystem>

namespace beach::bench {

Result<std::unique_ptr<Folder>> Folder::Make(const std::string& parent) {
  std::unique_ptr<Folder> folder(new Folder(parent + "/beachbench-" + std::to_string(::getpid())));
  std::error_code error;
  std::filesystem::create_directories(folder->path_, error);
  if (error) return Fail(ErrnoError(error.value(), "create", folder->path_));
  return folder;
}

Folder::~Folder() {
  std::error_code ignored;  // there is nobody to be told
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace beach::bench
