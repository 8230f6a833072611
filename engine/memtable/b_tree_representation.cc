// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/memtable/b_tree.h"
#include "engine/memtable/representation.h"

namespace beach::engine {
namespace {

class BTreeIterator final : public Iterator {
 public:
  explicit BTreeIterator(const BTree& tree) : tree_(tree) {}

  void SeekToFirst() override { MoveTo(tree_.First()); }
  void SeekToLast() override { MoveTo(tree_.Last()); }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    MoveTo(tree_.FirstNotBefore(KeyOf(target)));
  }

  void SeekForPrevious(ByteView target) override {
    // The writer may add entries between two searches: the second alone must give an answer.
    Seek(target);
    if (Valid() && key() == target) return;
    MoveTo(tree_.LastBefore(KeyOf(target)));
  }

  void Next() override {
    BEACH_CHECK(Valid());
    MoveTo(tree_.Next(place_));
  }
  void Previous() override {
    BEACH_CHECK(Valid());
    MoveTo(tree_.Previous(place_));
  }

  ByteView value() const override {
    BEACH_CHECK(Valid());
    return place_.entry->value();
  }
  Status status() const override { return {}; }

 private:
  void MoveTo(const BTree::Place& place) {
    place_ = place;
    if (place_.entry == nullptr) return StandNowhere();
    StandAt(place_.entry->key());
  }

  const BTree& tree_;
  BTree::Place place_;
};

class BTreeRepresentation final : public Representation {
 public:
  explicit BTreeRepresentation(const std::shared_ptr<ChunkPool>& chunks) : tree_(chunks) {}

  void Insert(const EntryKey& key, ByteView value) override { tree_.Insert(key, value); }
  void InsertConcurrently(const EntryKey&, ByteView) override { BEACH_CHECK(false); }
  const Entry* Get(const EntryKey& key) const override {
    const Entry* const entry = tree_.FirstNotBefore(key).entry;
    return entry != nullptr && entry->user_key() == key.user_key ? entry : nullptr;
  }
  std::unique_ptr<Iterator> NewIterator() const override {
    return std::make_unique<BTreeIterator>(tree_);
  }
  std::uint64_t size_bytes() const override { return tree_.size_bytes(); }
  std::uint64_t count() const override { return tree_.count(); }

 private:
  BTree tree_;
};

}  // namespace

std::unique_ptr<Representation> NewBTreeRepresentation(std::shared_ptr<ChunkPool> chunks) {
  return std::make_unique<BTreeRepresentation>(chunks);
}

}  // namespace beach::engine
