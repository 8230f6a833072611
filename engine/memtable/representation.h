// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "engine/iterator.h"
#include "engine/memtable/chunk_pool.h"
#include "engine/memtable/entry.h"
#include "engine/memtable/kind.h"

namespace beach::engine {

// How a memtable keeps its entries. What memtable.h says of writers and readers holds for each.
class Representation {
 public:
  virtual ~Representation() = default;

  virtual void Insert(const EntryKey& key, ByteView value) = 0;
  // REQUIRES: of a kind that takes it (Memtable::TakesConcurrentWriters); no Insert at once.
  virtual void InsertConcurrently(const EntryKey& key, ByteView value) = 0;
  // The newest version of the user key that is not before `key`; null where there is none.
  virtual const Entry* Get(const EntryKey& key) const = 0;
  virtual std::unique_ptr<Iterator> NewIterator() const = 0;
  virtual std::uint64_t size_bytes() const = 0;
  virtual std::uint64_t count() const = 0;
};

// `chunks`: of its arenas; may be null.
std::unique_ptr<Representation> NewSkipListRepresentation(std::shared_ptr<ChunkPool> chunks);
std::unique_ptr<Representation> NewBTreeRepresentation(std::shared_ptr<ChunkPool> chunks);
// `size_bytes`: what the memtable is to hold, about.
std::unique_ptr<Representation> NewHashRepresentation(std::uint64_t size_bytes,
                                                      std::shared_ptr<ChunkPool> chunks);

}  // namespace beach::engine
