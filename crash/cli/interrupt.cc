// SPDX-License-Identifier: Apache-2.0
#include "crash/cli/interrupt.h"

#include <csignal>

namespace beach::crash {
namespace {

volatile std::sig_atomic_t asked_to_end = 0;

void Note(int) { asked_to_end = 1; }

}  // namespace

Interrupt::Interrupt() {
  asked_to_end = 0;
  std::signal(SIGINT, Note);
  std::signal(SIGTERM, Note);
  std::signal(SIGHUP, Note);
  std::signal(SIGPIPE, SIG_IGN);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGHUP, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
}

bool Interrupt::asked() const { return asked_to_end != 0; }

}  // namespace beach::crash
