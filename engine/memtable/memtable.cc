// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable.h"

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/memtable/skip_list.h"

namespace beach::engine {
namespace {

class MemtableIterator final : public Iterator {
 public:
  explicit MemtableIterator(const SkipList& list) : list_(list) {}

  bool Valid() const override { return node_ != nullptr; }
  void SeekToFirst() override { node_ = list_.First(); }
  void SeekToLast() override { node_ = list_.Last(); }

  void Seek(ByteView target) override {
    BEACH_CHECK_GE(target.size(), kInternalKeyTrailerSize);
    node_ = list_.FirstNotBefore(UserKeyOf(target), TrailerOf(target));
  }

  void SeekForPrevious(ByteView target) override {
    // The writer may add entries between two searches: the second alone must give an answer.
    Seek(target);
    if (node_ != nullptr && node_->key() == target) return;
    node_ = list_.LastBefore(UserKeyOf(target), TrailerOf(target));
  }

  void Next() override {
    BEACH_CHECK(Valid());
    node_ = node_->Next(0);
  }

  void Previous() override {
    BEACH_CHECK(Valid());
    const ByteView current = node_->key();
    node_ = list_.LastBefore(UserKeyOf(current), TrailerOf(current));
  }

  ByteView key() const override {
    BEACH_CHECK(Valid());
    return node_->key();
  }
  ByteView value() const override {
    BEACH_CHECK(Valid());
    return node_->value();
  }
  Status status() const override { return {}; }

 private:
  const SkipList& list_;
  const SkipList::Node* node_ = nullptr;
};

}  // namespace

struct Memtable::Representation {
  SkipList list;
};

Memtable::Memtable() : representation_(std::make_unique<Representation>()) {}
Memtable::~Memtable() = default;

void Memtable::Add(SequenceNumber sequence, ValueKind kind, ByteView key, ByteView value) {
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  representation_->list.Insert(key, PackTrailer(sequence, kind), value);
}

std::optional<VersionFound> Memtable::Get(ByteView key, SequenceNumber sequence) const {
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  const SkipList::Node* const node =
      representation_->list.FirstNotBefore(key, PackTrailer(sequence, kKindFirst));
  if (node == nullptr || UserKeyOf(node->key()) != key) return std::nullopt;
  InternalKey found;
  const bool parsed = ParseInternalKey(node->key(), found);
  BEACH_CHECK(parsed);
  return VersionFound{
      .sequence = found.sequence, .kind = found.kind, .value = Bytes(node->value())};
}

std::unique_ptr<Iterator> Memtable::NewIterator() const {
  return std::make_unique<MemtableIterator>(representation_->list);
}

std::uint64_t Memtable::size_bytes() const { return representation_->list.size_bytes(); }
std::uint64_t Memtable::count() const { return representation_->list.count(); }

}  // namespace beach::engine
