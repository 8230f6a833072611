// SPDX-License-Identifier: Apache-2.0
#include "bench/soak/soak.h"

#include <algorithm>
#include <deque>
#include <thread>

#include "base/check.h"
#include "bench/machine.h"

namespace beach::bench {
namespace {

using Clients = std::deque<SoakClient>;

constexpr std::uint64_t kGlanceNs = 5'000'000;

std::uint64_t Total(const Clients& clients, std::size_t kind) {
  std::uint64_t total = 0;
  for (const SoakClient& client : clients) total += client.count(static_cast<SoakKind>(kind));
  return total;
}

// Samples the run and judges what it sees.
class Watch {
 public:
  Watch(const SoakPlan& plan, const SoakMeters& meters, Clients& clients)
      : plan_(plan), meters_(meters), clients_(clients), begin_ns_(NowNs()), last_ns_(begin_ns_) {
    for (const SoakClient& client : clients) shadow_bytes_ += client.shadow_bytes();
  }

  bool Due() const { return NowNs() - last_ns_ >= plan_.period_ns; }
  bool Over() const { return NowNs() - begin_ns_ >= plan_.time_ns; }
  bool OutOfDisk() const { return report_.disk_bytes_most > plan_.disk_bytes_max; }

  SoakSample Sample() {
    const std::uint64_t now_ns = NowNs();
    SoakSample sample{.since_begin_ns = now_ns - begin_ns_,
                      .disk_bytes = meters_.disk_bytes(),
                      .filled = std::ranges::all_of(clients_, &SoakClient::filled)};
    const std::uint64_t rss_bytes = meters_.rss_bytes();
    sample.rss_bytes = rss_bytes - std::min(rss_bytes, shadow_bytes_);
    for (std::size_t kind = 0; kind < kSoakKinds; ++kind) {
      const std::uint64_t total = Total(clients_, kind);
      sample.per_s[kind] = static_cast<double>(total - report_.operations[kind]) * 1e9 /
                           static_cast<double>(std::max<std::uint64_t>(now_ns - last_ns_, 1));
      report_.operations[kind] = total;
    }
    for (SoakClient& client : clients_) {
      sample.longest_ns = std::max(sample.longest_ns, client.TakeLongestNs());
    }
    last_ns_ = now_ns;
    report_.wall_ns = sample.since_begin_ns;
    report_.longest_ns = std::max(report_.longest_ns, sample.longest_ns);
    report_.disk_bytes_most = std::max(report_.disk_bytes_most, sample.disk_bytes);
    report_.rss_bytes_most = std::max(report_.rss_bytes_most, sample.rss_bytes);
    if (sample.since_begin_ns >= plan_.memory_judged_after_ns) {
      report_.rss_bytes_judged = std::max(report_.rss_bytes_judged.value_or(0), sample.rss_bytes);
    }
    return sample;
  }

  SoakReport TakeReport() {
    Histogram latency_ns;
    for (const SoakClient& client : clients_) latency_ns.Merge(client.latency_ns());
    report_.p50_ns = latency_ns.Percentile(500);
    report_.p99_ns = latency_ns.Percentile(990);
    if (report_.longest_ns > plan_.stall_ns_max) {
      report_.findings.push_back("an operation took " +
                                 std::to_string(report_.longest_ns / 1'000'000) + " ms");
    }
    const std::uint64_t allowed = plan_.memory_bytes + plan_.memory_bytes / 10;
    if (report_.rss_bytes_judged.value_or(0) > allowed) {
      report_.findings.push_back("the database took " +
                                 std::to_string(*report_.rss_bytes_judged >> 20) +
                                 " MiB of memory, allowed are " + std::to_string(allowed >> 20));
    }
    return report_;
  }

 private:
  const SoakPlan& plan_;
  const SoakMeters& meters_;
  Clients& clients_;
  const std::uint64_t begin_ns_;
  std::uint64_t last_ns_;
  std::uint64_t shadow_bytes_ = 0;
  SoakReport report_;
};

// Everything, against what its clients know. REQUIRES: none of them runs.
Result<std::uint64_t> CheckAll(engine::Db& db, const Clients& clients, std::uint64_t records) {
  BEACH_TRY_ASSIGN(const auto iterator, db.NewIterator({}));
  iterator->SeekToFirst();
  ValueBuffer buffer;
  std::uint64_t live = 0;
  for (std::uint64_t record = 0; record < records; ++record) {
    const std::optional<std::uint64_t> version = clients[record % clients.size()].VersionOf(record);
    if (!version) continue;
    ++live;
    if (!iterator->Valid()) BEACH_TRY(iterator->status());
    if (!iterator->Valid() || RecordOf(iterator->key()) != record) {
      return Fail(ErrorCode::kCorruption,
                  "the last scan met " +
                      (iterator->Valid() ? Printable(iterator->key()) : std::string("its end")) +
                      " in place of record " + std::to_string(record));
    }
    if (iterator->value() != SoakClient::ValueOf(buffer, record, *version)) {
      return Fail(ErrorCode::kCorruption,
                  "the last scan met another value of record " + std::to_string(record));
    }
    iterator->Next();
  }
  BEACH_TRY(iterator->status());
  if (!iterator->Valid()) return live;
  return Fail(ErrorCode::kCorruption,
              "the last scan met " + Printable(iterator->key()) + " beyond its end");
}

// A finding or, where it is none, the error itself.
Status AddFinding(SoakReport& report, const Error& error) {
  if (error.code() != ErrorCode::kCorruption) return Fail(error);
  report.findings.push_back(error.ToString());
  return {};
}

}  // namespace

Result<SoakReport> RunSoak(engine::Db& db, const SoakPlan& plan, const SoakMeters& meters,
                           const std::function<void(const SoakSample&)>& told) {
  BEACH_CHECK_GE(plan.records, plan.clients);
  Clients clients;
  for (std::uint64_t i = 0; i < plan.clients; ++i) {
    clients.emplace_back(db, plan.records, plan.clients, i);
  }
  std::vector<Status> ends(plan.clients);
  std::atomic<bool> stop = false;
  Watch watch(plan, meters, clients);
  {
    std::deque<std::jthread> threads;
    for (std::uint64_t i = 0; i < plan.clients; ++i) {
      threads.emplace_back([&, i] {
        ends[i] = clients[i].Run(stop);
        stop = true;
      });
    }
    while (!stop && !watch.Over() && !watch.OutOfDisk()) {
      if (meters.asked_to_end(std::min(kGlanceNs, plan.period_ns))) stop = true;
      if (watch.Due()) told(watch.Sample());
    }
    stop = true;
  }
  static_cast<void>(watch.Sample());
  SoakReport report = watch.TakeReport();
  for (const Status& end : ends) {
    if (!end) BEACH_TRY(AddFinding(report, end.error()));
  }
  if (watch.OutOfDisk()) {
    return Fail(ErrorCode::kNoSpace,
                "the database takes " + std::to_string(report.disk_bytes_most >> 20) +
                    " MiB of disk, allowed are " + std::to_string(plan.disk_bytes_max >> 20));
  }
  const Result<std::uint64_t> live = CheckAll(db, clients, plan.records);
  if (live) {
    report.live_records = *live;
  } else {
    BEACH_TRY(AddFinding(report, live.error()));
  }
  return report;
}

}  // namespace beach::bench
