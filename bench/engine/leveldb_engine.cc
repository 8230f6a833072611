// SPDX-License-Identifier: Apache-2.0
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include <utility>

#include "bench/engine/engine.h"

namespace beach::bench {
namespace {

leveldb::Slice SliceOf(ByteView bytes) { return {bytes.data(), bytes.size()}; }
ByteView ViewOf(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

Status StatusOf(const leveldb::Status& status) {
  if (status.ok()) return {};
  return Fail(status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kIo,
              "leveldb: " + status.ToString());
}

leveldb::ReadOptions Verified() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  return options;
}

class LevelCursor final : public Cursor {
 public:
  explicit LevelCursor(leveldb::Iterator* iterator) : iterator_(iterator) {}

  bool SeekToFirst() override {
    iterator_->SeekToFirst();
    return iterator_->Valid();
  }
  bool Seek(ByteView target) override {
    iterator_->Seek(SliceOf(target));
    return iterator_->Valid();
  }
  bool Next() override {
    iterator_->Next();
    return iterator_->Valid();
  }
  ByteView key() const override { return ViewOf(iterator_->key()); }
  ByteView value() const override { return ViewOf(iterator_->value()); }
  Status status() const override { return StatusOf(iterator_->status()); }

 private:
  const std::unique_ptr<leveldb::Iterator> iterator_;
};

class LevelSession final : public Session {
 public:
  LevelSession(leveldb::DB& db, bool sync) : db_(db) { write_.sync = sync; }

  Status Put(ByteView key, ByteView value) override {
    return StatusOf(db_.Put(write_, SliceOf(key), SliceOf(value)));
  }
  Result<std::optional<ByteView>> Get(ByteView key) override {
    const leveldb::Status status = db_.Get(read_, SliceOf(key), &value_);
    if (status.IsNotFound()) return std::nullopt;
    BEACH_TRY(StatusOf(status));
    return ByteView(value_);
  }
  Result<std::unique_ptr<Cursor>> NewCursor() override {
    return std::make_unique<LevelCursor>(db_.NewIterator(read_));
  }

 private:
  leveldb::DB& db_;
  const leveldb::ReadOptions read_ = Verified();
  leveldb::WriteOptions write_;
  std::string value_;
};

class LevelStore final : public Store {
 public:
  explicit LevelStore(const StoreSettings& settings)
      : sync_(settings.sync),
        cache_(leveldb::NewLRUCache(settings.cache_size)),
        filter_(leveldb::NewBloomFilterPolicy(static_cast<int>(settings.filter_bits_per_key))) {}

  Status Open(const std::string& directory, const StoreSettings& settings) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = settings.memtable_size;
    options.block_size = settings.block_size;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    options.compression = leveldb::kNoCompression;
    leveldb::DB* db = nullptr;
    BEACH_TRY(StatusOf(leveldb::DB::Open(options, directory, &db)));
    db_.reset(db);
    return {};
  }
  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<LevelSession>(*db_, sync_);
  }
  // It has no call for it: what is in memory becomes a table at the next open.
  Status Flush() override { return {}; }

 private:
  const bool sync_;
  const std::unique_ptr<leveldb::Cache> cache_;
  const std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
};

class LevelEngine final : public Engine {
 public:
  explicit LevelEngine(std::string build) : build_(std::move(build)) {}

  std::string name() const override { return "leveldb"; }
  std::string build() const override { return build_; }
  Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                      const StoreSettings& settings) const override {
    auto store = std::make_unique<LevelStore>(settings);
    BEACH_TRY(store->Open(directory, settings));
    return store;
  }

 private:
  const std::string build_;
};

}  // namespace

std::unique_ptr<Engine> MakeLevelEngine(std::string build) {
  return std::make_unique<LevelEngine>(std::move(build));
}

}  // namespace beach::bench
