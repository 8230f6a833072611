// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/client.h"

#include "base/check.h"
#include "bench/machine.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kSeed = 0x50a4;
constexpr std::uint64_t kScanEntries = 100;
// Of a thousand operations, once all records are there: so four of five are live.
constexpr std::uint64_t kPuts = 400;
constexpr std::uint64_t kDeletes = 100;
constexpr std::uint64_t kScans = 20;

Error Wrong(const std::string& what, std::uint64_t record) {
  return {ErrorCode::kCorruption, what + " (record " + std::to_string(record) + ")"};
}

}  // namespace

const char* NameOf(SoakKind kind) {
  switch (kind) {
    case SoakKind::kPut: return "put";
    case SoakKind::kDelete: return "delete";
    case SoakKind::kGet: return "get";
    case SoakKind::kScan: return "scan";
  }
  return "";
}

SoakClient::SoakClient(engine::Db& db, std::uint64_t records, std::uint64_t clients,
                       std::uint64_t index)
    : db_(db),
      records_(records),
      clients_(clients),
      index_(index),
      random_(RandomValue(kSeed, index)),
      versions_(records / clients + (index < records % clients), kAbsent) {
  BEACH_CHECK(!versions_.empty());
}

Status SoakClient::Run(const std::atomic<bool>& stop) {
  const Permutation order(versions_.size(), kSeed);
  for (std::uint64_t i = 0; i < versions_.size(); ++i) {
    if (stop.load(std::memory_order_relaxed)) return {};
    BEACH_TRY(Put(order.At(i) * clients_ + index_));
  }
  filled_ = true;
  while (!stop.load(std::memory_order_relaxed)) BEACH_TRY(OneOperation());
  return {};
}

std::optional<std::uint64_t> SoakClient::VersionOf(std::uint64_t record) const {
  const std::uint32_t version = versions_[record / clients_];
  if ((version & kAbsent) != 0) return std::nullopt;
  return version;
}

ByteView SoakClient::ValueOf(ValueBuffer& buffer, std::uint64_t record, std::uint64_t version) {
  const std::uint64_t size = kSoakValueMin + RandomBelow(RandomValue(kSeed, record, version),
                                                         kSoakValueMax - kSoakValueMin + 1);
  return buffer.Of(record, version, size);
}

Status SoakClient::OneOperation() {
  const std::uint64_t draw = random_.Below(1000);
  const std::uint64_t record = AnyOwn();
  if (draw < kPuts) return Put(record);
  if (draw < kPuts + kDeletes) return Delete(record);
  if (draw < kPuts + kDeletes + kScans) return Scan(record);
  return Get(record);
}

template <class Operation>
Status SoakClient::Timed(SoakKind kind, Operation operation) {
  const std::uint64_t begin_ns = NowNs();
  BEACH_TRY(operation());
  const std::uint64_t took_ns = NowNs() - begin_ns;
  latency_ns_.Add(took_ns);
  // One that the watcher takes meanwhile may be told twice, never be lost.
  if (took_ns > longest_ns_.load(std::memory_order_relaxed)) longest_ns_ = took_ns;
  counts_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  return {};
}

Status SoakClient::Put(std::uint64_t record) {
  const std::uint32_t version = (Shadow(record) & ~kAbsent) + 1;
  const ByteView key = key_.Present(record);
  const ByteView value = ValueOf(value_, record, version);
  BEACH_TRY(Timed(SoakKind::kPut, [&] { return db_.Put({.sync = false}, key, value); }));
  Shadow(record) = version;
  return {};
}

Status SoakClient::Delete(std::uint64_t record) {
  const ByteView key = key_.Present(record);
  BEACH_TRY(Timed(SoakKind::kDelete, [&] { return db_.Delete({.sync = false}, key); }));
  Shadow(record) |= kAbsent;
  return {};
}

Status SoakClient::Get(std::uint64_t record) {
  const ByteView key = key_.Present(record);
  std::optional<Bytes> found;
  BEACH_TRY(Timed(SoakKind::kGet, [&]() -> Status {
    BEACH_TRY_ASSIGN(found, db_.Get({}, key));
    return {};
  }));
  if (found) return CheckEntry(record, *found);
  if (VersionOf(record)) return Fail(Wrong("a get found nothing where a value was put", record));
  return {};
}

// What is written to other clients' records meanwhile is theirs to know: of those only that each
// value is one of its record.
Status SoakClient::Scan(std::uint64_t record) {
  const ByteView begin = key_.Present(record);
  std::uint64_t next = record;
  return Timed(SoakKind::kScan, [&]() -> Status {
    BEACH_TRY_ASSIGN(const auto iterator, db_.NewIterator({}));
    std::uint64_t entries = 0;
    for (iterator->Seek(begin); iterator->Valid() && entries < kScanEntries; iterator->Next()) {
      const std::uint64_t found = RecordOf(iterator->key());
      if (found < next || found >= records_) {
        return Fail(Wrong("a scan met " + Printable(iterator->key()) + " out of order", next));
      }
      BEACH_TRY(CheckGap(next, found));
      BEACH_TRY(CheckEntry(found, iterator->value()));
      next = found + 1;
      ++entries;
    }
    BEACH_TRY(iterator->status());
    return iterator->Valid() ? Status() : CheckGap(next, records_);
  });
}

Status SoakClient::CheckGap(std::uint64_t begin, std::uint64_t end) const {
  for (std::uint64_t record = begin; record < end; ++record) {
    if (owns(record) && VersionOf(record)) {
      return Fail(Wrong("a scan left out a value that was put", record));
    }
  }
  return {};
}

Status SoakClient::CheckEntry(std::uint64_t record, ByteView value) {
  if (!IsValueOf(value, record)) return Fail(Wrong("a read gave another value", record));
  if (!owns(record)) return {};
  const std::optional<std::uint64_t> version = VersionOf(record);
  if (!version) return Fail(Wrong("a read found what was deleted", record));
  if (value != ValueOf(value_, record, *version)) {
    return Fail(Wrong("a read gave version " + std::to_string(bench::VersionOf(value)) +
                          " in place of " + std::to_string(*version),
                      record));
  }
  return {};
}

}  // namespace beach::bench
