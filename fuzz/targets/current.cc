// SPDX-License-Identifier: Apache-2.0
// CURRENT: there is one spelling of each manifest's name, and its checksum vouches for it.
#include <fmt/format.h>

#include "base/check.h"
#include "base/crc32c.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/manifest.h"
#include "engine/testing/memory_files.h"
#include "env/small_file.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine;  // NOLINT(google-build-using-namespace): the whole file is about it

constexpr char kDirectory[] = "db";

void Seal(Bytes& input) {
  const Bytes name = input.substr(0, input.find(' '));
  input = fmt::format("{} {:08x}\n", name, Crc32c(name));
}

// A name in a directory: one spelling of each.
void CheckName(ByteView name) {
  const auto parsed = ParseFileName(name);
  if (!parsed) return;
  switch (parsed->kind) {
    case FileKind::kManifest: BEACH_CHECK(ManifestFileName(parsed->number) == name); return;
    case FileKind::kTable: BEACH_CHECK(TableFileName(parsed->number) == name); return;
    case FileKind::kSegment: BEACH_CHECK(wal::SegmentFileName(parsed->number) == name); return;
    case FileKind::kLock: BEACH_CHECK(name == kLockFileName); return;
    case FileKind::kIdentity: BEACH_CHECK(name == kIdentityFileName); return;
    case FileKind::kCurrent: BEACH_CHECK(name == kCurrentFileName); return;
    case FileKind::kPartial: BEACH_CHECK(name == kPartialFileName); return;
    case FileKind::kTemporary: BEACH_CHECK(name.ends_with(env::kTemporarySuffix)); return;
  }
}

void Run(ByteView input) {
  CheckName(input);
  CheckName(input.substr(0, input.find(' ')));
  testing::MemoryFiles files;
  const Status made = files.CreateDirectory(kDirectory);
  BEACH_CHECK(made.has_value());
  const std::string path = env::JoinPath(kDirectory, kCurrentFileName);
  files.SetContent(path, Bytes(input));
  const auto read = ReadCurrent(files, kDirectory);
  if (!read) {
    BEACH_CHECK(read.error().code() == ErrorCode::kCorruption);
    BEACH_CHECK(read.error().path() == path);
    return;
  }
  BEACH_CHECK_GT(read->value, 0U);
  BEACH_CHECK(*read <= kFileNumberMax);
  BEACH_CHECK(EncodeCurrent(*read) == input);
}

}  // namespace

const Target current_target = {.name = "current", .run = Run, .seal = Seal, .size_max = 512};

}  // namespace beach::fuzz
