// SPDX-License-Identifier: Apache-2.0
#include "sim/virtual_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/system_scope.h"

// Shape of every call: pass the gate (which may switch, or never return), touch the disk with a
// SystemScope open and no switch inside, build the answer in the process's own memory, pass the
// gate out. A kill inside the gate abandons the frame: nothing in it may own simulation memory.

namespace beach::sim {
namespace {

// How long the device takes, in virtual nanoseconds.
constexpr std::uint64_t kMicrosecond = 1000;
constexpr std::uint64_t kSyncLow = 60 * kMicrosecond;
constexpr std::uint64_t kSyncHigh = 300 * kMicrosecond;
constexpr std::uint64_t kDirectLow = 20 * kMicrosecond;
constexpr std::uint64_t kDirectHigh = 120 * kMicrosecond;
// Of a read, where the disk is slow or stalls. On others it costs no more than the call.
constexpr std::uint64_t kReadLow = 20 * kMicrosecond;
constexpr std::uint64_t kReadHigh = 120 * kMicrosecond;
// Nanoseconds for each 4 KiB on top: about 1.6 GB/s.
constexpr std::uint64_t kPerBlock = 2500;
// A buffered write above it may be met by a kill half-way.
constexpr std::size_t kUnsplitMax = 4096;

struct Seam {
  Disk& disk;
  SeamGate& gate;
  ProcessId process;
};

// Calls the disk in the simulation's memory. Nothing in `call` may block.
template <class Call>
auto OnDisk(Call call) {
  const SystemScope scope;
  return call();
}

bool Aligned(const char* data) {
  return reinterpret_cast<std::uintptr_t>(data) % env::kDirectAlignment == 0;
}

Status Outcome(int result, const char* operation, const std::string& path,
               std::uint64_t offset = Error::kNoOffset) {
  if (result >= 0) return {};
  return Fail(ErrnoError(-result, operation, path, offset));
}

std::uint64_t WriteDue(const Seam& seam, std::size_t length) {
  const std::uint64_t latency =
      OnDisk([&] { return seam.disk.DrawLatency("disk.latency.write", kDirectLow, kDirectHigh); });
  return seam.gate.Now() + latency + length / 4096 * kPerBlock;
}

// Where the caller of a sync waits. What the sync covers was fixed before.
void WaitForSync(const Seam& seam) {
  const std::uint64_t latency =
      OnDisk([&] { return seam.disk.DrawLatency("disk.latency.sync", kSyncLow, kSyncHigh); });
  const std::uint64_t now = seam.gate.Now();
  seam.gate.WaitUntil(now + latency);
  seam.gate.Leave("files.sync.submitted");
  seam.gate.Enter("files.sync.in_flight", latency);  // a power loss here finds it not yet done
}

void WaitForRead(const Seam& seam) {
  if (!OnDisk([&] { return seam.disk.ReadsTakeTime(); })) return;
  const std::uint64_t latency =
      OnDisk([&] { return seam.disk.DrawLatency("disk.latency.read", kReadLow, kReadHigh); });
  const std::uint64_t now = seam.gate.Now();
  seam.gate.WaitUntil(now + latency);
}

class VirtualPendingWrite final : public env::PendingWrite, public VirtualWrite {
 public:
  VirtualPendingWrite(Seam seam, WriteTicket ticket, std::uint64_t due, std::string path,
                      std::uint64_t offset, std::uint64_t length)
      : seam_(seam),
        ticket_(ticket),
        due_(due),
        path_(std::move(path)),
        offset_(offset),
        length_(length) {}
  VirtualPendingWrite(const VirtualPendingWrite&) = delete;
  VirtualPendingWrite& operator=(const VirtualPendingWrite&) = delete;

  ~VirtualPendingWrite() override {
    if (!completed_) static_cast<void>(Wait());
  }

  Status Wait() override {
    seam_.gate.Began(
        {.name = "wait for write", .path = path_, .offset = offset_, .length = length_});
    seam_.gate.Enter("files.write.wait", offset_);
    while (!completed_) {
      seam_.gate.WaitUntil(due_);
      if (!completed_) Complete();
    }
    Status status = outcome();
    seam_.gate.Done(result_);
    seam_.gate.Leave("files.write.wait");
    return status;
  }

  VirtualWrite* loop_write() override { return this; }
  std::uint64_t due_ns() const override { return due_; }
  bool Look() override { return Done(); }
  Status outcome() const override {
    return Outcome(result_, "write with data sync", path_, offset_);
  }

  bool Done() override {
    seam_.gate.Began({.name = "poll write", .path = path_, .offset = offset_, .length = length_});
    seam_.gate.Enter("files.write.poll", offset_);
    if (!completed_ && seam_.gate.Now() >= due_) Complete();
    seam_.gate.Done(completed_ ? 1 : 0, completed_ ? SeenChanges::kYes : SeenChanges::kNo);
    seam_.gate.Leave("files.write.poll");
    return completed_;
  }

 private:
  // Of a write that was cut short, the rest is submitted anew.
  void Complete() {
    const SystemScope scope;
    const std::int64_t left = seam_.disk.CompleteWrite(ticket_);
    if (left > 0) {
      due_ = WriteDue(seam_, static_cast<std::size_t>(left));
      return;
    }
    completed_ = true;
    result_ = static_cast<int>(left);
  }

  const Seam seam_;
  const WriteTicket ticket_;
  std::uint64_t due_;
  const std::string path_;
  const std::uint64_t offset_;
  const std::uint64_t length_;
  bool completed_ = false;
  int result_ = 0;
};

class VirtualFile final : public env::File {
 public:
  VirtualFile(Seam seam, Descriptor descriptor, std::string path, bool direct)
      : seam_(seam), descriptor_(descriptor), path_(std::move(path)), direct_(direct) {}
  VirtualFile(const VirtualFile&) = delete;
  VirtualFile& operator=(const VirtualFile&) = delete;

  ~VirtualFile() override {
    seam_.gate.Began({.name = "close", .path = path_});
    seam_.gate.Enter("files.close", descriptor_.value);
    {
      const SystemScope scope;
      seam_.disk.Close(descriptor_);
    }
    seam_.gate.Done(0);
    seam_.gate.Leave("files.close");
  }

  Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override;
  Status WriteAt(std::uint64_t offset, ByteView data) override;
  Status Append(ByteView data) override;
  Result<std::unique_ptr<env::PendingWrite>> SubmitWrite(std::uint64_t offset,
                                                         ByteView data) override;
  Status Sync() override;
  Status SyncData() override;
  Status Truncate(std::uint64_t size_bytes) override;
  Status Allocate(std::uint64_t size_bytes) override;
  Result<std::uint64_t> Size() override;
  const std::string& path() const override { return path_; }

 private:
  Status CheckDirect(std::uint64_t offset, ByteView data) const;
  // -errno. The gate has been entered.
  int WriteDirect(std::uint64_t offset, ByteView data);
  int WriteBuffered(std::uint64_t offset, ByteView data);
  // Until all is written; one write may take less than it is given.
  int WritePiece(std::uint64_t offset, ByteView data);
  // -errno, or the size.
  std::int64_t SizeNow() const;

  const Seam seam_;
  const Descriptor descriptor_;
  const std::string path_;
  const bool direct_;
};

Result<std::size_t> VirtualFile::ReadAt(std::uint64_t offset, char* target, std::size_t length) {
  seam_.gate.Began({.name = "read", .path = path_, .offset = offset, .length = length});
  seam_.gate.Enter("files.read", offset);
  WaitForRead(seam_);
  std::size_t done = 0;
  std::int64_t got = 0;
  for (bool cut_short = true; cut_short;) {
    if (done > 0) {
      seam_.gate.Leave("files.read.short");
      seam_.gate.Enter("files.read.rest", offset + done);
    }
    got = OnDisk([&] {
      return seam_.disk.ReadSome(descriptor_, offset + done, target + done, length - done,
                                 cut_short);
    });
    if (got < 0) break;
    done += static_cast<std::size_t>(got);
    BEACH_CHECK_LE(done, length);
  }
  Result<std::size_t> result = done;
  if (got < 0) result = Fail(ErrnoError(static_cast<int>(-got), "read", path_, offset + done));
  seam_.gate.Done(got < 0 ? got : static_cast<std::int64_t>(done), SeenChanges::kNo);
  seam_.gate.Leave("files.read");
  return result;
}

Status VirtualFile::CheckDirect(std::uint64_t offset, ByteView data) const {
  if (!direct_) return {};
  const bool aligned = Aligned(data.data()) && offset % env::kDirectAlignment == 0 &&
                       data.size() % env::kDirectAlignment == 0;
  if (aligned) return {};
  return Fail(Error(ErrorCode::kInvalidArgument,
                    "direct write of " + std::to_string(data.size()) +
                        " bytes: offset, length and memory must be multiples of 4096")
                  .At(path_, offset));
}

int VirtualFile::WriteDirect(std::uint64_t offset, ByteView data) {
  WriteTicket ticket;
  const auto result =
      OnDisk([&] { return seam_.disk.SubmitWrite(descriptor_, offset, data, true, ticket); });
  if (result != 0) return result;
  std::int64_t left = static_cast<std::int64_t>(data.size());
  do {
    const std::uint64_t due = WriteDue(seam_, static_cast<std::size_t>(left));
    seam_.gate.WaitUntil(due);
    seam_.gate.Leave("files.write.submitted");
    seam_.gate.Enter("files.write.in_flight", offset);  // a power loss here cuts the write
    left = OnDisk([&] { return seam_.disk.CompleteWrite(ticket); });
  } while (left > 0);  // it was cut short
  return static_cast<int>(left);
}

int VirtualFile::WritePiece(std::uint64_t offset, ByteView data) {
  for (bool first = true;; first = false) {
    if (!first) {
      seam_.gate.Leave("files.write.short");
      seam_.gate.Enter("files.write.rest", offset);
    }
    const std::int64_t written =
        OnDisk([&] { return seam_.disk.WriteSome(descriptor_, offset, data, false); });
    if (written < 0) return static_cast<int>(written);
    data.remove_prefix(static_cast<std::size_t>(written));
    if (data.empty()) return 0;
    offset += static_cast<std::uint64_t>(written);
  }
}

int VirtualFile::WriteBuffered(std::uint64_t offset, ByteView data) {
  std::size_t first = 0;
  if (data.size() > kUnsplitMax) {
    // One in four is met half-way, between two pages, as the kernel copies.
    const SystemScope scope;
    const std::uint64_t end = offset + seam_.disk.Draw("files.write.split", data.size() * 4);
    const std::uint64_t page = end - end % env::kDirectAlignment;
    if (page > offset && page < offset + data.size()) first = page - offset;
  }
  if (first > 0) {
    const int result = WritePiece(offset, data.substr(0, first));
    if (result != 0) return result;
    seam_.gate.Leave("files.write.half");
    seam_.gate.Enter("files.write.rest", offset + first);
  }
  return WritePiece(offset + first, data.substr(first));
}

Status VirtualFile::WriteAt(std::uint64_t offset, ByteView data) {
  BEACH_TRY(CheckDirect(offset, data));
  seam_.gate.Began({.name = "write", .path = path_, .offset = offset, .length = data.size()});
  seam_.gate.Enter("files.write", offset);
  const int result = direct_ ? WriteDirect(offset, data) : WriteBuffered(offset, data);
  Status status = Outcome(result, "write", path_, offset);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.write");
  return status;
}

std::int64_t VirtualFile::SizeNow() const {
  const SystemScope scope;
  return seam_.disk.Size(descriptor_);
}

// Append excludes other writers, so the end stays where it was found.
Status VirtualFile::Append(ByteView data) {
  seam_.gate.Began({.name = "append", .path = path_, .length = data.size()});
  seam_.gate.Enter("files.append", data.size());
  const std::int64_t end = SizeNow();
  const auto offset = static_cast<std::uint64_t>(std::max(end, std::int64_t{0}));
  Status status = Outcome(end < 0 ? static_cast<int>(end) : 0, "stat", path_);
  if (status) status = CheckDirect(offset, data);
  std::int64_t result = end < 0 ? end : -EINVAL;
  if (status) {
    const int written = direct_ ? WriteDirect(offset, data) : WriteBuffered(offset, data);
    status = Outcome(written, "write", path_, offset);
    result = written == 0 ? end : written;
  }
  seam_.gate.Done(result);
  seam_.gate.Leave("files.append");
  return status;
}

Result<std::unique_ptr<env::PendingWrite>> VirtualFile::SubmitWrite(std::uint64_t offset,
                                                                    ByteView data) {
  BEACH_TRY(CheckDirect(offset, data));
  seam_.gate.Began(
      {.name = "submit write", .path = path_, .offset = offset, .length = data.size()});
  seam_.gate.Enter("files.submit", offset);
  WriteTicket ticket;
  const auto refused =
      OnDisk([&] { return seam_.disk.SubmitWrite(descriptor_, offset, data, true, ticket); });
  Result<std::unique_ptr<env::PendingWrite>> result;
  if (refused != 0) {
    result = Fail(ErrnoError(-refused, "submit write", path_, offset));
  } else {
    const std::uint64_t due = WriteDue(seam_, data.size());
    result = std::make_unique<VirtualPendingWrite>(seam_, ticket, due, path_, offset, data.size());
  }
  seam_.gate.Done(refused);
  seam_.gate.Leave("files.submit");
  return result;
}

Status VirtualFile::Sync() {
  seam_.gate.Began({.name = "sync", .path = path_});
  seam_.gate.Enter("files.sync", descriptor_.value);
  const std::uint64_t mark = seam_.disk.Mark();
  WaitForSync(seam_);
  const auto result = OnDisk([&] { return seam_.disk.SyncBelow(descriptor_, mark); });
  Status status = Outcome(result, "fsync", path_);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.sync");
  return status;
}

Status VirtualFile::SyncData() {
  seam_.gate.Began({.name = "sync data", .path = path_});
  seam_.gate.Enter("files.sync_data", descriptor_.value);
  const std::uint64_t mark = seam_.disk.Mark();
  WaitForSync(seam_);
  const auto result = OnDisk([&] { return seam_.disk.SyncBelow(descriptor_, mark); });
  Status status = Outcome(result, "fdatasync", path_);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.sync_data");
  return status;
}

Status VirtualFile::Truncate(std::uint64_t size_bytes) {
  seam_.gate.Began({.name = "truncate", .path = path_, .length = size_bytes});
  seam_.gate.Enter("files.truncate", size_bytes);
  const auto result = OnDisk([&] { return seam_.disk.Truncate(descriptor_, size_bytes); });
  Status status = Outcome(result, "truncate", path_, size_bytes);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.truncate");
  return status;
}

Status VirtualFile::Allocate(std::uint64_t size_bytes) {
  if (size_bytes == 0) return {};
  seam_.gate.Began({.name = "allocate", .path = path_, .length = size_bytes});
  seam_.gate.Enter("files.allocate", size_bytes);
  const auto result = OnDisk([&] { return seam_.disk.Allocate(descriptor_, size_bytes); });
  Status status = Outcome(result, "allocate", path_, size_bytes);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.allocate");
  return status;
}

Result<std::uint64_t> VirtualFile::Size() {
  seam_.gate.Began({.name = "size", .path = path_});
  seam_.gate.Enter("files.size", descriptor_.value);
  const std::int64_t size = SizeNow();
  Result<std::uint64_t> result = static_cast<std::uint64_t>(size);
  if (size < 0) result = Fail(ErrnoError(static_cast<int>(-size), "stat", path_));
  seam_.gate.Done(size, SeenChanges::kNo);
  seam_.gate.Leave("files.size");
  return result;
}

class VirtualFileLock final : public env::FileLock {
 public:
  VirtualFileLock(Seam seam, Descriptor descriptor) : seam_(seam), descriptor_(descriptor) {}
  VirtualFileLock(const VirtualFileLock&) = delete;
  VirtualFileLock& operator=(const VirtualFileLock&) = delete;

  ~VirtualFileLock() override {
    seam_.gate.Enter("files.unlock", descriptor_.value);
    {
      const SystemScope scope;
      seam_.disk.Close(descriptor_);
    }
    seam_.gate.Leave("files.unlock");
  }

 private:
  const Seam seam_;
  const Descriptor descriptor_;
};

class VirtualFiles final : public env::FileSystem {
 public:
  explicit VirtualFiles(Seam seam) : seam_(seam) {}

  Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                          env::OpenOptions options) override;
  Result<bool> Exists(const std::string& path) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Link(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status CreateDirectory(const std::string& path) override;
  Status RemoveDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path) override;
  Result<std::uint64_t> FreeSpace(const std::string& path) override;

 private:
  const Seam seam_;
};

Result<std::unique_ptr<env::File>> VirtualFiles::Open(const std::string& path,
                                                      env::OpenOptions options) {
  seam_.gate.Began({.name = "open", .path = path});
  seam_.gate.Enter("files.open", path.size());
  Descriptor descriptor;
  const auto opened = OnDisk([&] {
    if (seam_.gate.RefusesDescriptor()) return -EMFILE;
    return seam_.disk.Open(seam_.process, path, options, descriptor);
  });
  Result<std::unique_ptr<env::File>> result;
  if (opened == 0) {
    result = std::make_unique<VirtualFile>(seam_, descriptor, path, options.direct);
  } else if (opened == -EINVAL && options.direct) {
    result = Fail(Error(ErrorCode::kUnsupported, "this file system has no direct I/O (O_DIRECT)")
                      .At(path)
                      .WithErrno(EINVAL));
  } else {
    result = Fail(ErrnoError(-opened, "open", path));
  }
  seam_.gate.Done(opened);
  seam_.gate.Leave("files.open");
  return result;
}

Result<bool> VirtualFiles::Exists(const std::string& path) {
  seam_.gate.Began({.name = "exists", .path = path});
  seam_.gate.Enter("files.exists", path.size());
  const auto exists = OnDisk([&] { return seam_.disk.Exists(path); });
  Result<bool> result = exists == 1;
  if (exists < 0) result = Fail(ErrnoError(-exists, "stat", path));
  seam_.gate.Done(exists);
  seam_.gate.Leave("files.exists");
  return result;
}

Status VirtualFiles::Rename(const std::string& from, const std::string& to) {
  seam_.gate.Began({.name = "rename", .path = from, .other_path = to});
  seam_.gate.Enter("files.rename", from.size());
  const auto result = OnDisk([&] { return seam_.disk.Rename(from, to); });
  Status status = Outcome(result, "rename", from);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.rename");
  return status;
}

Status VirtualFiles::Link(const std::string& from, const std::string& to) {
  seam_.gate.Began({.name = "link", .path = from, .other_path = to});
  seam_.gate.Enter("files.link", from.size());
  const auto result = OnDisk([&] { return seam_.disk.Link(from, to); });
  Status status = Outcome(result, "link", result == -EEXIST ? to : from);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.link");
  return status;
}

Status VirtualFiles::Remove(const std::string& path) {
  seam_.gate.Began({.name = "remove", .path = path});
  seam_.gate.Enter("files.remove", path.size());
  const auto result = OnDisk([&] { return seam_.disk.Remove(path); });
  Status status = Outcome(result, "unlink", path);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.remove");
  return status;
}

Result<std::vector<std::string>> VirtualFiles::List(const std::string& directory) {
  seam_.gate.Began({.name = "list", .path = directory});
  seam_.gate.Enter("files.list", directory.size());
  const std::vector<std::string>* names = nullptr;
  const int listed = OnDisk([&] { return seam_.disk.ListForProcess(directory, names); });
  Result<std::vector<std::string>> result;
  if (listed == 0) {
    result = std::vector<std::string>(names->begin(), names->end());
  } else {
    result = Fail(ErrnoError(-listed, "opendir", directory));
  }
  seam_.gate.Done(listed == 0 ? static_cast<std::int64_t>(result->size()) : listed);
  seam_.gate.Leave("files.list");
  return result;
}

Status VirtualFiles::CreateDirectory(const std::string& path) {
  seam_.gate.Began({.name = "create directory", .path = path});
  seam_.gate.Enter("files.create_directory", path.size());
  const auto result = OnDisk([&] { return seam_.disk.CreateDirectory(path); });
  Status status = Outcome(result, "mkdir", path);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.create_directory");
  return status;
}

Status VirtualFiles::RemoveDirectory(const std::string& path) {
  seam_.gate.Began({.name = "remove directory", .path = path});
  seam_.gate.Enter("files.remove_directory", path.size());
  const auto result = OnDisk([&] { return seam_.disk.RemoveDirectory(path); });
  Status status = Outcome(result, "rmdir", path);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.remove_directory");
  return status;
}

Status VirtualFiles::SyncDirectory(const std::string& path) {
  seam_.gate.Began({.name = "sync directory", .path = path});
  seam_.gate.Enter("files.sync_directory", path.size());
  const std::uint64_t mark = seam_.disk.Mark();
  WaitForSync(seam_);
  const auto result = OnDisk([&] { return seam_.disk.SyncDirectoryBelow(path, mark); });
  const bool found = result != -ENOENT && result != -ENOTDIR;
  Status status = Outcome(result, found ? "fsync directory" : "open directory", path);
  seam_.gate.Done(result);
  seam_.gate.Leave("files.sync_directory");
  return status;
}

Result<std::unique_ptr<env::FileLock>> VirtualFiles::Lock(const std::string& path) {
  seam_.gate.Began({.name = "lock", .path = path});
  seam_.gate.Enter("files.lock", path.size());
  Descriptor descriptor;
  const auto locked = OnDisk([&] {
    if (seam_.gate.RefusesDescriptor()) return -EMFILE;
    return seam_.disk.Lock(seam_.process, path, descriptor);
  });
  Result<std::unique_ptr<env::FileLock>> result;
  if (locked == 0) {
    result = std::make_unique<VirtualFileLock>(seam_, descriptor);
  } else if (locked == -EAGAIN) {
    result =
        Fail(Error(ErrorCode::kBusy, "locked by another handle").At(path).WithErrno(EWOULDBLOCK));
  } else {
    result = Fail(ErrnoError(-locked, "open lock", path));
  }
  seam_.gate.Done(locked);
  seam_.gate.Leave("files.lock");
  return result;
}

Result<std::uint64_t> VirtualFiles::FreeSpace(const std::string& path) {
  seam_.gate.Began({.name = "free space", .path = path});
  seam_.gate.Enter("files.free_space", path.size());
  int exists = 0;
  std::uint64_t free = 0;
  {
    const SystemScope scope;
    exists = seam_.disk.Exists(path);
    free = seam_.disk.FreeSpace();
  }
  Result<std::uint64_t> result = free;
  if (exists != 1) result = Fail(ErrnoError(exists == 0 ? ENOENT : -exists, "statvfs", path));
  seam_.gate.Done(exists == 1 ? static_cast<std::int64_t>(free) : exists == 0 ? -ENOENT : exists);
  seam_.gate.Leave("files.free_space");
  return result;
}

}  // namespace

std::unique_ptr<env::FileSystem> NewVirtualFiles(Disk& disk, ProcessId process, SeamGate& gate) {
  BEACH_CHECK_NE(process.value, 0U);
  return std::make_unique<VirtualFiles>(Seam{disk, gate, process});
}

}  // namespace beach::sim
