// SPDX-License-Identifier: Apache-2.0

// A run to be looked at with sim/gdb.py, which gdb_test.py does. Compiled with whole debug data, so
// that the types that the script reads are known in every build.
#include <cstdio>

#include "env/threads.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/test_scenario.h"

namespace {

using namespace beach;
using namespace beach::sim;

struct Shared {
  env::Mutex mutex;
  env::CondVar over;
  bool is_over = false;
};

[[gnu::noinline]] void WaitUntilItIsOver(Shared& shared) {
  const env::MutexLock lock(shared.mutex);
  while (!shared.is_over) shared.over.Wait(shared.mutex);
  asm volatile("");  // no tail call: this function stays on the stack
}

[[gnu::noinline]] void SleepLong(env::Clock& clock) {
  clock.SleepUntil(clock.MonotonicNow() + 1'000'000'000);
  asm volatile("");
}

}  // namespace

// Where gdb stops: one thread waits for a condition, one for a time, the main thread runs.
extern "C" [[gnu::noinline]] void GdbStopsHere() {
  // So that their types are known.
  const env::VirtualOs* volatile os = env::current_virtual_os;
  const Kernel* volatile kernel = static_cast<const Kernel*>(os);
  static_cast<void>(kernel);
}

int main() {
  const RunReport report = RunBody([](Simulation& simulation) {
    const HostId host = simulation.AddHost("server");
    simulation.Wait(simulation.Start(host, "p", [](const env::Env& env) {
      Shared shared;
      env::Thread waiter("waiter", [&shared] { WaitUntilItIsOver(shared); });
      env::Thread sleeper("sleeper", [&env] { SleepLong(*env.clock); });
      env.clock->SleepUntil(env.clock->MonotonicNow() + 1'000'000);
      GdbStopsHere();
      shared.mutex.Lock();
      shared.is_over = true;
      shared.over.NotifyAll();
      shared.mutex.Unlock();
      waiter.Join();
      sleeper.Join();
    }));
  });
  std::printf("verdict %s, %s\n", report.verdict.signature.c_str(), report.hash.ToString().c_str());
  return report.verdict.ok() ? 0 : 1;
}
