// SPDX-License-Identifier: Apache-2.0
#include "server/cli/signals.h"

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <utility>

namespace beach::server {
namespace {

constexpr int kSecondSignal = 130;  // the exit code that shells have for it
constexpr int kNoMore = SIGUSR1;    // from the destructor to its thread

sigset_t Awaited(bool hang_up) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, kNoMore);
  if (hang_up) sigaddset(&signals, SIGHUP);
  return signals;
}

void Wait(const std::function<void()>& on_stop, const std::function<void()>& on_hang_up) {
  const sigset_t awaited = Awaited(on_hang_up != nullptr);
  for (bool told = false;;) {
    int signal = 0;
    if (sigwait(&awaited, &signal) != 0 || signal == kNoMore) return;
    if (signal == SIGHUP) {
      on_hang_up();
      continue;
    }
    if (std::exchange(told, true)) _exit(kSecondSignal);
    on_stop();
  }
}

}  // namespace

void StopSignals::Hold(bool hang_up) {
  const sigset_t awaited = Awaited(hang_up);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
}

StopSignals::StopSignals(std::function<void()> on_stop, std::function<void()> on_hang_up)
    : thread_("signals", [stop = std::move(on_stop), hang_up = std::move(on_hang_up)] {
        Wait(stop, hang_up);
      }) {}

StopSignals::~StopSignals() {
  kill(getpid(), kNoMore);
  thread_.Join();
}

Interrupts::Interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before_);
}

Interrupts::~Interrupts() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool Interrupts::Came() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  const timespec at_once{};
  return sigtimedwait(&signals, nullptr, &at_once) > 0;
}

}  // namespace beach::server
