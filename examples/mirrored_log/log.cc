// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <utility>

#include "base/check.h"
#include "env/marks.h"

// The file "log" is the messages that the node has agreed to, one after the other (message.cc): the
// kFollow of an epoch, then items of it. The last one may be unfinished: a crash has left it so,
// and nobody was told that it is durable. Open writes what is left to a new file and renames it
// over the old one. So nothing is appended behind a torn message, and what a failed sync has
// dropped, and the page cache still shows, is written again.

namespace mirrored_log {
namespace {

using namespace beach;  // NOLINT

Result<Bytes> ReadAll(env::FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = env::OpenMode::kRead}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  Bytes bytes(size, '\0');
  BEACH_TRY_ASSIGN(const std::size_t got, file->ReadAt(0, bytes.data(), size));
  bytes.resize(got);
  return bytes;
}

// Puts the bytes in the place of whatever `path` is, durably.
Result<std::unique_ptr<env::File>> WriteAnew(env::FileSystem& files, const std::string& directory,
                                             const std::string& path, ByteView bytes) {
  const std::string fresh = path + ".new";
  BEACH_TRY_ASSIGN(const bool left_over, files.Exists(fresh));
  if (left_over) BEACH_TRY(files.Remove(fresh));
  BEACH_TRY_ASSIGN(auto file, files.Open(fresh, {.mode = env::OpenMode::kCreate}));
  BEACH_TRY(file->Append(bytes));
  BEACH_TRY(file->Sync());
  BEACH_TRY(files.Rename(fresh, path));
  BEACH_TRY(files.SyncDirectory(directory));
  return file;
}

}  // namespace

Result<std::unique_ptr<Log>> Log::Open(const env::Env& env, const std::string& directory) {
  std::unique_ptr<Log> log(new Log);
  BEACH_TRY(log->Recover(*env.files, directory));
  return log;
}

Status Log::Recover(env::FileSystem& files, const std::string& directory) {
  BEACH_TRY_ASSIGN(lock_, files.Lock(env::JoinPath(directory, "lock")));
  const std::string path = env::JoinPath(directory, "log");
  BEACH_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (exists) {
    BEACH_TRY_ASSIGN(const Bytes bytes, ReadAll(files, path));
    BEACH_TRY(Parse(path, bytes));
  }
  Bytes bytes = Encode({.kind = Kind::kFollow, .epoch = epoch_, .number = 0, .bytes = {}});
  for (std::uint64_t number = 0; number < tail(); ++number) {
    bytes +=
        Encode({.kind = Kind::kItem, .epoch = epoch_, .number = number, .bytes = items_[number]});
  }
  BEACH_TRY_ASSIGN(file_, WriteAnew(files, directory, path, bytes));
  size_ = bytes.size();
  return {};
}

Status Log::Parse(const std::string& path, ByteView bytes) {
  Message message;
  if (Take(bytes, message) != Found::kWhole || message.kind != Kind::kFollow ||
      message.number != 0) {
    return Fail(Error(ErrorCode::kCorruption, "not the head of a mirrored log").At(path, 0));
  }
  epoch_ = message.epoch;
  while (Take(bytes, message) == Found::kWhole && Apply(message)) {
  }
  BEACH_SOMETIMES("mirror.torn_message", !bytes.empty());
  return {};
}

bool Log::Apply(const Message& message) {
  if (message.kind == Kind::kFollow && message.epoch > epoch_ && message.number <= tail()) {
    epoch_ = message.epoch;
    items_.resize(message.number);
  } else if (message.kind == Kind::kItem && message.epoch == epoch_ && message.number == tail()) {
    items_.push_back(message.bytes);
  } else {
    return false;
  }
  return true;
}

void Log::Write(env::Loop& loop, const Message& message, std::function<void(Status)> done) {
  BEACH_CHECK(writing_.empty());
  writing_ = Encode(message);
  loop.SubmitWrite(*file_, size_, writing_,
                   [this, message, done = std::move(done)](const Status& written) {
                     if (!written) return done(written);
                     size_ += writing_.size();
                     writing_.clear();
                     BEACH_CHECK(Apply(message));
                     done({});
                   });
}

}  // namespace mirrored_log
