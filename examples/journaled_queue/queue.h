// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/error.h"
#include "env/env.h"
#include "env/threads.h"

namespace journaled_queue {

inline constexpr std::size_t kItemSizeMax = 1 << 20;  // bytes

struct Item {
  std::uint64_t number = 0;  // from 0, in the order of the pushes
  beach::Bytes bytes;
};

// First in, first out, and durable: what a call that returned has done survives kill -9 and power
// loss. A call that failed may or may not have been done, which the next Open tells; after a failed
// write or sync all calls fail, and the queue has to be opened again.
//
// Calls append to a journal; one thread syncs it, for all that wait at once. Thread-safe. The
// format of the journal is in queue.cc.
class Queue {
 public:
  // Creates what is missing. kBusy: it is open elsewhere. kCorruption: path and offset say where.
  static beach::Result<std::unique_ptr<Queue>> Open(const beach::env::Env& env,
                                                    const std::string& directory);
  ~Queue();  // REQUIRES: no call is under way
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // The number of the item, once it is durable. kInvalidArgument above kItemSizeMax.
  beach::Result<std::uint64_t> Push(beach::ByteView bytes);
  // The oldest item, once its removal is durable; nothing where there is none.
  beach::Result<std::optional<Item>> Pop();

  // The items [head, tail) are in the queue.
  std::uint64_t head();
  std::uint64_t tail();

 private:
  Queue() = default;
  beach::Status Recover(beach::env::FileSystem& files, const std::string& directory);
  beach::Status Append(beach::ByteView record);  // mutex_ is held; returns once it is durable
  void SyncForAll();                             // the thread

  std::unique_ptr<beach::env::FileLock> lock_;
  std::unique_ptr<beach::env::File> journal_;
  beach::env::Thread thread_;

  beach::env::Mutex mutex_;  // guards what follows
  beach::env::CondVar appended_;
  beach::env::CondVar synced_;
  std::deque<beach::Bytes> items_;  // of the numbers [head_, head_ + items_.size())
  std::uint64_t head_ = 0;
  std::uint64_t written_ = 0;            // bytes appended since Open
  std::uint64_t durable_ = 0;            // of them, synced
  std::optional<beach::Error> failure_;  // of a write or sync: nothing more is tried
  bool closing_ = false;
};

}  // namespace journaled_queue
