// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/identity.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "base/site.h"
#include "engine/manifest/file_names.h"
#include "env/small_file.h"

namespace beach::engine {
namespace {

constexpr ByteView kMagic = "BEACHIDN";
constexpr std::size_t kCrcOffset = 32;
static_assert(kCrcOffset + sizeof(std::uint32_t) == kIdentitySize);

}  // namespace

Bytes EncodeIdentity(DatabaseId database) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed32(kIdentityVersion);
  encoder.Fixed32(0);
  encoder.Fixed64(database.high);
  encoder.Fixed64(database.low);
  encoder.Fixed32(Crc32c(bytes));
  BEACH_CHECK_EQ(bytes.size(), kIdentitySize);
  return bytes;
}

Result<DatabaseId> DecodeIdentity(ByteView bytes, const std::string& path) {
  if (!bytes.starts_with(kMagic)) {
    return Fail(Error(ErrorCode::kRefused, "not the identity of a database of ours").At(path, 0));
  }
  // First: a version is believed only under its checksum.
  if (bytes.size() < kIdentitySize ||
      Crc32c(bytes.substr(0, kCrcOffset)) != LoadFixed<std::uint32_t>(bytes.data() + kCrcOffset)) {
    return Fail(Error(ErrorCode::kCorruption, "damaged identity").At(path, 0));
  }
  Decoder decoder(bytes.substr(kMagic.size()));
  const std::uint32_t version = decoder.Fixed32();
  if (version != kIdentityVersion) {
    return Fail(Error(ErrorCode::kRefused,
                      "unknown version of the identity; use the release that "
                      "wrote it")
                    .At(path, kMagic.size()));
  }
  const std::uint32_t reserved = decoder.Fixed32();
  DatabaseId database;
  database.high = decoder.Fixed64();
  database.low = decoder.Fixed64();
  decoder.Fixed32();  // the checksum
  if (!decoder.done() || reserved != 0) {
    return Fail(Error(ErrorCode::kCorruption, "damaged identity").At(path, 0));
  }
  return database;
}

Result<DatabaseId> ReadIdentity(env::FileSystem& files, const std::string& directory) {
  const std::string path = env::JoinPath(directory, kIdentityFileName);
  // A little more than ours has: a longer file is then seen as what it is.
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(files, path, 4096));
  return DecodeIdentity(bytes, path);
}

Status WriteIdentity(env::FileSystem& files, const std::string& directory, DatabaseId database) {
  BEACH_TRY(env::WriteTemporaryFile(files, directory, kIdentityFileName, EncodeIdentity(database)));
  return env::PublishSmallFile(files, directory, kIdentityFileName);
}

DatabaseId NewDatabaseId(env::Clock& clock, const std::string& directory) {
  const std::uint64_t wall = clock.WallNow();
  const std::uint64_t monotonic = clock.MonotonicNow();
  const std::uint64_t name = Site::Hash(directory);
  return {.high = RandomValue(wall, monotonic, name), .low = RandomValue(monotonic, name, wall)};
}

}  // namespace beach::engine
