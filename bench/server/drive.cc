// SPDX-License-Identifier: Apache-2.0
#include "bench/server/drive.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "base/histogram.h"
#include "base/random.h"
#include "bench/signals.h"
#include "env/loop.h"
#include "env/os/os_env.h"

namespace beach::bench {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
constexpr std::uint64_t kWarmNs = 300'000'000;
constexpr std::uint64_t kPutClients = 32;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kValueStarts = 4096;

Bytes RandomBytes(std::uint64_t size) {
  RandomStream random(1);
  Bytes bytes;
  while (bytes.size() < size) bytes.push_back(static_cast<char>(random.Below(256)));
  return bytes;
}

class Driver {
 public:
  // `in_order`: each key once, then it ends; else until `end_ns`.
  struct Task {
    ServerWork work = ServerWork::kPut;
    bool in_order = false;
    std::uint64_t counted_from_ns = 0;
    std::uint64_t end_ns = kNever;
  };

  Driver(const DriveTarget& target, const ServerSettings& settings, const Task& task,
         env::Loop& loop, env::Clock& clock)
      : target_(target),
        settings_(settings),
        task_(task),
        loop_(loop),
        clock_(clock),
        values_(RandomBytes(settings.value_bytes + kValueStarts)) {}

  Status Run(std::uint64_t clients) {
    links_.resize(clients);
    for (std::uint64_t i = 0; i < clients; ++i) {
      Link& link = links_[i];
      link.connection = loop_.Connect(
          target_.addresses[i % target_.addresses.size()], {.send_queue_max_bytes = kQueueMax},
          {.on_open = [] {},
           .on_bytes = [this, &link](ByteView bytes) { OnBytes(link, bytes); },
           .on_writable = {},
           .on_end = {},
           .on_closed =
               [this](const env::Closed& closed) {
                 Broken(fmt::format("a server has closed a connection: {}", closed.detail));
               }});
    }
    busy_ = clients;
    for (Link& link : links_) Next(link);
    if (!error_ && busy_ > 0) loop_.Run();
    if (error_) return Fail(*error_);
    return {};
  }
  const Histogram& latency_ns() const { return latency_ns_; }

 private:
  static constexpr std::uint64_t kQueueMax = std::uint64_t{8} << 20;
  struct Link {
    std::unique_ptr<env::Connection> connection;
    Bytes reply;
    std::uint64_t begun_ns = 0;
  };

  void Next(Link& link) {
    link.begun_ns = clock_.MonotonicNow();
    if (link.begun_ns >= task_.end_ns || (task_.in_order && next_ == settings_.keys)) {
      if (--busy_ == 0) loop_.Stop();
      return;
    }
    const std::uint64_t number = task_.in_order ? next_++ : random_.Below(settings_.keys);
    const Bytes key = fmt::format("key:{:012}", number);
    said_.clear();
    if (task_.work == ServerWork::kPut) {
      const ByteView value =
          ByteView(values_).substr(random_.Below(kValueStarts), settings_.value_bytes);
      target_.exchange->AppendPut(key, value, said_);
    } else {
      target_.exchange->AppendGet(key, said_);
    }
    if (!link.connection->Send(said_)) Broken("a connection takes no more");
  }

  void OnBytes(Link& link, ByteView bytes) {
    link.reply += bytes;
    const Result<bool> whole = target_.exchange->IsWhole(task_.work, link.reply);
    if (!whole) return EndWith(whole.error());
    if (!*whole) return;
    link.reply.clear();
    const std::uint64_t now_ns = clock_.MonotonicNow();
    // What ends later than it may is of this time as much as what had begun before.
    if (now_ns >= task_.counted_from_ns && now_ns < task_.end_ns) {
      latency_ns_.Add(now_ns - link.begun_ns);
    }
    Next(link);
  }

  void Broken(const std::string& how) { EndWith(Error(ErrorCode::kIo, how)); }
  void EndWith(const Error& error) {
    if (!error_) error_ = error;
    loop_.Stop();
  }

  const DriveTarget& target_;
  const ServerSettings& settings_;
  const Task task_;
  env::Loop& loop_;
  env::Clock& clock_;
  const Bytes values_;
  RandomStream random_{2};
  std::vector<Link> links_;
  Bytes said_;
  std::uint64_t next_ = 0;
  std::uint64_t busy_ = 0;
  Histogram latency_ns_;
  std::optional<Error> error_;
};

Status CheckAskedToEnd() {
  return HeldSignals::AwaitFor(0) ? Fail(ErrorCode::kIo, "asked to end") : Status();
}

}  // namespace

Status DrivePuts(const DriveTarget& target, const ServerSettings& settings) {
  const env::OsEnv os;
  BEACH_TRY_ASSIGN(const auto loop, os.network->NewLoop());
  Driver driver(target, settings, {.work = ServerWork::kPut, .in_order = true}, *loop, *os.clock);
  BEACH_TRY(driver.Run(kPutClients));
  return CheckAskedToEnd();
}

Result<ServerSample> Drive(const DriveTarget& target, const ServerSettings& settings,
                           ServerWork work, std::uint64_t clients) {
  const env::OsEnv os;
  BEACH_TRY_ASSIGN(const auto loop, os.network->NewLoop());
  const std::uint64_t from_ns = os.clock->MonotonicNow() + kWarmNs;
  Driver driver(target, settings,
                {.work = work,
                 .counted_from_ns = from_ns,
                 .end_ns = from_ns + settings.seconds * kNsPerSecond},
                *loop, *os.clock);
  BEACH_TRY(driver.Run(clients));
  BEACH_TRY(CheckAskedToEnd());
  const Histogram& latency_ns = driver.latency_ns();
  return ServerSample{
      .ops_per_s = static_cast<double>(latency_ns.count()) / static_cast<double>(settings.seconds),
      .p50_us = static_cast<double>(latency_ns.Percentile(500)) / 1000,
      .p99_us = static_cast<double>(latency_ns.Percentile(990)) / 1000};
}

}  // namespace beach::bench
