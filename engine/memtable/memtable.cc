// SPDX-License-Identifier: Apache-2.0
#include "engine/memtable/memtable.h"

#include <utility>

#include "base/check.h"
#include "engine/internal_key.h"
#include "engine/memtable/representation.h"

namespace beach::engine {
namespace {

std::unique_ptr<Representation> NewRepresentation(MemtableKind kind, std::uint64_t size_bytes,
                                                  std::shared_ptr<ChunkPool> chunks) {
  switch (kind) {
    case MemtableKind::kSkipList: return NewSkipListRepresentation(std::move(chunks));
    case MemtableKind::kBTree: return NewBTreeRepresentation(std::move(chunks));
    case MemtableKind::kHash: return NewHashRepresentation(size_bytes, std::move(chunks));
  }
  BEACH_CHECK(false);
}

}  // namespace

Memtable::Memtable(MemtableKind kind, std::uint64_t size_bytes, std::shared_ptr<ChunkPool> chunks)
    : kind_(kind), representation_(NewRepresentation(kind, size_bytes, std::move(chunks))) {}
Memtable::~Memtable() = default;

void Memtable::Add(SequenceNumber sequence, ValueKind kind, ByteView key, ByteView value) {
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  representation_->Insert({.user_key = key, .trailer = PackTrailer(sequence, kind)}, value);
}

void Memtable::AddConcurrently(SequenceNumber sequence, ValueKind kind, ByteView key,
                               ByteView value) {
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  representation_->InsertConcurrently({.user_key = key, .trailer = PackTrailer(sequence, kind)},
                                      value);
}

std::optional<VersionFound> Memtable::Get(ByteView key, SequenceNumber sequence) const {
  BEACH_CHECK_LE(sequence.value, kMaxSequence.value);
  const Entry* const entry =
      representation_->Get({.user_key = key, .trailer = PackTrailer(sequence, kKindFirst)});
  if (entry == nullptr) return std::nullopt;
  InternalKey found;
  const bool parsed = ParseInternalKey(entry->key(), found);
  BEACH_CHECK(parsed);
  return VersionFound{
      .sequence = found.sequence, .kind = found.kind, .value = Bytes(entry->value())};
}

std::unique_ptr<Iterator> Memtable::NewIterator() const { return representation_->NewIterator(); }

std::uint64_t Memtable::size_bytes() const { return representation_->size_bytes(); }
std::uint64_t Memtable::count() const { return representation_->count(); }

}  // namespace beach::engine
