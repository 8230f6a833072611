// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "oracle/model.h"
#include "oracle/violation.h"

namespace beach::oracle {

enum class LifeEnd : std::uint8_t {
  kClosed,     // cleanly: all that was acknowledged is durable
  kKilled,     // the process is gone, the OS's cache stays
  kPowerLost,  // and the cache with it
};

// Judges what is found after a crash: the state must be one legal prefix of the life that ended,
// with every acknowledgement in it that the way it ended must not take. The order of events is
//   Ended, then any number of (attempts to open that fail or die: Ended), Opened, Recovered
// and only then are batches issued again. What was found is settled: the next recovery must find
// the same, whatever happened in between.
class CrashOracle {
 public:
  explicit CrashOracle(Model& model) : model_(model) {}

  void Ended(LifeEnd end);

  // An open has succeeded: what it shows is durable from now on, even if nobody gets to read it.
  void Opened();

  // `found` is the whole state by a scan, `visible_sequence` the sequence number that it was read
  // at. Settles the model.
  Judgement Recovered(const std::vector<KeyValue>& found, std::uint64_t visible_sequence);

  // Instead, where less than a legal prefix was promised: `found`, in ascending order of keys, is
  // what is there.
  void Rebase(const std::vector<KeyValue>& found, std::uint64_t visible_sequence);
  // The same where it is known how that came about: by all batches of `kept`.
  void Rebase(const Model& kept, std::uint64_t visible_sequence);

  // One place of the log has rotted, and an open may see it: what nothing later vouches for may be
  // cut off like a torn tail (docs/contract.md, rule 13). Until the next settled state.
  void LogRotted() { log_rotted_ = true; }

  // The prefix that must have survived.
  std::uint64_t Floor() const {
    if (log_rotted_) return model_.vouched();
    return power_lost_ ? model_.durable() : model_.visible();
  }

 private:
  std::optional<std::uint64_t> Match(const std::vector<KeyValue>& found,
                                     std::uint64_t visible_sequence) const;
  Violation Explain(const std::vector<KeyValue>& found) const;
  Violation Missing(ByteView key, const std::optional<Bytes>& shown, std::uint64_t newest) const;

  Model& model_;
  bool power_lost_ = false;  // since the last settled state
  bool log_rotted_ = false;
};

}  // namespace beach::oracle
