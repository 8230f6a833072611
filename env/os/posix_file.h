// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "env/files.h"
#include "env/os/async_writer.h"
#include "env/os/descriptor.h"

namespace beach::env {

// File over a descriptor. A direct one reads any range, aligned or not: what is unaligned goes
// through a buffer of its own.
class PosixFile final : public File {
 public:
  PosixFile(std::shared_ptr<const Descriptor> descriptor, AsyncWriter& writer);
  ~PosixFile() override;
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override;
  Status WriteAt(std::uint64_t offset, ByteView data) override;
  Status Append(ByteView data) override;
  Result<std::unique_ptr<PendingWrite>> SubmitWrite(std::uint64_t offset, ByteView data) override;
  Status Sync() override;
  Status SyncData() override;
  void BeginWriteBack(std::uint64_t offset, std::uint64_t length) override;
  Status Truncate(std::uint64_t size_bytes) override;
  Status Allocate(std::uint64_t size_bytes) override;
  Result<std::uint64_t> Size() override;
  const std::string& path() const override { return descriptor_->path(); }

 private:
  Result<std::size_t> Read(std::uint64_t offset, char* target, std::size_t length);
  Result<std::size_t> ReadUnaligned(std::uint64_t offset, char* target, std::size_t length);

  const std::shared_ptr<const Descriptor> descriptor_;
  AsyncWriter& writer_;
};

}  // namespace beach::env
