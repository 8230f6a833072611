// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "engine/iterator.h"
#include "engine/types.h"

namespace beach::engine {

// What a point read found in one source: nothing about the key at all, or its newest version.
struct VersionFound {
  SequenceNumber sequence;
  ValueKind kind = ValueKind::kPut;
  Bytes value;
};

// The newest writes, sorted, in memory: a skip list whose nodes live in an arena. One writer at a
// time; readers need no lock and may run beside the writer: they see every entry added before they
// began. Entries are never removed.
class Memtable {
 public:
  Memtable();
  ~Memtable();
  Memtable(const Memtable&) = delete;
  Memtable& operator=(const Memtable&) = delete;

  // REQUIRES: no other writer; the sequence number was not added before for this key.
  void Add(SequenceNumber sequence, ValueKind kind, ByteView key, ByteView value);

  // The newest version of `key` at or below `sequence`.
  std::optional<VersionFound> Get(ByteView key, SequenceNumber sequence) const;
  // Over internal keys (engine/internal_key.h). Must not outlive the memtable.
  std::unique_ptr<Iterator> NewIterator() const;

  // Requested bytes of keys, values and nodes: the same on every machine. Safe beside the writer.
  std::uint64_t size_bytes() const;
  std::uint64_t count() const;

 private:
  struct Representation;
  std::unique_ptr<Representation> representation_;
};

}  // namespace beach::engine
