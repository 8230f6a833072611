// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/env.h"
#include "message.h"

namespace mirrored_log {

// What one node has, durably: an epoch, and items numbered from 0. It belongs to the thread of the
// loop that it writes on, and outlives that loop.
class Log {
 public:
  // In a directory that exists. kBusy: it is open elsewhere. kCorruption: of another's making.
  static beach::Result<std::unique_ptr<Log>> Open(const beach::env::Env& env,
                                                  const std::string& directory);

  std::uint64_t epoch() const { return epoch_; }
  std::uint64_t tail() const { return items_.size(); }
  const beach::Bytes& item(std::uint64_t number) const { return items_.at(number); }

  // kFollow: a later epoch, with `number` of the items that are there. kItem: the next one, of the
  // epoch that is. Shows once it is durable; then calls `done`. After an error the log is to be
  // opened again. REQUIRES: no other write is under way.
  void Write(beach::env::Loop& loop, const Message& message,
             std::function<void(beach::Status)> done);

 private:
  Log() = default;
  beach::Status Recover(beach::env::FileSystem& files, const std::string& directory);
  beach::Status Parse(const std::string& path, beach::ByteView bytes);
  bool Apply(const Message& message);  // false where it cannot be the next one

  std::unique_ptr<beach::env::FileLock> lock_;
  std::unique_ptr<beach::env::File> file_;
  std::uint64_t size_ = 0;  // of the file, in bytes
  std::uint64_t epoch_ = 0;
  std::vector<beach::Bytes> items_;
  beach::Bytes writing_;  // empty: no write is under way
};

}  // namespace mirrored_log
