// SPDX-License-Identifier: Apache-2.0
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/table.h>

#include <utility>

#include "bench/engine/engine.h"

namespace beach::bench {
namespace {

rocksdb::Slice SliceOf(ByteView bytes) { return {bytes.data(), bytes.size()}; }
ByteView ViewOf(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status StatusOf(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return Fail(status.IsCorruption() ? ErrorCode::kCorruption : ErrorCode::kIo,
              "rocksdb: " + status.ToString());
}

class RocksCursor final : public Cursor {
 public:
  explicit RocksCursor(rocksdb::Iterator* iterator) : iterator_(iterator) {}

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
  const std::unique_ptr<rocksdb::Iterator> iterator_;
};

class RocksSession final : public Session {
 public:
  RocksSession(rocksdb::DB& db, bool sync) : db_(db) { write_.sync = sync; }

  Status Put(ByteView key, ByteView value) override {
    return StatusOf(db_.Put(write_, SliceOf(key), SliceOf(value)));
  }
  Result<std::optional<ByteView>> Get(ByteView key) override {
    value_.Reset();
    const rocksdb::Status status = db_.Get(read_, db_.DefaultColumnFamily(), SliceOf(key), &value_);
    if (status.IsNotFound()) return std::nullopt;
    BEACH_TRY(StatusOf(status));
    return ViewOf(value_);
  }
  Result<std::unique_ptr<Cursor>> NewCursor() override {
    return std::make_unique<RocksCursor>(db_.NewIterator(read_));
  }

  void CountBlocks(bool on) override {
    rocksdb::SetPerfLevel(on ? rocksdb::kEnableCount : rocksdb::kDisable);
    if (on) rocksdb::get_perf_context()->Reset();
  }
  std::optional<std::uint64_t> BlocksCounted() const override {
    const rocksdb::PerfContext& context = *rocksdb::get_perf_context();
    return context.block_cache_hit_count + context.block_read_count -
           context.block_cache_index_hit_count - context.index_block_read_count -
           context.block_cache_filter_hit_count - context.filter_block_read_count;
  }

 private:
  rocksdb::DB& db_;
  const rocksdb::ReadOptions read_;  // checksums are verified by default
  rocksdb::WriteOptions write_;
  rocksdb::PinnableSlice value_;
};

class RocksStore final : public Store {
 public:
  explicit RocksStore(bool sync) : sync_(sync) {}

  Status Open(const std::string& directory, const StoreSettings& settings) {
    rocksdb::BlockBasedTableOptions table;
    table.block_size = settings.block_size;
    table.block_cache = rocksdb::NewLRUCache(settings.cache_size);
    table.filter_policy.reset(
        rocksdb::NewBloomFilterPolicy(static_cast<double>(settings.filter_bits_per_key), false));
    rocksdb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = settings.memtable_size;
    options.compression = rocksdb::kNoCompression;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB* db = nullptr;
    BEACH_TRY(StatusOf(rocksdb::DB::Open(options, directory, &db)));
    db_.reset(db);
    return {};
  }
  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<RocksSession>(*db_, sync_);
  }
  Status Flush() override { return StatusOf(db_->Flush(rocksdb::FlushOptions())); }

 private:
  const bool sync_;
  std::unique_ptr<rocksdb::DB> db_;
};

class RocksEngine final : public Engine {
 public:
  explicit RocksEngine(std::string build) : build_(std::move(build)) {}

  std::string name() const override { return "rocksdb"; }
  std::string build() const override { return build_; }
  Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                      const StoreSettings& settings) const override {
    auto store = std::make_unique<RocksStore>(settings.sync);
    BEACH_TRY(store->Open(directory, settings));
    return store;
  }

 private:
  const std::string build_;
};

}  // namespace

std::unique_ptr<Engine> MakeRocksEngine(std::string build) {
  return std::make_unique<RocksEngine>(std::move(build));
}

}  // namespace beach::bench
