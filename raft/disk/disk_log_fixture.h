// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"
#include "raft/disk/disk_log.h"
#include "raft/disk/failing_files.h"

// For tests: a log on this machine's files and loop.

namespace beach::raft {

inline constexpr std::uint64_t kSegmentSize = 64 * 1024;

inline Entry EntryOf(std::uint64_t index, std::uint64_t term, std::size_t size) {
  const Bytes payload(size, static_cast<char>('a' + index % 26));
  return {.term = Term(term),
          .index = LogIndex(index),
          .kind = EntryKind::kNormal,
          .payload = Payload::Copy(payload)};
}

class DiskLogTest : public testing::Test {
 protected:
  static Result<std::unique_ptr<DiskLog>> TryOpen(const env::Env& env, const std::string& directory,
                                                  const DiskLogOptions& options,
                                                  std::uint64_t applied, std::uint64_t term) {
    return DiskLog::Open(env, directory, options, {.index = LogIndex(applied), .term = Term(term)});
  }
  Result<std::unique_ptr<DiskLog>> TryOpen(std::uint64_t applied = 0, std::uint64_t term = 0) {
    env::Env env = world_.env();
    env.files = &files_;
    return TryOpen(env, Directory(), options_, applied, term);
  }
  void Open(std::uint64_t applied = 0, std::uint64_t term = 0) {
    auto opened = Outcome(applied, term);
    ASSERT_OK(opened);
    log_ = *std::move(opened);
    last_id_ = persisted_ = {};
    error_.reset();
  }
  void Start() {
    log_->Start(*loop_, {.on_persisted = [this](PersistId id) { persisted_ = id; },
                         .on_failed = [this](const Error& error) { error_ = error; }});
  }
  void Reopen(std::uint64_t applied = 0, std::uint64_t term = 0) {
    log_.reset();
    Open(applied, term);
  }
  // Of an open. A write of the log before may be under way, and holds the lock until it has ended.
  Result<std::unique_ptr<DiskLog>> Outcome(std::uint64_t applied = 0, std::uint64_t term = 0) {
    Result<std::unique_ptr<DiskLog>> opened = nullptr;
    EXPECT_TRUE(loop_.RunUntil([&] {
      if (opened && *opened != nullptr) return true;
      opened = TryOpen(applied, term);
      return opened || opened.error().code() != ErrorCode::kBusy;
    }));
    return opened;
  }
  void OpenAndStart() {
    Open();
    Start();
  }

  std::string Directory() { return world_.directory() + "/raft"; }

  void Submit(Persist persist) {
    persist.id = last_id_ = last_id_.Next();
    log_->Write(std::move(persist));
  }
  [[nodiscard]] bool Await() {
    return loop_.RunUntil([this] { return persisted_ == last_id_ || error_.has_value(); }) &&
           !error_;
  }
  [[nodiscard]] bool Write(Persist persist) {
    Submit(std::move(persist));
    return Await();
  }
  // Entries [first, last], one work each.
  [[nodiscard]] bool WriteEntries(std::uint64_t first, std::uint64_t last, std::uint64_t term,
                                  std::size_t size = 100) {
    for (std::uint64_t i = first; i <= last; ++i) Submit(Entries(i, i, term, size));
    return Await();
  }
  static Persist Entries(std::uint64_t first, std::uint64_t last, std::uint64_t term,
                         std::size_t size = 100) {
    Persist persist;
    for (; first <= last; ++first) persist.entries.push_back(EntryOf(first, term, size));
    return persist;
  }
  [[nodiscard]] bool Replace(std::uint64_t index, std::uint64_t term, bool keep_suffix) {
    bool done = false;
    log_->Replace(LogIndex(index), Term(term), keep_suffix, [&done] { done = true; });
    return loop_.RunUntil([&done] { return done; });
  }
  std::vector<Entry> Load(std::uint64_t first, std::uint64_t last, std::uint64_t bytes_max) {
    std::optional<Result<std::vector<Entry>>> answer;
    log_->Load(LogIndex(first), LogIndex(last), bytes_max,
               [&answer](Result<std::vector<Entry>> entries) { answer = std::move(entries); });
    EXPECT_FALSE(answer.has_value()) << "from inside the call";
    EXPECT_TRUE(loop_.RunUntil([&answer] { return answer.has_value(); }));
    EXPECT_TRUE(*answer) << answer->error().ToString();
    return *answer ? std::move(**answer) : std::vector<Entry>();
  }

  // "5: 6@1 7@2": behind base 5, entry 6 of term 1, and so on; each checked byte by byte.
  std::string Told(std::size_t size = 100) {
    const auto entries = log_->ReadFrom(log_->contents().base.Next());
    if (!entries) return entries.error().ToString();
    std::string text = std::to_string(log_->contents().base.value) + ":";
    for (const Entry& entry : *entries) {
      text += " " + std::to_string(entry.index.value) + "@" + std::to_string(entry.term.value);
      const Entry expected = EntryOf(entry.index.value, entry.term.value, size);
      if (entry.payload.view() != expected.payload.view()) text += "?";
    }
    return text;
  }
  std::vector<std::string> SegmentFiles() {
    std::vector<std::string> names = world_.files().List(Directory()).value();
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(".wal"); });
    return names;
  }
  void FlipByte(const std::string& name, std::uint64_t offset) {
    const std::string path = Directory() + "/" + name;
    auto file = world_.files().Open(path, {.mode = env::OpenMode::kReadWrite});
    ASSERT_OK(file);
    char byte = 0;
    ASSERT_OK((*file)->ReadAt(offset, &byte, 1));
    byte = static_cast<char>(byte ^ 1);
    ASSERT_OK((*file)->WriteAt(offset, ByteView(&byte, 1)));
  }

  env::OsFixture world_{env::AsyncWrites::kRing};
  FailingFiles files_{world_.files()};
  env::conformance::CaseLoop loop_{world_};
  DiskLogOptions options_{.cluster = ClusterId(1),
                          .node = NodeId(3),
                          .create = true,
                          .segment_size_bytes = kSegmentSize};
  std::unique_ptr<DiskLog> log_;
  PersistId last_id_;
  PersistId persisted_;
  std::optional<Error> error_;
};

}  // namespace beach::raft
