// SPDX-License-Identifier: Apache-2.0
#include "env/os/open_files.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/threads.h"

namespace beach::env {
namespace {

struct OpenFile {
  const File* file;
  std::shared_ptr<const Descriptor> descriptor;
};

struct OpenFiles {
  Mutex mutex;
  std::vector<OpenFile> files;  // under mutex; by address
};

// Never destroyed: a file may be closed by whatever ends after the statics of this one.
OpenFiles& All() {
  static OpenFiles* const all = new OpenFiles;
  return *all;
}

std::vector<OpenFile>::iterator Find(std::vector<OpenFile>& files, const File& file) {
  return std::lower_bound(files.begin(), files.end(), &file, [](const OpenFile& a, const File* b) {
    return std::less<const File*>()(a.file, b);
  });
}

}  // namespace

void RegisterOpenFile(const File& file, std::shared_ptr<const Descriptor> descriptor) {
  BEACH_CHECK(descriptor != nullptr);
  OpenFiles& all = All();
  const MutexLock lock(all.mutex);
  const auto place = Find(all.files, file);
  BEACH_CHECK(place == all.files.end() || place->file != &file);
  all.files.insert(place, {.file = &file, .descriptor = std::move(descriptor)});
}

void ForgetOpenFile(const File& file) {
  OpenFiles& all = All();
  const MutexLock lock(all.mutex);
  const auto place = Find(all.files, file);
  BEACH_CHECK(place != all.files.end() && place->file == &file);
  all.files.erase(place);
}

std::shared_ptr<const Descriptor> FindOpenFile(const File& file) {
  OpenFiles& all = All();
  const MutexLock lock(all.mutex);
  const auto place = Find(all.files, file);
  if (place == all.files.end() || place->file != &file) return nullptr;
  return place->descriptor;
}

}  // namespace beach::env
