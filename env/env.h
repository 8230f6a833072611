// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "env/clock.h"
#include "env/events.h"
#include "env/files.h"
#include "env/loop.h"

namespace beach::env {

// What a component is given of the outside world. Nothing is owned; all outlive the component.
// Threads and locks are not here: they are plain classes (env/threads.h).
struct Env {
  FileSystem* files = nullptr;  // never null where an Env is handed on
  Clock* clock = nullptr;       // the same
  EventSink* events = nullptr;  // may be null: nobody listens
  Network* network = nullptr;   // may be null where nobody is to be talked to
};

}  // namespace beach::env
