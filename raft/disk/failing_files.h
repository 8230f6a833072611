// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "env/files.h"

namespace beach::raft {

// Files of another file system, whose writes and reads fail when a test wants it. For tests.
class FailingFiles final : public env::FileSystem {
 public:
  explicit FailingFiles(env::FileSystem& files) : files_(files) {}

  // Writes to segments fail from now on, but for those to the file of this name.
  void FailSegments(std::string but = {}) {
    but_ = std::move(but);
    failing_ = true;
  }
  // Segments that are made from now on find no space.
  void FillUp() { full_ = true; }
  void Heal() { failing_ = full_ = false; }

  // Reads of the block at `offset` fail with EIO, of files whose path ends so. Before any thread of
  // a log runs.
  void RefuseBlock(std::string name, std::uint64_t offset) {
    refused_.push_back({.name = std::move(name), .offset = offset});
  }
  // All reads of segments and registers fail, once so many more of the above have.
  void BreakDownAfter(std::uint64_t refusals) { refusals_left_ = refusals; }
  // They fail so many times, and then no more.
  void GiveAllAfter(std::uint64_t refusals) { given_after_ = refusals; }
  void GiveAll() {
    refused_.clear();
    refusals_left_.reset();
    given_after_.reset();
  }

  Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                          env::OpenOptions options) override {
    BEACH_TRY_ASSIGN(auto file, files_.Open(path, options));
    const bool made = options.mode == env::OpenMode::kCreate;
    return std::make_unique<FailingFile>(*this, std::move(file), made);
  }
  Result<bool> Exists(const std::string& path) override { return files_.Exists(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    return files_.Rename(from, to);
  }
  Status Link(const std::string& from, const std::string& to) override {
    return files_.Link(from, to);
  }
  Status Remove(const std::string& path) override { return files_.Remove(path); }
  Result<std::vector<std::string>> List(const std::string& directory) override {
    return files_.List(directory);
  }
  Status CreateDirectory(const std::string& path) override { return files_.CreateDirectory(path); }
  Status RemoveDirectory(const std::string& path) override { return files_.RemoveDirectory(path); }
  Status SyncDirectory(const std::string& path) override { return files_.SyncDirectory(path); }
  Result<std::unique_ptr<env::FileLock>> Lock(const std::string& path) override {
    return files_.Lock(path);
  }
  Result<std::uint64_t> FreeSpace(const std::string& path) override {
    return files_.FreeSpace(path);
  }

 private:
  class FailingFile final : public env::File {
   public:
    FailingFile(FailingFiles& owner, std::unique_ptr<env::File> file, bool made)
        : owner_(owner), file_(std::move(file)), made_(made) {}

    Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override {
      BEACH_TRY(owner_.MayRead(path(), offset, length));
      return file_->ReadAt(offset, target, length);
    }
    Status WriteAt(std::uint64_t offset, ByteView data) override {
      BEACH_TRY(owner_.MayWrite(path(), made_));
      BEACH_TRY(owner_.HasRoom(path(), made_));
      return file_->WriteAt(offset, data);
    }
    Status Append(ByteView data) override {
      BEACH_TRY(owner_.HasRoom(path(), made_));
      return file_->Append(data);
    }
    Result<std::unique_ptr<env::PendingWrite>> SubmitWrite(std::uint64_t offset,
                                                           ByteView data) override {
      BEACH_TRY(owner_.MayWrite(path(), made_));
      return file_->SubmitWrite(offset, data);
    }
    Status Sync() override { return file_->Sync(); }
    Status SyncData() override { return file_->SyncData(); }
    Status Truncate(std::uint64_t size_bytes) override { return file_->Truncate(size_bytes); }
    Status Allocate(std::uint64_t size_bytes) override {
      BEACH_TRY(owner_.HasRoom(path(), made_));
      return file_->Allocate(size_bytes);
    }
    Result<std::uint64_t> Size() override { return file_->Size(); }
    const std::string& path() const override { return file_->path(); }

   private:
    FailingFiles& owner_;
    std::unique_ptr<env::File> file_;
    const bool made_;
  };

  // The handle that makes a segment may write: what fails are flights.
  Status MayWrite(const std::string& path, bool made) const {
    if (!failing_ || made || !path.ends_with(".wal")) return {};
    if (!but_.empty() && path.ends_with(but_)) return {};
    return Fail(Error(ErrorCode::kIo, "a write that a test wants to fail").At(path));
  }

  Status HasRoom(const std::string& path, bool made) const {
    if (!full_ || !made || !path.ends_with(".wal")) return {};
    return Fail(Error(ErrorCode::kNoSpace, "no space, as a test wants").At(path));
  }

  Status MayRead(const std::string& path, std::uint64_t offset, std::size_t length) {
    constexpr std::uint64_t kBlock = 4096;
    const bool is_out = refusals_left_ == 0;
    bool is_refused = is_out;
    for (const Refused& refused : refused_) {
      if (!path.ends_with(refused.name)) continue;
      is_refused |= offset < refused.offset + kBlock && offset + length > refused.offset;
    }
    if (!is_refused) return {};
    if (given_after_ && given_after_ == 0U) return {};
    if (given_after_) --*given_after_;
    if (!is_out && refusals_left_) --*refusals_left_;
    return Fail(ErrnoError(EIO, "read", path, offset));
  }

  struct Refused {
    std::string name;
    std::uint64_t offset = 0;
  };
  env::FileSystem& files_;
  std::vector<Refused> refused_;
  std::optional<std::uint64_t> refusals_left_;
  std::optional<std::uint64_t> given_after_;
  std::string but_;  // set before failing_
  std::atomic<bool> failing_ = false;
  std::atomic<bool> full_ = false;
};

}  // namespace beach::raft
