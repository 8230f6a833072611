// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "crash/protocol/message.h"
#include "engine/db.h"
#include "env/env.h"

namespace beach::crash {

// One database at a time, driven by commands. Says what the oracle has to know of its events.
class Session final : public env::EventSink {
 public:
  // Called with whole lines, without their end, by any thread.
  using Say = std::function<void(const std::string& line)>;

  // `env` without events of its own.
  Session(const env::Env& env, Say say);
  ~Session() override;

  // Carries out one command and says the answer, whatever came of it. Commands may come from
  // several threads at once, but those for which ExcludesOthers: nothing else may be under way
  // then.
  void Run(const Json& command);
  static bool ExcludesOthers(const Json& command);

  // Closes what is open.
  Status Close();

  void Record(Site event, std::span<const env::EventField> fields) override;
  using env::EventSink::Record;

 private:
  Result<Json> Carry(const std::string& what, const Json& command);
  Result<Json> Open(const Json& command);
  Result<Json> Write(const Json& command);
  Result<Json> Get(const Json& command);
  Result<Json> Compact(const Json& command);
  Result<Json> Restore(const Json& command);
  Result<Json> Inspect(const Json& command);
  Result<Json> Verify(const Json& command);
  Result<engine::Db*> Opened();
  Result<Json> Settle();

  env::Env env_;
  const Say say_;
  std::unique_ptr<engine::Db> db_;
  std::atomic<std::int64_t> jobs_ = 0;  // flushes and compactions that have begun and not ended
  std::atomic<std::uint64_t> last_event_ns_ = 0;
};

}  // namespace beach::crash
