// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/db.h"
#include "engine/manifest/file_names.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/testing/memory_files.h"
#include "engine/verify.h"
#include "engine/wal/format.h"
#include "engine/wal/log.h"
#include "env/os/os_clock.h"
#include "env/threads.h"

namespace beach::engine {

using testing::FileCall;
using testing::FileEvent;
using testing::MemoryFiles;

using Model = std::map<Bytes, Bytes>;

// What the database said, for a test to ask.
class EventList final : public env::EventSink {
 public:
  struct Event {
    std::string name;
    std::map<std::string, std::uint64_t> numbers;
  };

  using env::EventSink::Record;
  void Record(Site event, std::span<const env::EventField> fields) override {
    Event copy{.name = event.name, .numbers = {}};
    for (const env::EventField& field : fields) copy.numbers[field.name] = field.number;
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(copy));
  }
  std::vector<Event> All() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<Event> Named(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    std::vector<Event> found;
    for (const Event& event : events_) {
      if (event.name == name) found.push_back(event);
    }
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> events_;
};

// No time passes: nothing vouches for the log at rest, so that each flight is where it is expected.
class StoppedClock final : public env::Clock {
 public:
  std::uint64_t MonotonicNow() override { return std::uint64_t{1} << 61; }
  std::uint64_t WallNow() override { return 1; }
  void SleepUntil(std::uint64_t) override {}
};

inline Options SmallOptions() {
  Options options;
  options.memtable_size = 4 * kKiB;
  options.wal_segment_size = 64 * kKiB;
  options.manifest_size_max = 2 * kKiB;
  options.block_size = 256;
  options.key_size_max = 1000;
  options.value_size_max = 8000;
  options.batch_size_max = 16 * kKiB;
  options.compaction_style = CompactionStyle::kManual;
  return options;
}

// A database on files in memory.
class DbTest : public ::testing::Test {
 protected:
  virtual env::Env Environment() {
    return {.files = &files_, .clock = &clock_, .events = &events_};
  }
  Result<std::unique_ptr<Db>> TryOpen(const Options& options = SmallOptions()) {
    return Db::Open(Environment(), "db", options);
  }
  std::unique_ptr<Db> Open(const Options& options = SmallOptions()) {
    auto db = TryOpen(options);
    EXPECT_TRUE(db) << db.error().ToString();
    return db ? *std::move(db) : nullptr;
  }
  ErrorCode OpenError(const Options& options = SmallOptions()) {
    auto db = TryOpen(options);
    EXPECT_FALSE(db);
    return db ? ErrorCode::kAlreadyExists : db.error().code();
  }
  std::vector<std::string> Names() { return files_.List("db").value(); }
  // What a process crash leaves: all files as they are, while the handle is still open.
  Model FilesNow() {
    const std::map<std::string, Bytes> all = files_.Snapshot("db");
    Model files(all.begin(), all.end());
    files.erase(kLockFileName);
    return files;
  }
  void RestoreFiles(const Model& files) {
    for (const std::string& name : Names()) {
      ASSERT_TRUE(files_.Remove("db/" + name));
    }
    for (const auto& [name, content] : files) files_.SetContent("db/" + name, content);
  }
  std::vector<std::string> NamesOf(FileKind kind) {
    std::vector<std::string> names;
    for (const std::string& name : Names()) {
      const auto file = ParseFileName(name);
      if (file && file->kind == kind) names.push_back(name);
    }
    return names;
  }
  static Model Scan(Db& db, const ReadOptions& options = {}) {
    Model model;
    auto iterator = db.NewIterator(options);
    EXPECT_TRUE(iterator);
    for ((*iterator)->SeekToFirst(); (*iterator)->Valid(); (*iterator)->Next()) {
      model[Bytes((*iterator)->key())] = (*iterator)->value();
    }
    EXPECT_TRUE((*iterator)->status());
    return model;
  }
  void SetHook(FileCall call, std::string part, ErrorCode code) {
    files_.set_hook([=](const FileEvent& event) -> Status {
      if (event.call != call || event.path.find(part) == std::string::npos) return {};
      return Fail(Error(code, "injected").At(event.path, event.offset));
    });
  }
  // Of the calls that change files in `directory`, link one from elsewhere, or sync the folder
  // above, number `at`, from 0, fails; `calls` counts them. What the database does by itself
  // meanwhile, in its own, goes on.
  void FailChange(std::string directory, int at, int& calls, ErrorCode code) {
    calls = 0;
    files_.set_hook([=, &calls](const FileEvent& event) -> Status {
      const bool reads = event.call == FileCall::kRead || event.call == FileCall::kList ||
                         event.call == FileCall::kSize;
      const bool there =
          event.call == FileCall::kLink || event.path.starts_with(directory) || event.path == ".";
      if (reads || !there || calls++ != at) return {};
      return Fail(Error(code, "injected").At(event.path));
    });
  }

  // No segment can be made: each begins with a write to its head, where no flight ever goes.
  void TakeSpaceForSegments() {
    files_.set_hook([](const FileEvent& event) -> Status {
      if (event.call != FileCall::kWrite || event.offset != 0) return {};
      if (event.path.find(".wal") == std::string::npos) return {};
      return Fail(Error(ErrorCode::kNoSpace, "injected").At(event.path));
    });
  }
  // Changes the item there of a segment, and makes its checksum right again.
  void ChangeItem(const std::string& path, std::uint64_t offset,
                  const std::function<void(wal::ItemHeader&, Bytes& payload)>& change) {
    Bytes content = files_.Content(path);
    const auto block = wal::DecodeSegmentBlock(content);
    ASSERT_TRUE(block);
    const wal::ItemPlace place{block->ordinal, block->epoch, offset, content.size()};
    wal::ItemHeader header;
    ASSERT_TRUE(wal::DecodeItemHeader(ByteView(content).substr(offset), place, header));
    Bytes payload = content.substr(offset + wal::kItemHeaderSize, header.payload_length);
    const std::uint64_t end = header.end();
    change(header, payload);
    header.payload_length = static_cast<std::uint32_t>(payload.size());
    ASSERT_EQ(header.end(), end);
    wal::EncodeItem(header, payload, content.data() + offset);
    files_.SetContent(path, content);
  }

  MemoryFiles files_;
  env::OsClock clock_;
  EventList events_;
  const WriteOptions sync_{.sync = true, .tag = 0};
  const WriteOptions lazy_{.sync = false, .tag = 0};
};

}  // namespace beach::engine
