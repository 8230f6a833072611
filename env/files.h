// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

// The seam for files. What a crash may leave behind is the contract here, and is what the virtual
// disk of sim/ implements:
//   - a process crash loses nothing that a write call returned for;
//   - a power loss keeps any subset of what was not synced: written sectors (512 bytes) one by one,
//     a file's size apart from its data, each directory entry apart from the others;
//   - Sync and SyncData make a file's content durable, never its name: SyncDirectory does that.
//
// A failed sync may have dropped the data it was to write, and the next sync may then succeed
// without it: never retry one. All offsets and sizes are bytes.
//
// Errors carry path, offset where there is one, and errno: kNotFound, kAlreadyExists, kNoSpace,
// kBusy, kUnsupported and kInvalidArgument (an unaligned direct write) where they say so by name,
// kIo for all else that the OS refuses.

namespace beach::env {

inline constexpr std::uint64_t kDirectAlignment = 4096;  // for offset, length and memory

enum class OpenMode : std::uint8_t {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // must not exist; for reading and writing
};

struct OpenOptions {
  OpenMode mode = OpenMode::kRead;
  // O_DIRECT|O_DSYNC: every write is whole aligned blocks from aligned memory, is durable when it
  // returns, and leaves buffered data written before it un-synced. Open fails with kUnsupported
  // where the file system refuses it.
  bool direct = false;
};

// What the loop of a binding knows of that binding's own writes, to be told of their end.
class LoopWrite {
 protected:
  ~LoopWrite() = default;
};

// A write with data sync under way. Destroying it waits for it. One waiter.
class PendingWrite {
 public:
  virtual ~PendingWrite() = default;

  // Blocks until the write is durable or has failed. Later calls give the same answer.
  virtual Status Wait() = 0;
  // Whether Wait would return at once. Does not block.
  virtual bool Done() = 0;
  // For the loop of the same binding alone; null where it is done already.
  virtual LoopWrite* loop_write() { return nullptr; }
};

// An open file. Positioned calls on distinct ranges may run concurrently; Append, Truncate and
// Allocate exclude every other writer. Closing (destroying) does not sync.
class File {
 public:
  virtual ~File() = default;

  // Fills `target` from `offset` on; fewer bytes than asked for (also 0) only at the end of file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) = 0;
  // Writes all of `data`, or fails having written any part of it. Extends the file where needed; a
  // gap reads as zeros.
  virtual Status WriteAt(std::uint64_t offset, ByteView data) = 0;
  // WriteAt the end of file.
  virtual Status Append(ByteView data) = 0;

  // Submits a write and its data sync; what was written to the file before is not included unless
  // it shares the flush by chance. Several may be in flight, and complete in any order. `data` must
  // stay as it is until the write has completed.
  virtual Result<std::unique_ptr<PendingWrite>> SubmitWrite(std::uint64_t offset,
                                                            ByteView data) = 0;

  virtual Status Sync() = 0;      // data and all metadata
  virtual Status SyncData() = 0;  // data, and the size needed to read it back
  // Lets the disk begin with what was written there, so that a later sync waits for less. A hint:
  // it promises nothing, and that sync reports what fails meanwhile.
  virtual void BeginWriteBack(std::uint64_t /*offset*/, std::uint64_t /*length*/) {}
  virtual Status Truncate(std::uint64_t size_bytes) = 0;
  // Reserves room for [0, size_bytes) and extends the file to it with zeros.
  virtual Status Allocate(std::uint64_t size_bytes) = 0;
  virtual Result<std::uint64_t> Size() = 0;

  virtual const std::string& path() const = 0;
};

// An exclusive lock on a file, held until destroyed or the process dies. The file stays.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// Names and directories. Thread-safe. Paths use '/', are relative to the process's working
// directory unless they begin with it, and have no "." or ".." parts.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // kNotFound, kAlreadyExists: see OpenMode; kUnsupported: see OpenOptions::direct. REQUIRES: the
  // file system outlives the file. kRefused, without waiting: the name is that of a directory, a
  // pipe, or whatever else is no regular file.
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenOptions options) = 0;
  virtual Result<bool> Exists(const std::string& path) = 0;
  // Atomically replaces `to` where it exists.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // A second name for a file. kAlreadyExists where `to` exists.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
  // A file, not a directory; one that is open lives on until it is closed. kNotFound.
  virtual Status Remove(const std::string& path) = 0;
  // Names (not paths) of files and directories in it, sorted bytewise.
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  // kAlreadyExists where it exists.
  virtual Status CreateDirectory(const std::string& path) = 0;
  // REQUIRES: empty.
  virtual Status RemoveDirectory(const std::string& path) = 0;
  // Makes the directory's present entries durable.
  virtual Status SyncDirectory(const std::string& path) = 0;
  // Locks the file, creating it where needed. kBusy when another handle holds it, in this process
  // or another.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
  // Bytes that may still be written on the file system that `path`, which exists, is on.
  virtual Result<std::uint64_t> FreeSpace(const std::string& path) = 0;
};

// "dir/name".
inline std::string JoinPath(const std::string& directory, const std::string& name) {
  return directory + "/" + name;
}

}  // namespace beach::env
