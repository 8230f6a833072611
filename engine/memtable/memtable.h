// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "engine/iterator.h"
#include "engine/memtable/chunk_pool.h"
#include "engine/memtable/kind.h"
#include "engine/types.h"

namespace beach::engine {

// What a point read found in one source: nothing about the key at all, or its newest version.
struct VersionFound {
  SequenceNumber sequence;
  ValueKind kind = ValueKind::kPut;
  Bytes value;
};

class Representation;

// The newest writes, in memory, until a flush makes a table of them. One writer at a time, or
// several at once where the kind takes them; readers need no lock and may run beside writers: they
// see every entry added before they began. Entries are never removed.
class Memtable {
 public:
  // `size_bytes`: what it is to hold, about; it takes more. `chunks`: what memtables leave each
  // other; may be null.
  explicit Memtable(MemtableKind kind = MemtableKind::kSkipList,
                    std::uint64_t size_bytes = kMemtableSizeUsual,
                    std::shared_ptr<ChunkPool> chunks = nullptr);
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // REQUIRES: no other writer; the sequence number was not added before for this key.
  void Add(SequenceNumber sequence, ValueKind kind, ByteView key, ByteView value);
  // The same beside others who call it. REQUIRES: TakesConcurrentWriters(); no Add at once.
  void AddConcurrently(SequenceNumber sequence, ValueKind kind, ByteView key, ByteView value);
  bool TakesConcurrentWriters() const { return kind_ == MemtableKind::kSkipList; }

  // The newest version of `key` at or below `sequence`.
  std::optional<VersionFound> Get(ByteView key, SequenceNumber sequence) const;
  // Over internal keys (engine/internal_key.h). Must not outlive the memtable.
  std::unique_ptr<Iterator> NewIterator() const;

  // Requested bytes of keys, values and nodes: the same on every machine. Safe beside writers.
  std::uint64_t size_bytes() const;
  std::uint64_t count() const;

 private:
  static constexpr std::uint64_t kMemtableSizeUsual = 64 * 1024;

  const MemtableKind kind_;
  const std::unique_ptr<Representation> representation_;
};

}  // namespace beach::engine
