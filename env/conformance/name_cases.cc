// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>
#include <vector>

#include "env/conformance/expect.h"
#include "env/conformance/file_cases.h"

namespace beach::env::conformance {
namespace {

using Names = std::vector<std::string>;

void ExistsKnowsFilesAndDirectories(Fixture& world) {
  FileSystem& files = world.files();
  EXPECT_EQ(files.Exists(world.Path("f")), false);
  ASSERT_OK(MakeFile(files, world.Path("f"), ""));
  ASSERT_OK(files.CreateDirectory(world.Path("d")));
  EXPECT_EQ(files.Exists(world.Path("f")), true);
  EXPECT_EQ(files.Exists(world.Path("d")), true);
  EXPECT_EQ(files.Exists(world.directory()), true);
}

void RenameMovesTheName(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("old"), "content"));
  ASSERT_OK(files.Rename(world.Path("old"), world.Path("new")));
  EXPECT_EQ(files.List(world.directory()), Names{"new"});
  EXPECT_EQ(ReadFile(files, world.Path("new")), Bytes("content"));
}

void RenameReplacesItsTarget(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("CURRENT"), "one"));
  ASSERT_OK(MakeFile(files, world.Path("CURRENT.tmp"), "two"));
  ASSERT_OK_ASSIGN(const auto replaced, files.Open(world.Path("CURRENT"), {}));
  ASSERT_OK(files.Rename(world.Path("CURRENT.tmp"), world.Path("CURRENT")));
  EXPECT_EQ(files.List(world.directory()), Names{"CURRENT"});
  EXPECT_EQ(ReadFile(files, world.Path("CURRENT")), Bytes("two"));
  EXPECT_EQ(ReadBytes(*replaced, 0, 10), Bytes("one"));  // an open handle keeps what it opened
}

void RenameBetweenDirectories(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(files.CreateDirectory(world.Path("d")));
  ASSERT_OK(MakeFile(files, world.Path("f"), "content"));
  ASSERT_OK(files.Rename(world.Path("f"), world.Path("d/g")));
  EXPECT_EQ(files.List(world.directory()), Names{"d"});
  EXPECT_EQ(ReadFile(files, world.Path("d/g")), Bytes("content"));
}

void RenameOfAMissingFileIsNotFound(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("kept"), "kept"));
  EXPECT_TRUE(FailsWithErrno(files.Rename(world.Path("missing"), world.Path("kept")),
                             ErrorCode::kNotFound, world.Path("missing"), ENOENT));
  EXPECT_EQ(ReadFile(files, world.Path("kept")), Bytes("kept"));
}

void OpenHandleFollowsItsFileThroughRename(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK_ASSIGN(const auto file, files.Open(world.Path("a"), {.mode = OpenMode::kCreate}));
  ASSERT_OK(files.Rename(world.Path("a"), world.Path("b")));
  ASSERT_OK(file->Append("late"));
  EXPECT_EQ(ReadFile(files, world.Path("b")), Bytes("late"));
}

void LinkGivesASecondName(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK_ASSIGN(const auto file, files.Open(world.Path("a"), {.mode = OpenMode::kCreate}));
  ASSERT_OK(files.Link(world.Path("a"), world.Path("b")));
  ASSERT_OK(file->Append("both"));
  EXPECT_EQ(ReadFile(files, world.Path("b")), Bytes("both"));
  ASSERT_OK(files.Remove(world.Path("a")));
  EXPECT_EQ(ReadFile(files, world.Path("b")), Bytes("both"));
  EXPECT_EQ(files.List(world.directory()), Names{"b"});
}

void LinkRefusesAnExistingName(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("a"), "a"));
  ASSERT_OK(MakeFile(files, world.Path("b"), "b"));
  EXPECT_TRUE(FailsWithErrno(files.Link(world.Path("a"), world.Path("b")),
                             ErrorCode::kAlreadyExists, world.Path("b"), EEXIST));
  EXPECT_EQ(ReadFile(files, world.Path("b")), Bytes("b"));
  EXPECT_TRUE(FailsWithErrno(files.Link(world.Path("missing"), world.Path("c")),
                             ErrorCode::kNotFound, world.Path("missing"), ENOENT));
}

void RemovedFileLivesWhileOpen(Fixture& world) {
  FileSystem& files = world.files();
  const std::string path = world.Path("a");
  ASSERT_OK_ASSIGN(const auto file, files.Open(path, {.mode = OpenMode::kCreate}));
  ASSERT_OK(file->Append("here"));
  ASSERT_OK(files.Remove(path));
  EXPECT_EQ(files.Exists(path), false);
  EXPECT_EQ(ReadBytes(*file, 0, 10), Bytes("here"));
  ASSERT_OK(file->Append("!"));
  // A new file of that name is another file.
  ASSERT_OK(MakeFile(files, path, "new"));
  EXPECT_EQ(ReadBytes(*file, 0, 10), Bytes("here!"));
  EXPECT_EQ(ReadFile(files, path), Bytes("new"));
}

void RemoveOfAMissingFileIsNotFound(Fixture& world) {
  const std::string path = world.Path("missing");
  EXPECT_TRUE(FailsWithErrno(world.files().Remove(path), ErrorCode::kNotFound, path, ENOENT));
}

void RemoveTakesFilesAndRemoveDirectoryDirectories(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("f"), ""));
  ASSERT_OK(files.CreateDirectory(world.Path("d")));
  EXPECT_FALSE(files.Remove(world.Path("d")).has_value());
  EXPECT_FALSE(files.RemoveDirectory(world.Path("f")).has_value());
  EXPECT_EQ(files.List(world.directory()), (Names{"d", "f"}));
  ASSERT_OK(files.RemoveDirectory(world.Path("d")));
  EXPECT_EQ(files.List(world.directory()), Names{"f"});
}

void RemoveDirectoryRefusesAFullOne(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(files.CreateDirectory(world.Path("d")));
  ASSERT_OK(MakeFile(files, world.Path("d/f"), "kept"));
  const Status refused = files.RemoveDirectory(world.Path("d"));
  EXPECT_TRUE(FailsWithErrno(refused, ErrorCode::kIo, world.Path("d"), ENOTEMPTY));
  EXPECT_EQ(ReadFile(files, world.Path("d/f")), Bytes("kept"));
  const std::string missing = world.Path("missing");
  EXPECT_TRUE(FailsWith(files.RemoveDirectory(missing), ErrorCode::kNotFound, missing));
}

void CreateDirectoryRefusesAnExistingName(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(files.CreateDirectory(world.Path("d")));
  ASSERT_OK(MakeFile(files, world.Path("f"), ""));
  for (const char* name : {"d", "f"}) {
    EXPECT_TRUE(FailsWithErrno(files.CreateDirectory(world.Path(name)),
                               ErrorCode::kAlreadyExists, world.Path(name), EEXIST));
  }
  const std::string orphan = world.Path("missing/d");
  EXPECT_TRUE(FailsWith(files.CreateDirectory(orphan), ErrorCode::kNotFound, orphan));
}

void ListIsSortedBytewise(Fixture& world) {
  FileSystem& files = world.files();
  EXPECT_EQ(files.List(world.directory()), Names{});
  for (const char* name : {"b", "a.tmp", "\xc3\xa9", "B", "a", "000010", "00002", ".hidden"}) {
    ASSERT_OK(MakeFile(files, world.Path(name), ""));
  }
  ASSERT_OK(files.CreateDirectory(world.Path("aa")));
  ASSERT_OK(MakeFile(files, world.Path("aa/inner"), ""));
  EXPECT_EQ(files.List(world.directory()),
            (Names{".hidden", "000010", "00002", "B", "a", "a.tmp", "aa", "b", "\xc3\xa9"}));
  EXPECT_EQ(files.List(world.Path("aa")), Names{"inner"});
}

void ListOfAMissingDirectoryIsNotFound(Fixture& world) {
  const std::string path = world.Path("missing");
  EXPECT_TRUE(FailsWithErrno(world.files().List(path), ErrorCode::kNotFound, path, ENOENT));
}

void SyncDirectoryWantsADirectory(Fixture& world) {
  FileSystem& files = world.files();
  ASSERT_OK(MakeFile(files, world.Path("f"), ""));
  ASSERT_OK(files.SyncDirectory(world.directory()));
  const std::string path = world.Path("missing");
  EXPECT_TRUE(FailsWithErrno(files.SyncDirectory(path), ErrorCode::kNotFound, path, ENOENT));
}

void LockExcludesUntilReleased(Fixture& world) {
  FileSystem& files = world.files();
  const std::string path = world.Path("LOCK");
  {
    ASSERT_OK_ASSIGN(const auto lock, files.Lock(path));
    EXPECT_EQ(files.Exists(path), true);
    EXPECT_TRUE(FailsWith(files.Lock(path), ErrorCode::kBusy, path));
    EXPECT_TRUE(FailsWith(files.Lock(path), ErrorCode::kBusy, path));  // a refusal frees nothing
    ASSERT_OK(files.Lock(world.Path("OTHER")));
  }
  ASSERT_OK(files.Lock(path));
  ASSERT_OK(files.Lock(path));
}

void LockKeepsTheContent(Fixture& world) {
  const std::string path = world.Path("LOCK");
  ASSERT_OK(MakeFile(world.files(), path, "identity"));
  ASSERT_OK_ASSIGN(const auto lock, world.files().Lock(path));
  EXPECT_EQ(ReadFile(world.files(), path), Bytes("identity"));
}

void FreeSpaceIsKnown(Fixture& world) {
  ASSERT_OK_ASSIGN(const std::uint64_t free, world.files().FreeSpace(world.directory()));
  EXPECT_GT(free, 0U);
}

constexpr Case kCases[] = {
    {"ExistsKnowsFilesAndDirectories", ExistsKnowsFilesAndDirectories},
    {"RenameMovesTheName", RenameMovesTheName},
    {"RenameReplacesItsTarget", RenameReplacesItsTarget},
    {"RenameBetweenDirectories", RenameBetweenDirectories},
    {"RenameOfAMissingFileIsNotFound", RenameOfAMissingFileIsNotFound},
    {"OpenHandleFollowsItsFileThroughRename", OpenHandleFollowsItsFileThroughRename},
    {"LinkGivesASecondName", LinkGivesASecondName},
    {"LinkRefusesAnExistingName", LinkRefusesAnExistingName},
    {"RemovedFileLivesWhileOpen", RemovedFileLivesWhileOpen},
    {"RemoveOfAMissingFileIsNotFound", RemoveOfAMissingFileIsNotFound},
    {"RemoveTakesFilesAndRemoveDirectoryDirectories",
     RemoveTakesFilesAndRemoveDirectoryDirectories},
    {"RemoveDirectoryRefusesAFullOne", RemoveDirectoryRefusesAFullOne},
    {"CreateDirectoryRefusesAnExistingName", CreateDirectoryRefusesAnExistingName},
    {"ListIsSortedBytewise", ListIsSortedBytewise},
    {"ListOfAMissingDirectoryIsNotFound", ListOfAMissingDirectoryIsNotFound},
    {"SyncDirectoryWantsADirectory", SyncDirectoryWantsADirectory},
    {"LockExcludesUntilReleased", LockExcludesUntilReleased},
    {"LockKeepsTheContent", LockKeepsTheContent},
    {"FreeSpaceIsKnown", FreeSpaceIsKnown},
};

}  // namespace

std::span<const Case> NameCases() { return kCases; }

}  // namespace beach::env::conformance
