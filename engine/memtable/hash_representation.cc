// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "engine/memtable/hash_index.h"
#include "engine/memtable/representation.h"

namespace beach::engine {
namespace {

// Over the keys as they were when it was first placed; each with all versions that it has by now.
class HashIterator final : public Iterator {
 public:
  explicit HashIterator(const HashIndex& index) : index_(index) {}

  void SeekToFirst() override { NewestOf(0); }
  void SeekToLast() override { OldestOf(keys().size()); }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    const EntryKey key = KeyOf(target);
    at_ = FirstNotBefore(key.user_key);
    MoveTo(Holds(key.user_key) ? HashIndex::NotNewer(*keys()[at_], key.trailer) : nullptr);
    if (!Valid()) NewestOf(Holds(key.user_key) ? at_ + 1 : at_);
  }

  void SeekForPrevious(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    const EntryKey key = KeyOf(target);
    at_ = FirstNotBefore(key.user_key);
    StandNowhere();
    // The oldest that is not older.
    if (Holds(key.user_key)) NewerOrSame(key.trailer, true);
    if (!Valid()) OldestOf(at_);
  }

  void Next() override {
    BEACH_CHECK(Valid());
    MoveTo(version_->older.load(std::memory_order_acquire));
    if (!Valid()) NewestOf(at_ + 1);
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    NewerOrSame(version_->entry().trailer(), false);
    if (!Valid()) OldestOf(at_);
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return version_->entry().value();
  }
  Status status() const override { return {}; }

 private:
  const std::vector<const HashIndex::Key*>& keys() {
    if (!keys_) keys_ = index_.SortedKeys();
    return *keys_;
  }

  std::size_t FirstNotBefore(ByteView user_key) {
    const auto before = [&](const HashIndex::Key* key) {
      return CompareUserKeys(key->user_key(), user_key) < 0;
    };
    const auto at = std::ranges::partition_point(keys(), before);
    return static_cast<std::size_t>(at - keys().begin());
  }
  bool Holds(ByteView user_key) {
    return at_ < keys().size() && keys()[at_]->user_key() == user_key;
  }

  // Null: nowhere.
  void MoveTo(const HashIndex::Version* version) {
    version_ = version;
    if (version_ == nullptr) return StandNowhere();
    StandAt(version_->entry().key());
  }
  // To the newest version of the key at `index`, or nowhere.
  void NewestOf(std::size_t index) {
    at_ = index;
    MoveTo(index < keys().size() ? keys()[index]->Newest() : nullptr);
  }
  // To the oldest version of the key before `index`, or nowhere.
  void OldestOf(std::size_t index) {
    StandNowhere();
    if (index == 0) return;
    at_ = index - 1;
    NewerOrSame(0, true);
  }
  // To the oldest version of the key at at_ that is newer, or `same`; or nowhere.
  void NewerOrSame(std::uint64_t trailer, bool same) {
    const HashIndex::Version* version = keys()[at_]->Newest();
    const HashIndex::Version* oldest = nullptr;
    while (version != nullptr) {
      const std::uint64_t found = version->entry().trailer();
      if (found < trailer || (found == trailer && !same)) break;
      oldest = version;
      version = version->older.load(std::memory_order_acquire);
    }
    MoveTo(oldest);
  }

  const HashIndex& index_;
  std::optional<std::vector<const HashIndex::Key*>> keys_;
  std::size_t at_ = 0;
  const HashIndex::Version* version_ = nullptr;
};

class HashRepresentation final : public Representation {
 public:
  HashRepresentation(std::uint64_t size_bytes, std::shared_ptr<ChunkPool> chunks)
      : index_(size_bytes, std::move(chunks)) {}

  void Insert(const EntryKey& key, ByteView value) override { index_.Insert(key, value); }
  void InsertConcurrently(const EntryKey&, ByteView) override { BEACH_CHECK(false); }
  const Entry* Get(const EntryKey& key) const override {
    const HashIndex::Key* const found = index_.Find(key.user_key);
    if (found == nullptr) return nullptr;
    const HashIndex::Version* const version = HashIndex::NotNewer(*found, key.trailer);
    return version == nullptr ? nullptr : &version->entry();
  }
  std::unique_ptr<Iterator> NewIterator() const override {
    return std::make_unique<HashIterator>(index_);
  }
  std::uint64_t size_bytes() const override { return index_.size_bytes(); }
  std::uint64_t count() const override { return index_.count(); }

 private:
  HashIndex index_;
};

}  // namespace

std::unique_ptr<Representation> NewHashRepresentation(std::uint64_t size_bytes,
                                                      std::shared_ptr<ChunkPool> chunks) {
  return std::make_unique<HashRepresentation>(size_bytes, std::move(chunks));
}

}  // namespace beach::engine
