// SPDX-License-Identifier: Apache-2.0
// A manifest file, as CURRENT names it. Its records, framed anew, are the same bytes; dump and
// reader agree; and a manifest that starts from its state is read back as that state.
#include "engine/manifest/manifest_file.h"

#include <algorithm>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/dump.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/testing/memory_files.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine;  // NOLINT(google-build-using-namespace): the whole file is about it

constexpr char kDirectory[] = "db";
constexpr std::size_t kFileNumberOffset = 16;
constexpr std::size_t kHeaderCrcOffset = 32;

FileNumber OwnNumber(ByteView input) {
  if (input.size() < kManifestHeaderSize) return FileNumber(1);
  return FileNumber(LoadFixed<std::uint64_t>(input.data() + kFileNumberOffset));
}

void Seal(Bytes& input) {
  if (input.size() < kManifestHeaderSize) return;
  StoreFixed(input.data() + kHeaderCrcOffset, Crc32c(ByteView(input).substr(0, kHeaderCrcOffset)));
  const FileNumber file = OwnNumber(input);
  std::size_t offset = kManifestHeaderSize;
  while (input.size() - offset > kManifestRecordHeaderSize) {
    const auto length = LoadFixed<std::uint32_t>(input.data() + offset + 4);
    const std::size_t room = input.size() - offset - kManifestRecordHeaderSize;
    if (length == 0 || length > room) return;
    Bytes record;
    AppendManifestRecord(record, file, offset,
                         ByteView(input).substr(offset + kManifestRecordHeaderSize, length));
    input.replace(offset, record.size(), record);
    offset += record.size();
  }
}

void CheckFraming(ByteView input, FileNumber file, const ManifestContents& contents) {
  Bytes again(input.substr(0, kManifestHeaderSize));
  for (const ManifestRecord& record : contents.records) {
    BEACH_CHECK_EQ(record.offset, again.size());
    AppendManifestRecord(again, file, record.offset, record.payload);
  }
  BEACH_CHECK_EQ(contents.end, again.size());
  BEACH_CHECK(input.starts_with(again));
  BEACH_CHECK_EQ(contents.end + contents.torn_tail_bytes, input.size());
}

void CheckStartedFrom(env::FileSystem& files, const ManifestState& state) {
  // The last number that is drawn may be the greatest there is.
  if (state.next_file >= kFileNumberMax) return;
  const auto manifest = Manifest::Start(files, kDirectory, state, kMiB);
  BEACH_CHECK(manifest.has_value());
  const auto read = ReadManifest(files, kDirectory, state.database);
  BEACH_CHECK(read.has_value());
  ManifestState expected = state;
  expected.next_file = state.next_file.Next();
  BEACH_CHECK(read->file == state.next_file);
  BEACH_CHECK(read->state == expected);
  BEACH_CHECK_EQ(read->torn_tail_bytes, 0U);
}

void Run(ByteView input) {
  const FileNumber file = OwnNumber(input);
  ManifestContents contents;
  const Status parsed = ParseManifest(input, file, "manifest", contents);
  if (!parsed) {
    const ErrorCode code = parsed.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return;
  }
  CheckFraming(input, file, contents);

  if (file == FileNumber{} || file > kFileNumberMax) return;  // CURRENT cannot name it
  DatabaseId database;
  for (const ManifestRecord& record : contents.records) {
    const auto edit = DecodeManifestEdit(record.payload);
    if (edit && edit->database) database = *edit->database;
  }
  testing::MemoryFiles files;
  const Status made = files.CreateDirectory(kDirectory);
  BEACH_CHECK(made.has_value());
  files.SetContent(env::JoinPath(kDirectory, kLockFileName), {});
  files.SetContent(env::JoinPath(kDirectory, kIdentityFileName), EncodeIdentity(database));
  files.SetContent(env::JoinPath(kDirectory, kCurrentFileName), EncodeCurrent(file));
  files.SetContent(env::JoinPath(kDirectory, ManifestFileName(file)), Bytes(input));
  const auto read = ReadManifest(files, kDirectory, database);
  const Status dumped = DumpManifest(files, kDirectory, [](std::string_view) {});
  if (!read) {
    const ErrorCode code = read.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return;
  }
  BEACH_CHECK(dumped.has_value());
  BEACH_CHECK_EQ(read->records, contents.records.size());
  const Status checked = read->state.Check();
  BEACH_CHECK(checked.has_value());
  CheckStartedFrom(files, read->state);
}

}  // namespace

const Target manifest_file_target = {
    .name = "manifest_file", .run = Run, .seal = Seal, .size_max = 16 * 1024};

}  // namespace beach::fuzz
