// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/env.h"
#include "env/threads.h"
#include "server/client/client.h"
#include "server/load/load_plan.h"
#include "server/load/load_result.h"
#include "server/load/records.h"
#include "server/load/workload.h"

namespace beach::server {

// One thread of a run: a loop, and its share of the clients.
//
// Closed (no rate): a client asks for the next as soon as it has its reply, so that a slow server
// is asked less. Open: each operation has its time, whatever became of those before, and its
// latency counts from then on: what it waited for its client counts too.
class LoadLane {
 public:
  // What it is part of, all of which outlives it.
  struct Context {
    const env::Env& env;
    const LoadPlan& plan;
    const LoadTimes& times;
    const Values& values;
    RecordNumbers& numbers;
    LoadState& state;
  };
  // `lane` of plan.threads. kIo: no more descriptors.
  static Result<std::unique_ptr<LoadLane>> Start(const Context& context, std::uint64_t lane);
  LoadLane(const LoadLane&) = delete;
  LoadLane& operator=(const LoadLane&) = delete;
  // REQUIRES: Join was called.
  ~LoadLane() = default;

  // Waits for its end: time is up, and what was asked has been replied to, or its deadline passed.
  const LoadResult& Join();

 private:
  struct Worker {
    std::unique_ptr<Client> client;
    std::deque<std::uint64_t> due_ns;  // open: those that it has not begun
    std::uint64_t under_way = 0;
  };
  struct Work {
    Worker* worker = nullptr;
    WorkKind kind = WorkKind::kRead;
    std::uint64_t due_ns = 0;
    std::uint64_t record = 0;
  };

  LoadLane(const Context& context, std::uint64_t lane, std::unique_ptr<env::Loop> loop);
  void Begin();
  void LookForStop();
  void TimeIsUp();
  std::uint64_t DueNs(std::uint64_t number) const;
  void HandOutDue();
  void Next(Worker& worker);
  void Ask(Worker& worker, std::uint64_t due_ns);
  void Read(const Work& work);
  void Put(const Work& work);
  void Scan(const Work& work);
  void Ended(const Work& work, const CallFailure* failure);
  bool Counts(std::uint64_t due_ns) const { return due_ns >= times_.counted_from_ns; }

  env::Clock& clock_;
  const LoadPlan& plan_;
  const LoadTimes& times_;
  const Values& values_;
  RecordNumbers& numbers_;
  LoadState& state_;
  const std::uint64_t lane_;
  WorkStream stream_;
  std::unique_ptr<env::Loop> loop_;
  std::vector<Worker> workers_;
  std::uint64_t handed_out_ = 0;  // open
  std::uint64_t under_way_ = 0;
  bool up_ = false;
  LoadResult result_;
  env::Thread thread_;
};

}  // namespace beach::server
