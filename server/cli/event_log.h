// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "env/clock.h"
#include "env/events.h"
#include "env/threads.h"

namespace beach::server {

// Which events a server's log has.
enum class LogDetail : std::uint8_t {
  kNone,
  kMain,  // what an operator wants to know: of the server, its consensus and its damage
  kAll,   // flushes and compactions too
};
Result<LogDetail> ParseLogDetail(const std::string& text);  // kInvalidArgument

// Writes events to standard error, a line each:
//   2026-11-23T08:15:30.123Z server.leads term=4 leader=1
// Texts with anything but plain letters are in quotes, as JSON has them.
class EventLog final : public env::EventSink {
 public:
  EventLog(env::Clock& clock, LogDetail detail) : clock_(clock), detail_(detail) {}

  using EventSink::Record;
  void Record(Site event, std::span<const env::EventField> fields) override;

 private:
  env::Clock& clock_;
  const LogDetail detail_;
  env::Mutex mutex_;  // a line is written whole
};

}  // namespace beach::server
