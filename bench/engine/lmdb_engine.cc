// SPDX-License-Identifier: Apache-2.0
#include <lmdb.h>

#include <utility>

#include "bench/engine/engine.h"

namespace beach::bench {
namespace {

MDB_val ValueOf(ByteView bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
ByteView ViewOf(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

Status StatusOf(int code) {
  if (code == MDB_SUCCESS) return {};
  return Fail(code == MDB_MAP_FULL ? ErrorCode::kNoSpace : ErrorCode::kIo,
              std::string("lmdb: ") + mdb_strerror(code));
}

// A read transaction that is kept between uses, which costs less than a new one.
class Reader {
 public:
  Reader(MDB_env* env, MDB_dbi table) : env_(env), table_(table) {}
  ~Reader() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Status Begin() {
    if (transaction_ == nullptr) {
      return StatusOf(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &transaction_));
    }
    return StatusOf(mdb_txn_renew(transaction_));
  }
  // REQUIRES: a Begin that was fine.
  void End() { mdb_txn_reset(transaction_); }
  Status OpenCursor() {
    if (cursor_ == nullptr) return StatusOf(mdb_cursor_open(transaction_, table_, &cursor_));
    return StatusOf(mdb_cursor_renew(transaction_, cursor_));
  }

  MDB_txn* transaction() const { return transaction_; }
  MDB_cursor* cursor() const { return cursor_; }

 private:
  MDB_env* const env_;
  const MDB_dbi table_;
  MDB_txn* transaction_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

class LmdbCursor final : public Cursor {
 public:
  // REQUIRES: the reader has begun, and has a cursor.
  explicit LmdbCursor(Reader& reader) : reader_(reader) {}
  ~LmdbCursor() override { reader_.End(); }
  LmdbCursor(const LmdbCursor&) = delete;
  LmdbCursor& operator=(const LmdbCursor&) = delete;

  bool SeekToFirst() override { return Move(MDB_FIRST); }
  bool Seek(ByteView target) override {
    key_ = ValueOf(target);
    return Move(MDB_SET_RANGE);
  }
  bool Next() override { return Move(MDB_NEXT); }
  ByteView key() const override { return ViewOf(key_); }
  ByteView value() const override { return ViewOf(value_); }
  Status status() const override { return code_ == MDB_NOTFOUND ? Status() : StatusOf(code_); }

 private:
  bool Move(MDB_cursor_op operation) {
    code_ = mdb_cursor_get(reader_.cursor(), &key_, &value_, operation);
    return code_ == MDB_SUCCESS;
  }

  Reader& reader_;
  MDB_val key_ = {};
  MDB_val value_ = {};
  int code_ = MDB_SUCCESS;
};

class LmdbSession final : public Session {
 public:
  LmdbSession(MDB_env* env, MDB_dbi table)
      : env_(env), table_(table), gets_(env, table), scans_(env, table) {}

  Status Put(ByteView key, ByteView value) override {
    BEACH_TRY(EndGet());
    MDB_txn* transaction = nullptr;
    BEACH_TRY(StatusOf(mdb_txn_begin(env_, nullptr, 0, &transaction)));
    MDB_val key_bytes = ValueOf(key);
    MDB_val value_bytes = ValueOf(value);
    if (const int code = mdb_put(transaction, table_, &key_bytes, &value_bytes, 0); code != 0) {
      mdb_txn_abort(transaction);
      return StatusOf(code);
    }
    return StatusOf(mdb_txn_commit(transaction));
  }
  // The transaction lasts until the next call, and with it the value, which is not copied.
  Result<std::optional<ByteView>> Get(ByteView key) override {
    BEACH_TRY(EndGet());
    BEACH_TRY(gets_.Begin());
    getting_ = true;
    MDB_val key_bytes = ValueOf(key);
    MDB_val value = {};
    const int code = mdb_get(gets_.transaction(), table_, &key_bytes, &value);
    if (code == MDB_NOTFOUND) return std::nullopt;
    BEACH_TRY(StatusOf(code));
    return ViewOf(value);
  }
  Result<std::unique_ptr<Cursor>> NewCursor() override {
    BEACH_TRY(EndGet());
    BEACH_TRY(scans_.Begin());
    BEACH_TRY(scans_.OpenCursor());
    return std::make_unique<LmdbCursor>(scans_);
  }

 private:
  Status EndGet() {
    if (getting_) gets_.End();
    getting_ = false;
    return {};
  }

  MDB_env* const env_;
  const MDB_dbi table_;
  Reader gets_;
  Reader scans_;
  bool getting_ = false;
};

class LmdbStore final : public Store {
 public:
  LmdbStore() = default;
  ~LmdbStore() override {
    if (env_ != nullptr) mdb_env_close(env_);
  }
  LmdbStore(const LmdbStore&) = delete;
  LmdbStore& operator=(const LmdbStore&) = delete;

  Status Open(const std::string& directory, const StoreSettings& settings) {
    BEACH_TRY(StatusOf(mdb_env_create(&env_)));
    BEACH_TRY(StatusOf(mdb_env_set_mapsize(env_, settings.disk_size_max)));
    // Two a session: one for Gets, one for cursors.
    BEACH_TRY(
        StatusOf(mdb_env_set_maxreaders(env_, static_cast<unsigned>(2 * settings.threads_max))));
    // Without a sync it keeps less than the others do: a power loss may take the whole database.
    const unsigned flags = MDB_NOTLS | (settings.sync ? 0U : unsigned{MDB_NOSYNC});
    BEACH_TRY(StatusOf(mdb_env_open(env_, directory.c_str(), flags, 0644)));
    MDB_txn* transaction = nullptr;
    BEACH_TRY(StatusOf(mdb_txn_begin(env_, nullptr, 0, &transaction)));
    if (const int code = mdb_dbi_open(transaction, nullptr, 0, &table_); code != 0) {
      mdb_txn_abort(transaction);
      return StatusOf(code);
    }
    return StatusOf(mdb_txn_commit(transaction));
  }
  Result<std::unique_ptr<Session>> NewSession() override {
    return std::make_unique<LmdbSession>(env_, table_);
  }
  Status Flush() override { return StatusOf(mdb_env_sync(env_, 1)); }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

class LmdbEngine final : public Engine {
 public:
  explicit LmdbEngine(std::string build) : build_(std::move(build)) {}

  std::string name() const override { return "lmdb"; }
  std::string build() const override { return build_; }
  Result<std::unique_ptr<Store>> Open(const std::string& directory,
                                      const StoreSettings& settings) const override {
    auto store = std::make_unique<LmdbStore>();
    BEACH_TRY(store->Open(directory, settings));
    return store;
  }

 private:
  const std::string build_;
};

}  // namespace

std::unique_ptr<Engine> MakeLmdbEngine(std::string build) {
  return std::make_unique<LmdbEngine>(std::move(build));
}

}  // namespace beach::bench
