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
constexpr std::size_t kPlacesPerFolder = 16;
constexpr std::uint64_t kPlacesPerFile = 4;

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

// Places in the files of a directory, but of `but`; of what cannot be listed or opened there are
// none.
std::vector<env::DeviceProbe::Place> PlacesIn(env::FileSystem& files, const std::string& directory,
                                              const std::string& but) {
  std::vector<env::DeviceProbe::Place> places;
  const auto names = files.List(directory);
  if (!names) return places;
  for (const std::string& name : *names) {
    const std::string path = env::JoinPath(directory, name);
    if (path == but || places.size() >= kPlacesPerFolder) continue;
    const auto file = files.Open(path, {.mode = env::OpenMode::kRead, .direct = false});
    if (!file) continue;
    const std::uint64_t size = (*file)->Size().value_or(0);
    const std::uint64_t step = std::max(env::kDirectAlignment, size / kPlacesPerFile);
    for (std::uint64_t offset = 0; offset < size; offset += step) {
      places.push_back(
          {.path = path, .offset = offset / env::kDirectAlignment * env::kDirectAlignment});
    }
  }
  return places;
}

// Of the directory and of those beside it: damage may have struck all that one has.
std::vector<env::DeviceProbe::Place> PlacesAround(env::FileSystem& files,
                                                  const std::string& directory,
                                                  const std::string& but) {
  std::vector<env::DeviceProbe::Place> places = PlacesIn(files, directory, but);
  const std::string parent = FolderOf(directory);
  const auto beside = files.List(parent);
  if (!beside) return places;
  std::size_t folders = 0;
  for (const std::string& name : *beside) {
    const std::string folder = env::JoinPath(parent, name);
    const bool is_it = folder == directory || folder == env::JoinPath(".", directory);
    const bool is_aside = name.ends_with(SetAsideNameOf(""));  // damaged as well
    if (is_it || is_aside || folders >= kFoldersMax) continue;
    const auto found = PlacesIn(files, folder, but);
    if (!found.empty()) ++folders;
    places.insert(places.end(), found.begin(), found.end());
  }
  return places;
}

// Of what cannot be read: kIo where the whole device cannot be.
Status CheckDevice(env::FileSystem& files, const std::string& directory, const Error& met) {
  if (!env::IsUnreadable(met)) return {};
  using env::DeviceProbe;
  DeviceProbe probe(files, PlacesAround(files, directory, met.path()), DeviceProbe::Proof::kTwo);
  return probe.Answers();
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
