// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "env/files.h"

namespace beach::engine::wal {

// A file system in memory for the tests of this folder: all it knows of durability is which bytes
// the last sync saw. PowerLoss goes back to those.
class TestFiles final : public env::FileSystem {
 public:
  struct Content {
    Bytes seen;
    Bytes stable;
  };
  std::map<std::string, std::shared_ptr<Content>> contents;
  bool direct_supported = true;
  // The n-th write or sync from now on fails, and all behind it; 0 is none.
  std::uint64_t fail_write_after = 0;
  ErrorCode write_error = ErrorCode::kIo;
  bool submit_fails = false;  // with write_error, before anything is under way
  std::uint64_t read_error_from = ~std::uint64_t{0};  // reads that touch this offset fail
  std::uint64_t direct_writes = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t written_back = 0;  // bytes, each told to the disk once, in order

  Bytes& Seen(const std::string& path) { return contents.at(path)->seen; }
  void PowerLoss() {
    for (auto& [path, content] : contents) content->seen = content->stable;
  }

  Result<std::unique_ptr<env::File>> Open(const std::string& path,
                                          env::OpenOptions options) override {
    if (options.direct && !direct_supported) {
      return Fail(Error(ErrorCode::kUnsupported, "no direct files").At(path));
    }
    const bool exists = contents.contains(path);
    if (options.mode == env::OpenMode::kCreate) {
      if (exists) return Fail(Error(ErrorCode::kAlreadyExists, "exists").At(path));
      contents[path] = std::make_shared<Content>();
    } else if (!exists) {
      return Fail(Error(ErrorCode::kNotFound, "no such file").At(path));
    }
    return std::make_unique<TestFile>(*this, path, options.direct);
  }
  Result<bool> Exists(const std::string& path) override { return contents.contains(path); }
  Status Rename(const std::string& from, const std::string& to) override {
    contents[to] = contents.at(from);
    contents.erase(from);
    return {};
  }
  Status Link(const std::string&, const std::string&) override { return Unused(); }
  Status Remove(const std::string& path) override {
    contents.erase(path);
    return {};
  }
  Result<std::vector<std::string>> List(const std::string&) override { return Unused(); }
  Status CreateDirectory(const std::string&) override { return Unused(); }
  Status RemoveDirectory(const std::string&) override { return Unused(); }
  Status SyncDirectory(const std::string&) override { return Unused(); }
  Result<std::unique_ptr<env::FileLock>> Lock(const std::string&) override { return Unused(); }
  Result<std::uint64_t> FreeSpace(const std::string&) override { return Unused(); }

 private:
  static std::unexpected<Error> Unused() {
    return Fail(ErrorCode::kUnsupported, "the log does not call this");
  }
  Status CountWrite(const std::string& path) {
    if (fail_write_after == 0) return {};
    if (fail_write_after > 1) return --fail_write_after, Status();
    return Fail(Error(write_error, "injected").At(path));
  }

  class TestWrite final : public env::PendingWrite {
   public:
    TestWrite(std::unique_ptr<env::File> file, std::uint64_t offset, ByteView data)
        : file_(std::move(file)), offset_(offset), data_(data) {}
    Status Wait() override { return file_->WriteAt(offset_, data_); }
    bool Done() override { return false; }

   private:
    std::unique_ptr<env::File> file_;
    std::uint64_t offset_;
    ByteView data_;
  };

  class TestFile final : public env::File {
   public:
    TestFile(TestFiles& files, std::string path, bool direct)
        : files_(files),
          path_(std::move(path)),
          direct_(direct),
          content_(files.contents.at(path_)) {}

    Result<std::size_t> ReadAt(std::uint64_t offset, char* target, std::size_t length) override {
      const Bytes& seen = content_->seen;
      if (offset <= files_.read_error_from && files_.read_error_from < offset + length) {
        return Fail(Error(ErrorCode::kIo, "injected").At(path_, offset));
      }
      if (offset >= seen.size()) return std::size_t{0};
      files_.bytes_read += std::min<std::uint64_t>(length, seen.size() - offset);
      return seen.copy(target, length, offset);
    }
    Status WriteAt(std::uint64_t offset, ByteView data) override {
      BEACH_TRY(files_.CountWrite(path_));
      if (direct_) {
        ++files_.direct_writes;
        const bool aligned =
            offset % env::kDirectAlignment == 0 && data.size() % env::kDirectAlignment == 0 &&
            reinterpret_cast<std::uintptr_t>(data.data()) % env::kDirectAlignment == 0;
        if (!aligned) return Fail(Error(ErrorCode::kIo, "unaligned").At(path_, offset));
        Put(content_->stable, offset, data);
      }
      Put(content_->seen, offset, data);
      return {};
    }
    Status Append(ByteView data) override { return WriteAt(content_->seen.size(), data); }
    // Done when it is waited for: so a test says in which order writes land, and which never do.
    Result<std::unique_ptr<env::PendingWrite>> SubmitWrite(std::uint64_t offset,
                                                           ByteView data) override {
      if (files_.submit_fails) return Fail(Error(files_.write_error, "injected").At(path_));
      return std::make_unique<TestWrite>(std::make_unique<TestFile>(files_, path_, direct_), offset,
                                         data);
    }
    Status Sync() override { return SyncData(); }
    Status SyncData() override {
      BEACH_TRY(files_.CountWrite(path_));
      content_->stable = content_->seen;
      return {};
    }
    void BeginWriteBack(std::uint64_t offset, std::uint64_t length) override {
      BEACH_CHECK_LE(offset + length, content_->seen.size());
      if (written_back_ > 0) BEACH_CHECK_EQ(offset, written_back_);
      written_back_ = offset + length;
      files_.written_back += length;
    }
    Status Truncate(std::uint64_t) override { return Unused(); }
    Status Allocate(std::uint64_t) override { return Unused(); }
    Result<std::uint64_t> Size() override { return content_->seen.size(); }
    const std::string& path() const override { return path_; }

   private:
    static void Put(Bytes& target, std::uint64_t offset, ByteView data) {
      if (target.size() < offset + data.size()) target.resize(offset + data.size(), '\0');
      target.replace(offset, data.size(), data);
    }

    TestFiles& files_;
    std::string path_;
    bool direct_;
    std::uint64_t written_back_ = 0;
    std::shared_ptr<Content> content_;
  };
};

}  // namespace beach::engine::wal
