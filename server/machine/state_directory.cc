// SPDX-License-Identifier: Apache-2.0
#include "server/machine/state_directory.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/manifest/identity.h"
#include "engine/verify.h"
#include "env/device_probe.h"
#include "env/small_file.h"

namespace beach::server {
namespace {

constexpr std::uint64_t kMarkSizeMax = 4096;
constexpr std::size_t kFoldersMax = 16;
constexpr std::uint64_t kPlacesPerFolder = 16;

// "." where the path has none.
std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What is in it is files alone: a directory that is not is left to whoever has made it.
Status RemoveDirectoryOfFiles(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(const bool there, files.Exists(directory));
  if (!there) return {};
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) BEACH_TRY(files.Remove(env::JoinPath(directory, name)));
  BEACH_TRY(files.RemoveDirectory(directory));
  return files.SyncDirectory(FolderOf(directory));
}

// One look at all there is. What is wrong and no damage is an error.
Result<std::optional<Error>> Examine(env::FileSystem& files, const std::string& directory,
                                     bool is_ours) {
  const auto identity = engine::ReadIdentity(files, directory);
  if (!identity && MayBeDamage(identity.error(), is_ours)) return identity.error();
  auto report = engine::VerifyDatabase(files, directory);
  if (!report) {
    Error error = std::move(report).error();
    if (MayBeDamage(error, is_ours)) return error;
    // An empty directory, or one whose making a crash has ended.
    if (error.code() == ErrorCode::kNotFound) return std::nullopt;
    return Fail(std::move(error));
  }
  for (const Error& error : report->damage) {
    if (MayBeDamage(error, is_ours)) return error;
  }
  if (!report->damage.empty()) return Fail(report->damage.front());
  return std::nullopt;
}

// The begins of files in the directory and in those beside it; what cannot be listed has none.
std::vector<env::DeviceProbe::Place> PlacesAround(env::FileSystem& files,
                                                  const std::string& directory) {
  std::vector<std::string> folders = {directory};
  const std::string parent = FolderOf(directory);
  if (const auto beside = files.List(parent)) {
    for (const std::string& name : *beside) {
      const std::string folder = env::JoinPath(parent, name);
      if (folder != directory && folders.size() < kFoldersMax) folders.push_back(folder);
    }
  }
  std::vector<env::DeviceProbe::Place> places;
  for (const std::string& in : folders) {
    const auto names = files.List(in);
    if (!names) continue;  // a file
    std::uint64_t taken = 0;
    for (const std::string& name : *names) {
      const auto file = files.Open(env::JoinPath(in, name), {.mode = env::OpenMode::kRead});
      if (!file) continue;
      const auto size = (*file)->Size();
      if (!size || *size == 0) continue;
      places.push_back({.path = env::JoinPath(in, name), .offset = 0});
      if (++taken == kPlacesPerFolder) break;
    }
  }
  return places;
}

// Of what cannot be read: kIo where the whole device cannot be.
Status CheckDevice(env::FileSystem& files, const std::string& directory, const Error& met) {
  if (!env::IsUnreadable(met)) return {};
  std::vector<env::DeviceProbe::Place> places = PlacesAround(files, directory);
  std::erase_if(places,
                [&met](const env::DeviceProbe::Place& place) { return place.path == met.path(); });
  return env::DeviceProbe(files, std::move(places)).Answers();
}

bool SamePlace(const Error& one, const Error& other) {
  return one.code() == other.code() && one.path() == other.path() && one.offset() == other.offset();
}

}  // namespace

std::string DamageMarkOf(const std::string& directory) { return directory + ".damage"; }
std::string SetAsideNameOf(const std::string& directory) { return directory + ".damaged"; }

bool MayBeDamage(const Error& error, bool is_ours) {
  if (error.code() == ErrorCode::kCorruption) return true;
  if (env::IsUnreadable(error)) return true;
  // Versions are believed under a checksum alone: so it is refused for its first bytes.
  return error.code() == ErrorCode::kRefused && error.offset() == 0 && is_ours;
}

Status MarkDamaged(env::FileSystem& files, const std::string& directory, const Error& error) {
  const std::string path = DamageMarkOf(directory);
  BEACH_TRY_ASSIGN(const bool there, files.Exists(path));
  if (!there) {
    BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kCreate}));
    BEACH_TRY(file->Append((error.ToString() + "\n").substr(0, kMarkSizeMax)));
    BEACH_TRY(file->Sync());
  }
  // Also when it was there: who made it may have died before this.
  return files.SyncDirectory(FolderOf(directory));
}

Result<std::optional<Error>> ReadDamageMark(env::FileSystem& files, const std::string& directory) {
  const std::string path = DamageMarkOf(directory);
  BEACH_TRY_ASSIGN(const bool there, files.Exists(path));
  if (!there) return std::nullopt;
  Result<Bytes> text = env::ReadSmallFile(files, path, kMarkSizeMax);
  if (!text || text->empty()) text = Bytes("damage was met");
  while (text->ends_with('\n')) text->pop_back();
  return Error(ErrorCode::kCorruption, *std::move(text)).At(path);
}

Status RemoveDamageMark(env::FileSystem& files, const std::string& directory) {
  const std::string path = DamageMarkOf(directory);
  BEACH_TRY_ASSIGN(const bool there, files.Exists(path));
  if (!there) return {};
  BEACH_TRY(files.Remove(path));
  return files.SyncDirectory(FolderOf(directory));
}

// Sound tables that are set aside may be the last ones of the cluster: what is met but once, or
// elsewhere the next time, was the reading.
Result<std::optional<Error>> FindDamage(env::FileSystem& files, const std::string& directory,
                                        bool is_ours) {
  BEACH_TRY_ASSIGN(const bool there, files.Exists(directory));
  if (!there) return std::nullopt;
  BEACH_TRY_ASSIGN(std::optional<Error> met, Examine(files, directory, is_ours));
  if (!met) return std::nullopt;
  BEACH_TRY(CheckDevice(files, directory, *met));
  BEACH_TRY_ASSIGN(const std::optional<Error> again, Examine(files, directory, is_ours));
  if (!again || !SamePlace(*met, *again)) return std::nullopt;
  BEACH_TRY(CheckDevice(files, directory, *met));
  return met;
}

Status SetAside(env::FileSystem& files, const std::string& directory) {
  const std::string aside = SetAsideNameOf(directory);
  BEACH_TRY_ASSIGN(const bool there, files.Exists(aside));
  BEACH_TRY_ASSIGN(const std::vector<std::string> names, files.List(directory));
  const bool holds_tables =
      std::ranges::any_of(names, [](const std::string& name) { return name.ends_with(".sst"); });
  // What was to take the place of what is aside, and never held anything: that stays.
  if (there && !holds_tables) return RemoveDirectoryOfFiles(files, directory);
  BEACH_TRY(RemoveDirectoryOfFiles(files, aside));
  BEACH_TRY(files.Rename(directory, aside));
  return files.SyncDirectory(FolderOf(directory));
}

}  // namespace beach::server
