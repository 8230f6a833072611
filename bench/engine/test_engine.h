// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/random.h"
#include "bench/engine/engine.h"
#include "env/threads.h"

namespace beach::bench {

// What a MapEngine does wrong.
struct Faults {
  bool gets_miss = false;          // every get finds nothing
  bool gets_find = false;          // every get finds the first entry
  bool values_are_others = false;  // cursors give the value of another version, cut short
  std::uint64_t scan_misses = ~std::uint64_t{0};  // the cursor leaves out the entry of that place
  std::uint64_t loses_puts_after = ~std::uint64_t{0};  // later ones are acknowledged alone
  std::uint64_t fails_puts_after = ~std::uint64_t{0};  // later ones return kIo
  bool dies = false;                                   // the process ends at the first put
};

// An engine in memory, for tests: one database for each directory, kept as long as the engine.
class MapEngine final : public Engine {
 public:
  explicit MapEngine(std::string name, Faults faults = {})
      : name_(std::move(name)), faults_(faults) {}

  std::string name() const override { return name_; }
  std::string build() const override { return "of a test"; }
  Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                      const StoreSettings&) const override {
    return std::make_unique<MapStore>(data_[directory], faults_);
  }

 private:
  struct Data {
    env::Mutex mutex;
    std::map<Bytes, Bytes, std::less<>> entries;
    std::uint64_t puts = 0;
  };

  class MapCursor final : public Cursor {
   public:
    MapCursor(std::map<Bytes, Bytes, std::less<>> entries, const Faults& faults)
        : entries_(std::move(entries)), faults_(faults) {
      if (faults_.scan_misses < entries_.size()) {
        entries_.erase(std::next(entries_.begin(), static_cast<long>(faults_.scan_misses)));
      }
    }
    bool SeekToFirst() override { return (at_ = entries_.begin()) != entries_.end(); }
    bool Seek(ByteView target) override {
      return (at_ = entries_.lower_bound(target)) != entries_.end();
    }
    bool Next() override { return ++at_ != entries_.end(); }
    ByteView key() const override { return at_->first; }
    ByteView value() const override {
      return ByteView(at_->second).substr(0, at_->second.size() - faults_.values_are_others);
    }
    Status status() const override { return {}; }

   private:
    std::map<Bytes, Bytes, std::less<>> entries_;
    const Faults& faults_;
    std::map<Bytes, Bytes, std::less<>>::const_iterator at_;
  };

  class MapSession final : public Session {
   public:
    MapSession(Data& data, const Faults& faults) : data_(data), faults_(faults) {}

    Status Put(ByteView key, ByteView value) override {
      const env::MutexLock lock(data_.mutex);
      if (faults_.dies) std::abort();
      ++data_.puts;
      if (data_.puts > faults_.fails_puts_after) return Fail(ErrorCode::kIo, "the disk is gone");
      if (data_.puts <= faults_.loses_puts_after) data_.entries[Bytes(key)] = Bytes(value);
      return {};
    }
    Result<std::optional<ByteView>> Get(ByteView key) override {
      const env::MutexLock lock(data_.mutex);
      const auto at = faults_.gets_find ? data_.entries.begin() : data_.entries.find(key);
      if (faults_.gets_miss || at == data_.entries.end()) return std::nullopt;
      value_ = at->second;
      return ByteView(value_);
    }
    Result<std::unique_ptr<Cursor>> NewCursor() override {
      const env::MutexLock lock(data_.mutex);
      return std::make_unique<MapCursor>(data_.entries, faults_);
    }

   private:
    Data& data_;
    const Faults& faults_;
    Bytes value_;
  };

  class MapStore final : public Store {
   public:
    MapStore(Data& data, const Faults& faults) : data_(data), faults_(faults) {}
    Result<std::unique_ptr<Session>> NewSession() override {
      return std::make_unique<MapSession>(data_, faults_);
    }
    Status Flush() override { return {}; }

   private:
    Data& data_;
    const Faults& faults_;
  };

  const std::string name_;
  const Faults faults_;
  mutable std::map<std::string, Data> data_;
};

}  // namespace beach::bench
