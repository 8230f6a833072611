// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/lanes.h"

#include <algorithm>
#include <barrier>
#include <deque>
#include <thread>

#include "base/random.h"
#include "bench/engine/records.h"
#include "bench/machine.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kSeed = 0xbeac4;
constexpr std::uint64_t kToldEvery = 256;  // operations between reports of progress
constexpr std::uint64_t kWriterPauseNs = 1'000'000;

Error Wrong(const std::string& what, std::uint64_t record) {
  return {ErrorCode::kCorruption, what + " (record " + std::to_string(record) + ")"};
}

// One thread's part of a workload.
class Lane {
 public:
  Lane(const Cell& cell, std::uint64_t index, std::uint64_t pass, Progress& progress,
       std::atomic<bool>& stop)
      : cell_(cell),
        index_(index),
        operations_(cell.operations / cell.threads + (index < cell.operations % cell.threads)),
        random_(RandomValue(kSeed, index, pass)),
        progress_(progress),
        stop_(stop) {}

  std::uint64_t done() const { return done_; }
  std::uint64_t puts() const { return puts_; }
  const Histogram& latency_ns() const { return latency_ns_; }
  Status status;
  std::uint64_t began_ns = 0;
  std::uint64_t ended_ns = 0;

  Status Run(Session& session) {
    switch (cell_.workload->action) {
      case Action::kFillSequential:
        return Repeat([&](std::uint64_t i) { return Put(session, RecordAt(i), 1); });
      case Action::kFillRandom: {
        const Permutation order(std::max<std::uint64_t>(cell_.operations, 1), kSeed);
        return Repeat([&](std::uint64_t i) { return Put(session, order.At(RecordAt(i)), 1); });
      }
      case Action::kOverwrite:
        return Repeat([&](std::uint64_t i) { return Put(session, AnyRecord(), 2 + i); });
      case Action::kReadRandom:
      case Action::kReadWhileWriting:
        return Repeat([&](std::uint64_t) { return GetPresent(session, AnyRecord()); });
      case Action::kReadMissing:
        return Repeat([&](std::uint64_t) { return GetMissing(session, AnyRecord()); });
      case Action::kReadSequential: return ReadAll(session);
      case Action::kSeekRandom: return Repeat([&](std::uint64_t) { return SeekSome(session); });
      case Action::kMix: return Repeat([&](std::uint64_t i) { return MixOne(session, i); });
    }
    return {};
  }

  // Overwrites at a steady rate until told to stop.
  Status RunWriter(Session& session) {
    const std::uint64_t begin_ns = NowNs();
    while (!stop_.load(std::memory_order_relaxed)) {
      const std::uint64_t due = (NowNs() - begin_ns) / 1000 * kWriterPerSecond / 1'000'000;
      while (puts_ < due && !stop_.load(std::memory_order_relaxed)) {
        BEACH_TRY(Put(session, AnyRecord(), 2 + puts_));
      }
      SleepNs(kWriterPauseNs);
    }
    return {};
  }

 private:
  std::uint64_t RecordAt(std::uint64_t i) const { return i * cell_.threads + index_; }
  std::uint64_t AnyRecord() { return random_.Below(cell_.records); }

  bool OutOfTime() const { return NowNs() - began_ns >= cell_.workload->time_ns_max; }

  template <class Operation>
  Status Repeat(Operation operation) {
    const std::uint64_t stride = cell_.workload->stride;
    const bool timed = cell_.workload->time_ns_max != ~std::uint64_t{0};
    for (std::uint64_t i = 0; i < operations_; ++i, ++done_) {
      if (timed && OutOfTime()) return {};
      if (i % kToldEvery == 0) {
        if (stop_.load(std::memory_order_relaxed)) return {};
        progress_.fetch_add(std::min(kToldEvery, operations_ - i), std::memory_order_relaxed);
      }
      if (i % stride != 0) {
        BEACH_TRY(operation(i));
        continue;
      }
      const std::uint64_t begin_ns = NowNs();
      BEACH_TRY(operation(i));
      latency_ns_.Add(NowNs() - begin_ns);
    }
    return {};
  }

  Status Put(Session& session, std::uint64_t record, std::uint64_t version) {
    ++puts_;
    return session.Put(key_.Present(record),
                       value_.Of(record, version, cell_.workload->value_size));
  }

  Status GetPresent(Session& session, std::uint64_t record) {
    BEACH_TRY_ASSIGN(const std::optional<ByteView> value, session.Get(key_.Present(record)));
    if (!value) return Fail(Wrong("a key that was put is absent", record));
    if (!HasTagOf(*value, record)) return Fail(Wrong("a get gave another value", record));
    return {};
  }

  Status GetMissing(Session& session, std::uint64_t record) {
    BEACH_TRY_ASSIGN(const std::optional<ByteView> value, session.Get(key_.Missing(record)));
    if (value) return Fail(Wrong("a key that was never put is there, after", record));
    return {};
  }

  // The operations are the nexts: one scan of as many records as there are.
  Status ReadAll(Session& session) {
    BEACH_TRY_ASSIGN(const std::unique_ptr<Cursor> cursor, session.NewCursor());
    bool there = cursor->SeekToFirst();
    BEACH_TRY(Repeat([&](std::uint64_t i) -> Status {
      if (!there) return Fail(Wrong("a scan ends early, before", i));
      if (!HasTagOf(cursor->value(), i)) return Fail(Wrong("a scan gave another entry", i));
      there = cursor->Next();
      return {};
    }));
    if (there && !stop_.load(std::memory_order_relaxed)) {
      return Fail(Wrong("a scan goes on beyond the last record", operations_));
    }
    return cursor->status();
  }

  Status SeekSome(Session& session) {
    const std::uint64_t record = random_.Below(cell_.records - kSeekNexts);
    BEACH_TRY_ASSIGN(const std::unique_ptr<Cursor> cursor, session.NewCursor());
    bool there = cursor->Seek(key_.Present(record));
    for (std::uint64_t i = 0; i <= kSeekNexts; ++i) {
      if (i > 0) there = cursor->Next();
      if (!there) {
        BEACH_TRY(cursor->status());
        return Fail(Wrong("a short scan ends early, before", record + i));
      }
      if (!HasTagOf(cursor->value(), record + i)) {
        return Fail(Wrong("a short scan gave another entry", record + i));
      }
    }
    return {};
  }

  Status MixOne(Session& session, std::uint64_t i) {
    const Mix& mix = cell_.workload->mix;
    const std::uint64_t draw = random_.Below(1000);
    const std::uint64_t record = AnyRecord();
    if (draw < mix.put_permille) return Put(session, record, 2 + i);
    if (draw < mix.put_permille + mix.get_permille) return GetPresent(session, record);
    return GetMissing(session, record);
  }

  const Cell& cell_;
  const std::uint64_t index_;
  const std::uint64_t operations_;
  RandomStream random_;
  Progress& progress_;
  std::atomic<bool>& stop_;
  KeyBuffer key_;
  ValueBuffer value_;
  std::uint64_t done_ = 0;
  std::uint64_t puts_ = 0;
  Histogram latency_ns_;
};

}  // namespace

Result<LaneTotals> RunLanes(Store& store, const Cell& cell, std::uint64_t pass,
                            Progress& progress) {
  std::atomic<bool> stop = false;
  std::deque<Lane> lanes;
  for (std::uint64_t i = 0; i < cell.threads; ++i) {
    lanes.emplace_back(cell, i, pass, progress, stop);
  }
  const bool has_writer = cell.workload->action == Action::kReadWhileWriting;
  if (has_writer) lanes.emplace_back(cell, cell.threads, pass, progress, stop);

  std::barrier begin(static_cast<std::ptrdiff_t>(lanes.size()));
  const auto run = [&](Lane& lane, bool is_writer) {
    const auto session = store.NewSession();
    begin.arrive_and_wait();
    lane.began_ns = NowNs();
    lane.status = !session    ? Status(Fail(session.error()))
                  : is_writer ? lane.RunWriter(**session)
                              : lane.Run(**session);
    lane.ended_ns = NowNs();
    if (!lane.status) stop = true;
  };
  std::deque<std::jthread> threads;
  for (std::uint64_t i = 0; i < cell.threads; ++i) {
    threads.emplace_back([&run, &lane = lanes[i]] { run(lane, false); });
  }
  std::jthread writer;
  if (has_writer) writer = std::jthread([&run, &lane = lanes.back()] { run(lane, true); });
  threads.clear();  // joins them
  stop = true;
  if (has_writer) writer.join();

  LaneTotals totals;
  std::uint64_t begin_ns = ~std::uint64_t{0};
  std::uint64_t end_ns = 0;
  for (std::uint64_t i = 0; i < cell.threads; ++i) {
    begin_ns = std::min(begin_ns, lanes[i].began_ns);
    end_ns = std::max(end_ns, lanes[i].ended_ns);
  }
  totals.wall_ns = std::max<std::uint64_t>(end_ns - begin_ns, 1);
  for (const Lane& lane : lanes) {
    if (!lane.status) return Fail(lane.status.error());
    totals.puts += lane.puts();
    totals.latency_ns.Merge(lane.latency_ns());
  }
  for (std::uint64_t i = 0; i < cell.threads; ++i) totals.operations += lanes[i].done();
  return totals;
}

Status CheckAll(Store& store, std::uint64_t records, Expect expect) {
  BEACH_TRY_ASSIGN(const std::unique_ptr<Session> session, store.NewSession());
  BEACH_TRY_ASSIGN(const std::unique_ptr<Cursor> cursor, session->NewCursor());
  std::uint64_t count = 0;
  std::uint64_t next = 0;
  for (bool there = cursor->SeekToFirst(); there; there = cursor->Next()) {
    const std::uint64_t record = RecordOf(cursor->key());
    const bool fits =
        expect == Expect::kEachRecord ? record == next : record >= next && record != kNoRecord;
    if (!fits) {
      return Fail(ErrorCode::kCorruption, "the scan that checks all data met " +
                                              Printable(cursor->key()) + " in place of record " +
                                              std::to_string(next));
    }
    if (!IsValueOf(cursor->value(), record)) {
      return Fail(Wrong("the scan that checks all data met another value", record));
    }
    next = record + 1;
    ++count;
  }
  BEACH_TRY(cursor->status());
  if (count == records) return {};
  return Fail(ErrorCode::kCorruption, "the scan that checks all data met " + std::to_string(count) +
                                          " records of " + std::to_string(records));
}

Result<std::optional<std::uint64_t>> CountBlocks(Store& store, const Cell& cell,
                                                 std::uint64_t misses) {
  BEACH_TRY_ASSIGN(const std::unique_ptr<Session> session, store.NewSession());
  RandomStream random(RandomValue(kSeed, misses));
  KeyBuffer key;
  session->CountBlocks(true);
  for (std::uint64_t i = 0; i < misses; ++i) {
    BEACH_TRY(session->Get(key.Missing(random.Below(cell.records))));
  }
  const std::optional<std::uint64_t> blocks = session->BlocksCounted();
  session->CountBlocks(false);
  return blocks;
}

}  // namespace beach::bench
