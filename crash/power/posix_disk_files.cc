// SPDX-License-Identifier: Apache-2.0

// Calls on what is open.
#include <fcntl.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "crash/power/posix_disk.h"

namespace beach::crash {
namespace {

// All programs of a machine are one process to the disk: it closes what is open at a cut, and of
// locks the kernel keeps count.
constexpr sim::ProcessId kPrograms{1};

env::OpenOptions OptionsOf(int flags) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  return {.mode = writes ? env::OpenMode::kReadWrite : env::OpenMode::kRead, .direct = false};
}

}  // namespace

int PosixDisk::Open(const Caller& caller, const std::string& path, int flags, HandleId& handle) {
  Request request(machine_, Touch::kLooks, caller.killed);
  if (request.error() != 0) return request.error();
  OpenHandle opened;
  const int error = request.disk().Open(kPrograms, path, OptionsOf(flags), opened.descriptor);
  if (error != 0) return error;
  opened.file = request.disk().Stat(opened.descriptor).id;
  handle = request.Open(std::move(opened));
  return 0;
}

int PosixDisk::Create(const Caller& caller, const std::string& path, int flags, mode_t permissions,
                      HandleId& handle) {
  Request request(machine_, Touch::kChanges, caller.killed);
  if (request.error() != 0) return request.error();
  OpenHandle opened;
  const env::OpenOptions create{.mode = env::OpenMode::kCreate, .direct = false};
  int error = request.disk().Open(kPrograms, path, create, opened.descriptor);
  const bool created = error == 0;
  // Another program may have made it since the kernel looked.
  if (error == -EEXIST && (flags & O_EXCL) == 0) {
    error = request.disk().Open(kPrograms, path, OptionsOf(flags), opened.descriptor);
  }
  if (error != 0) return error;
  opened.file = request.disk().Stat(opened.descriptor).id;
  if (created) {
    request.attributes().Create(opened.file, permissions, caller.user, caller.group, request.Now());
    ModifiedAbove(request, path);
  }
  handle = request.Open(std::move(opened));
  return 0;
}

int PosixDisk::OpenDirectory(const Caller& caller, const std::string& path, HandleId& handle) {
  Request request(machine_, Touch::kLooks, caller.killed);
  if (request.error() != 0) return request.error();
  sim::FileStat stat;
  if (const int error = request.disk().Stat(path, stat); error != 0) return error;
  if (!stat.is_directory) return -ENOTDIR;
  OpenHandle opened;
  opened.file = stat.id;
  opened.path = path;
  handle = request.Open(std::move(opened));
  return 0;
}

int PosixDisk::Close(HandleId handle) {
  Request request(machine_, Touch::kNoWait, {}, handle);
  request.CloseHandle();
  return 0;
}

std::int64_t PosixDisk::Read(const Caller& caller, HandleId handle, std::uint64_t offset,
                             char* target, std::size_t length) {
  Request request(machine_, Touch::kLooks, caller.killed, handle);
  if (request.error() != 0) return request.error();
  // The kernel takes a short answer for the end of the file.
  return request.disk().ReadAt(request.handle().descriptor, offset, target, length);
}

std::int64_t PosixDisk::Write(const Caller& caller, HandleId handle, std::uint64_t offset,
                              ByteView data, int flags) {
  Request request(machine_, Touch::kChanges, caller.killed, handle);
  if (request.error() != 0) return request.error();
  OpenHandle& file = request.handle();
  const bool durable = (flags & O_DSYNC) != 0;
  // O_DIRECT alone goes to the cache of a device, which loses it as a kernel's would.
  const bool direct = durable && (flags & O_DIRECT) != 0;
  if (const int error = SetDirect(request, file, direct); error != 0) return error;
  const std::int64_t result =
      durable && !direct
          ? WriteDurably(request, offset, data)
          : request.disk().WriteSome(file.descriptor, offset, data, /*aligned_memory=*/true);
  request.attributes().Modified(file.file, request.Now());
  return result;
}

// A program may switch at any time, by fcntl(2), of which only the next write tells.
int PosixDisk::SetDirect(Request& request, OpenHandle& file, bool direct) {
  if (direct == file.direct) return 0;
  const int error = request.disk().SetDirect(file.descriptor, direct);
  if (error == 0) file.direct = direct;
  return error;
}

// Durable by itself, as a submission is, and nothing else that was written before.
std::int64_t PosixDisk::WriteDurably(Request& request, std::uint64_t offset, ByteView data) {
  sim::WriteTicket ticket;
  const int refused =
      request.disk().SubmitWrite(request.handle().descriptor, offset, data, true, ticket);
  if (refused != 0) return refused;
  std::int64_t result = 1;
  while (result > 0) result = request.disk().CompleteWrite(ticket);  // the rest of a short one
  return result == 0 ? static_cast<std::int64_t>(data.size()) : result;
}

std::int64_t PosixDisk::WriteBack(HandleId handle, std::uint64_t offset, ByteView data) {
  Request request(machine_, Touch::kNoWait, {}, handle);
  const auto count = static_cast<std::int64_t>(data.size());
  if (!request.powered()) return count;
  OpenHandle* const file = request.LivingHandle();
  if (file == nullptr) return -EIO;
  if (const int error = SetDirect(request, *file, false); error != 0) return error;
  // The time of the file stays: the kernel would drop the mapped pages because of it.
  const int error = request.disk().WriteAt(file->descriptor, offset, data, true);
  return error != 0 ? error : count;
}

int PosixDisk::Sync(const Caller& caller, HandleId handle) {
  Request request(machine_, Touch::kChanges, caller.killed, handle);
  if (request.error() != 0) return request.error();
  const int error = request.disk().Sync(request.handle().descriptor);
  return error != 0 ? error : request.SyncNames();
}

int PosixDisk::Truncate(const Caller& caller, const FileReference& file, std::uint64_t size_bytes) {
  Request request(machine_, Touch::kChanges, caller.killed, file.handle);
  if (request.error() != 0) return request.error();
  sim::Descriptor descriptor;
  const bool by_path = file.handle == HandleId{};
  if (by_path) {
    const int error = request.disk().Open(kPrograms, file.path, OptionsOf(O_RDWR), descriptor);
    if (error != 0) return error;
  } else {
    descriptor = request.handle().descriptor;
  }
  const int result = request.disk().Truncate(descriptor, size_bytes);
  request.attributes().Modified(request.disk().Stat(descriptor).id, request.Now());
  if (by_path) request.disk().Close(descriptor);
  return result;
}

int PosixDisk::Allocate(const Caller& caller, HandleId handle, int mode, std::uint64_t offset,
                        std::uint64_t length) {
  if (mode != 0) return -EOPNOTSUPP;
  Request request(machine_, Touch::kChanges, caller.killed, handle);
  if (request.error() != 0) return request.error();
  const OpenHandle& file = request.handle();
  // The disk reserves from the beginning on.
  const int result = request.disk().Allocate(file.descriptor, offset + length);
  request.attributes().Modified(file.file, request.Now());
  return result;
}

}  // namespace beach::crash
