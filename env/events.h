// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "base/bytes.h"
#include "base/site.h"

namespace beach::env {

struct EventField {
  const char* name;  // a literal
  std::uint64_t number = 0;
  ByteView text = {};  // borrowed for the call
};

// The one structured event stream ("flush.began", why, how much) from which logs, metrics, traces
// and oracles are made. Thread-safe; Record must not block and must copy what it keeps.
class EventSink {
 public:
  virtual ~EventSink() = default;

  virtual void Record(Site event, std::span<const EventField> fields) = 0;

  void Record(Site event, std::initializer_list<EventField> fields) {
    Record(event, std::span<const EventField>(fields.begin(), fields.size()));
  }
};

}  // namespace beach::env
