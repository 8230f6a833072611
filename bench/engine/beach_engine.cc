// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "bench/engine/engine.h"
#include "engine/db.h"
#include "env/os/os_env.h"

namespace beach::bench {
namespace {

class BeachCursor final : public Cursor {
 public:
  explicit BeachCursor(std::unique_ptr<engine::Iterator> iterator)
      : iterator_(std::move(iterator)) {}

  bool SeekToFirst() override {
    iterator_->SeekToFirst();
    return iterator_->Valid();
  }
  bool Seek(ByteView target) override {
    iterator_->Seek(target);
    return iterator_->Valid();
  }
  bool Next() override {
    iterator_->Next();
    return iterator_->Valid();
  }
  ByteView key() const override { return iterator_->key(); }
  ByteView value() const override { return iterator_->value(); }
  Status status() const override { return iterator_->status(); }

 private:
  const std::unique_ptr<engine::Iterator> iterator_;
};

class BeachSession final : public Session {
 public:
  BeachSession(engine::Db& db, bool sync) : db_(db), write_{.sync = sync} {}

  Status Put(ByteView key, ByteView value) override { return db_.Put(write_, key, value); }
  Result<std::optional<ByteView>> Get(ByteView key) override {
    BEACH_TRY_ASSIGN(value_, db_.Get({}, key));
    return value_ ? std::optional<ByteView>(*value_) : std::nullopt;
  }
  Result<std::unique_ptr<Cursor>> NewCursor() override {
    BEACH_TRY_ASSIGN(auto iterator, db_.NewIterator({}));
    return std::make_unique<BeachCursor>(std::move(iterator));
  }

 private:
  engine::Db& db_;
  const engine::WriteOptions write_;
  std::optional<Bytes> value_;
};

class BeachStore final : public Store {
 public:
  explicit BeachStore(bool sync) : sync_(sync) {}

  Status Open(const std::string& directory, const engine::Options& options) {
    BEACH_TRY_ASSIGN(db_, engine::Db::Open(os_.env(), directory, options));
    return {};
  }
  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<BeachSession>(*db_, sync_);
  }
  Status Flush() override { return db_->Flush(); }

 private:
  env::OsEnv os_;
  const bool sync_;
  std::unique_ptr<engine::Db> db_;
};

class BeachEngine final : public Engine {
 public:
  explicit BeachEngine(std::string build) : build_(std::move(build)) {}

  std::string name() const override { return "beachdb"; }
  std::string build() const override { return build_; }
  // BeachDB has no filters to give filter_bits_per_key to.
  Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                      const StoreSettings& settings) const override {
    engine::Options options;
    options.memtable_size = settings.memtable_size;
    options.block_size = settings.block_size;
    options.block_cache_size = settings.cache_size;
    auto store = std::make_unique<BeachStore>(settings.sync);
    BEACH_TRY(store->Open(directory, options));
    return store;
  }

 private:
  const std::string build_;
};

}  // namespace

std::unique_ptr<Engine> MakeBeachEngine(std::string build) {
  return std::make_unique<BeachEngine>(std::move(build));
}

}  // namespace beach::bench
