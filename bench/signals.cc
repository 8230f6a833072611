// SPDX-License-Identifier: Apache-2.0
#include "bench/signals.h"

#include <ctime>

namespace beach::bench {
namespace {

sigset_t EndingSignals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

HeldSignals::HeldSignals() {
  const sigset_t signals = EndingSignals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

HeldSignals::~HeldSignals() { GiveFree(); }

bool HeldSignals::AwaitFor(std::uint64_t duration_ns) {
  const sigset_t signals = EndingSignals();
  const timespec duration{.tv_sec = static_cast<time_t>(duration_ns / 1'000'000'000),
                          .tv_nsec = static_cast<long>(duration_ns % 1'000'000'000)};
  return ::sigtimedwait(&signals, nullptr, &duration) > 0;
}

void HeldSignals::GiveFree() {
  const sigset_t signals = EndingSignals();
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace beach::bench
