// SPDX-License-Identifier: Apache-2.0
#include "queue.h"

#include <utility>

#include "base/coding.h"
#include "base/crc32c.h"
#include "env/marks.h"

// The file "journal", numbers little-endian:
//
//   | bytes | what                                                |
//   | 8     | "BQUEUE1\n"                                         |
//   | 8     | number of the first item                            |
//   | 4     | CRC32C of the 16 bytes above                        |
//
// and then records, one after the other:
//
//   | 4     | CRC32C of the rest of the record                    |
//   | 4     | length of the item's bytes                          |
//   | 1     | '+' an item was pushed, '-' the oldest was popped   |
//   | 8     | number of the item                                  |
//   | length| the item's bytes                                    |
//
// A record that does not fit ends the journal: a crash has left it unfinished, and nobody was told
// that it is durable. (Rot in the middle looks the same; a journal that must tell needs more, see
// docs/formats/wal.md.) Open writes what is left to a new file and renames it over the old one, so
// that nothing is ever appended behind a torn record.

namespace journaled_queue {
namespace {

using namespace beach;  // NOLINT

constexpr ByteView kMagic = "BQUEUE1\n";
constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kRecordHeaderSize = 17;

Bytes MakeHeader(std::uint64_t first) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Raw(kMagic);
  encoder.Fixed64(first);
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

Bytes MakeRecord(char kind, std::uint64_t number, ByteView item) {
  Bytes rest;
  Encoder encoder(rest);
  encoder.Fixed32(static_cast<std::uint32_t>(item.size()));
  encoder.Fixed8(static_cast<std::uint8_t>(kind));
  encoder.Fixed64(number);
  encoder.Raw(item);
  Bytes record;
  Encoder(record).Fixed32(Crc32c(rest));
  return record + rest;
}

Result<Bytes> ReadAll(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  Bytes bytes(size, '\0');
  BEACH_TRY_ASSIGN(const std::size_t got, file->ReadAt(0, bytes.data(), size));
  bytes.resize(got);
  return bytes;
}

struct Contents {
  std::uint64_t head = 0;
  std::deque<Bytes> items;

  // False where such a record cannot be the next one.
  bool Apply(std::uint8_t kind, std::uint64_t number, ByteView item) {
    if (kind == '+' && number == head + items.size()) {
      items.emplace_back(item);
    } else if (kind == '-' && number == head && !items.empty()) {
      items.pop_front();
      ++head;
    } else {
      return false;
    }
    return true;
  }
};

Result<Contents> Parse(const std::string& path, ByteView bytes) {
  Contents contents;
  Decoder header(bytes.substr(0, kHeaderSize));
  const bool ours = header.Raw(kMagic.size()) == kMagic;
  contents.head = header.Fixed64();
  if (header.Fixed32() != Crc32c(bytes.substr(0, 16)) || !header.done() || !ours) {
    return Fail(Error(ErrorCode::kCorruption, "not the head of a queue's journal").At(path, 0));
  }
  for (ByteView rest = bytes.substr(kHeaderSize); !rest.empty();) {
    Decoder record(rest);
    const std::uint32_t crc = record.Fixed32();
    const std::uint32_t length = record.Fixed32();
    const std::uint8_t kind = record.Fixed8();
    const std::uint64_t number = record.Fixed64();
    const ByteView item = record.Raw(length);
    const bool whole = record.ok() && crc == Crc32c(rest.substr(4, kRecordHeaderSize - 4 + length));
    if (!whole || !contents.Apply(kind, number, item)) {
      BEACH_SOMETIMES("queue.torn_record", true);
      break;
    }
    rest = record.rest();
  }
  return contents;
}

// Puts the contents in the place of whatever `path` is, durably.
Result<std::unique_ptr<env::File>> WriteAnew(env::FileSystem& files, const std::string& directory,
                                             const std::string& path, const Contents& contents) {
  const std::string fresh = path + ".new";
  BEACH_TRY_ASSIGN(const bool left_over, files.Exists(fresh));
  if (left_over) BEACH_TRY(files.Remove(fresh));
  BEACH_TRY_ASSIGN(auto file, files.Open(fresh, {.mode = env::OpenMode::kCreate}));
  Bytes bytes = MakeHeader(contents.head);
  std::uint64_t number = contents.head;
  for (const Bytes& item : contents.items) bytes += MakeRecord('+', number++, item);
  BEACH_TRY(file->Append(bytes));
  BEACH_TRY(file->Sync());
  // FAILPOINT: queue_after_journal_write: the old journal, and a new one that nobody asks for.
  BEACH_FAILPOINT("queue_after_journal_write");
  BEACH_TRY(files.Rename(fresh, path));
  BEACH_TRY(files.SyncDirectory(directory));
  return file;
}

}  // namespace

Result<std::unique_ptr<Queue>> Queue::Open(const env::Env& env, const std::string& directory) {
  std::unique_ptr<Queue> queue(new Queue);
  BEACH_TRY(queue->Recover(*env.files, directory));
  queue->thread_ = env::Thread("syncer", [self = queue.get()] { self->SyncForAll(); });
  return queue;
}

Status Queue::Recover(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(const bool exists, files.Exists(directory));
  if (!exists) BEACH_TRY(files.CreateDirectory(directory));
  const std::size_t slash = directory.rfind('/');
  BEACH_TRY(files.SyncDirectory(slash == std::string::npos ? "." : directory.substr(0, slash + 1)));
  BEACH_TRY_ASSIGN(lock_, files.Lock(env::JoinPath(directory, "lock")));
  const std::string path = env::JoinPath(directory, "journal");
  BEACH_TRY_ASSIGN(const bool has_journal, files.Exists(path));
  Contents contents;
  if (has_journal) {
    BEACH_TRY_ASSIGN(const Bytes bytes, ReadAll(files, path));
    BEACH_TRY_ASSIGN(contents, Parse(path, bytes));
  }
  BEACH_TRY_ASSIGN(journal_, WriteAnew(files, directory, path, contents));
  head_ = contents.head;
  items_ = std::move(contents.items);
  return {};
}

Queue::~Queue() {
  if (!thread_.joinable()) return;
  {
    const env::MutexLock lock(mutex_);
    closing_ = true;
  }
  appended_.NotifyOne();
  thread_.Join();
}

Result<std::uint64_t> Queue::Push(ByteView bytes) {
  if (bytes.size() > kItemSizeMax) {
    return Fail(ErrorCode::kInvalidArgument, "an item is too large: split it");
  }
  const env::MutexLock lock(mutex_);
  if (failure_) return Fail(*failure_);
  const std::uint64_t number = head_ + items_.size();
  items_.emplace_back(bytes);
  BEACH_TRY(Append(MakeRecord('+', number, bytes)));
  return number;
}

Result<std::optional<Item>> Queue::Pop() {
  const env::MutexLock lock(mutex_);
  if (failure_) return Fail(*failure_);
  if (items_.empty()) return std::nullopt;
  Item item{.number = head_++, .bytes = std::move(items_.front())};
  items_.pop_front();
  BEACH_TRY(Append(MakeRecord('-', item.number, {})));
  return item;
}

std::uint64_t Queue::head() {
  const env::MutexLock lock(mutex_);
  return head_;
}

std::uint64_t Queue::tail() {
  const env::MutexLock lock(mutex_);
  return head_ + items_.size();
}

Status Queue::Append(ByteView record) {
  if (const Status appended = journal_->Append(record); !appended) {
    failure_ = appended.error();
    synced_.NotifyAll();
    return appended;
  }
  written_ += record.size();
  const std::uint64_t end = written_;
  appended_.NotifyOne();
  while (durable_ < end && !failure_) synced_.Wait(mutex_);
  if (durable_ < end) return Fail(*failure_);
  return {};
}

void Queue::SyncForAll() {
  const env::MutexLock lock(mutex_);
  for (;;) {
    while (durable_ == written_ && !closing_ && !failure_) appended_.Wait(mutex_);
    if (closing_ || failure_) return;
    const std::uint64_t covered = written_;  // what comes during the sync waits for the next
    Status synced;
    {
      const env::MutexUnlock unlocked(mutex_);
      synced = journal_->SyncData();
    }
    BEACH_SOMETIMES("queue.appended_during_sync", written_ > covered);
    if (synced) {
      durable_ = covered;
    } else {
      failure_ = synced.error();
    }
    synced_.NotifyAll();
  }
}

}  // namespace journaled_queue
