// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::bench {

// What every engine is opened with, so that engines are compared and not settings. Bytes.
struct StoreSettings {
  std::uint64_t memtable_size = std::uint64_t{64} << 20;
  std::uint64_t block_size = 4096;
  std::uint64_t cache_size = std::uint64_t{512} << 20;
  std::uint64_t filter_bits_per_key = 10;
  // Every put is durable when it returns; else it survives the process alone.
  bool sync = false;
  // No more than this is ever stored (LMDB maps it), by no more threads than that.
  std::uint64_t disk_size_max = std::uint64_t{64} << 30;
  std::uint64_t threads_max = 128;
};

// Sorted entries as of its creation, forwards. One thread. After a failure it is invalid and
// status() says why.
class Cursor {
 public:
  virtual ~Cursor() = default;
  // Each returns whether there is an entry now.
  virtual bool SeekToFirst() = 0;
  virtual bool Seek(ByteView target) = 0;  // first key >= target
  virtual bool Next() = 0;                 // REQUIRES: there is one
  // Until the next move. REQUIRES: there is an entry.
  virtual ByteView key() const = 0;
  virtual ByteView value() const = 0;
  virtual Status status() const = 0;
};

// What one thread works with. Each call is a commit of its own.
class Session {
 public:
  virtual ~Session() = default;
  virtual Status Put(ByteView key, ByteView value) = 0;
  // The value until the session's next call, or nothing.
  virtual Result<std::optional<ByteView>> Get(ByteView key) = 0;
  // Goes before the session. One at a time.
  virtual Result<std::unique_ptr<Cursor>> NewCursor() = 0;

  // Data blocks that Gets of this thread have looked into since CountBlocks(true), from the cache
  // or not; nothing where the engine cannot tell. Counting may slow reads.
  virtual void CountBlocks(bool) {}
  virtual std::optional<std::uint64_t> BlocksCounted() const { return std::nullopt; }
};

// An open database. Thread-safe; destroying it closes it, after its sessions.
class Store {
 public:
  virtual ~Store() = default;
  virtual Result<std::unique_ptr<Session>> NewSession() = 0;
  // What is in memory goes to files, where the engine can be asked for it.
  virtual Status Flush() = 0;
};

// One engine: BeachDB or a peer. An adapter alone knows the library behind it.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual std::string name() const = 0;   // "rocksdb", as --peers has it
  virtual std::string build() const = 0;  // for people: version, and who built it how
  // Opens the database in `directory`, creating it where it is not; the directory exists.
  virtual Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                              const StoreSettings& settings) const = 0;
};

using Engines = std::vector<std::unique_ptr<Engine>>;

// Those this binary was built with: BeachDB first, then the peers.
Engines BuiltEngines();
// All that --peers may name, built in or not.
const std::vector<std::string>& PeerNames();

// One for each adapter; those of peers exist where CMake found the library. `build`: what it found.
std::unique_ptr<Engine> MakeBeachEngine(std::string build);
std::unique_ptr<Engine> MakeRocksEngine(std::string build);
std::unique_ptr<Engine> MakeLevelEngine(std::string build);
std::unique_ptr<Engine> MakeLmdbEngine(std::string build);

}  // namespace beach::bench
