// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "base/check.h"
#include "engine/memtable/representation.h"
#include "engine/memtable/skip_list.h"

namespace beach::engine {
namespace {

class SkipListIterator final : public Iterator {
 public:
  explicit SkipListIterator(const SkipList& list) : list_(list) {}

  void SeekToFirst() override { MoveTo(list_.First()); }
  void SeekToLast() override { MoveTo(list_.Last()); }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    MoveTo(list_.FirstNotBefore(KeyOf(target)));
  }

  void SeekForPrevious(ByteView target) override {
    // The writer may add entries between two searches: the second alone must give an answer.
    Seek(target);
    if (Valid() && key() == target) return;
    MoveTo(list_.LastBefore(KeyOf(target)));
  }

  void Next() override {
    BEACH_CHECK(Valid());
    MoveTo(SkipList::Next(*entry_));
  }
  void Previous() override {
    BEACH_CHECK(Valid());
    MoveTo(list_.LastBefore(KeyOf(*entry_)));
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return entry_->value();
  }
  Status status() const override { return {}; }

 private:
  void MoveTo(const Entry* entry) {
    entry_ = entry;
    if (entry_ == nullptr) return StandNowhere();
    StandAt(entry_->key());
  }

  const SkipList& list_;
  const Entry* entry_ = nullptr;
};

class SkipListRepresentation final : public Representation {
 public:
  explicit SkipListRepresentation(std::shared_ptr<ChunkPool> chunks) : list_(std::move(chunks)) {}

  void Insert(const EntryKey& key, ByteView value) override { list_.Insert(key, value); }
  void InsertConcurrently(const EntryKey& key, ByteView value) override {
    list_.InsertConcurrently(key, value);
  }
  const Entry* Get(const EntryKey& key) const override {
    const Entry* const entry = list_.FirstNotBefore(key);
    return entry != nullptr && entry->user_key() == key.user_key ? entry : nullptr;
  }
  std::unique_ptr<Iterator> NewIterator() const override {
    return std::make_unique<SkipListIterator>(list_);
  }
  std::uint64_t size_bytes() const override { return list_.size_bytes(); }
  std::uint64_t count() const override { return list_.count(); }

 private:
  SkipList list_;
};

}  // namespace

std::unique_ptr<Representation> NewSkipListRepresentation(std::shared_ptr<ChunkPool> chunks) {
  return std::make_unique<SkipListRepresentation>(std::move(chunks));
}

}  // namespace beach::engine
