// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <span>

#include "base/error.h"
#include "base/site.h"
#include "env/events.h"
#include "oracle/model.h"
#include "oracle/violation.h"

namespace beach::sim::scenarios::engine_crash {

// Rule 19, by what the engine says of its reserve: deletes are not refused while it is free, and
// nothing else is written into it. The memory of the simulation; one for a run.
class ReserveWatch {
 public:
  struct Mark {
    bool free = false;
    std::uint64_t entered = 0;
  };

  void BeginProcess() { free_ = in_use_ = false; }
  // Before it is written.
  void Issue(const oracle::ModelBatch& batch);
  oracle::Judgement Hear(Site event, std::span<const env::EventField> fields);

  bool free() const { return free_; }
  Mark BeginWrite() const { return {.free = free_, .entered = entered_}; }
  // Of a write that failed.
  oracle::Judgement EndWrite(const Mark& mark, const oracle::ModelBatch& batch,
                             const Error& error) const;

 private:
  bool free_ = false;          // a segment is kept for deletes
  bool in_use_ = false;        // the log is in it, and no other is kept
  std::uint64_t entered_ = 0;  // so often
  std::uint64_t last_ = 0;     // batch that got sequence numbers
  std::set<std::uint64_t> with_puts_;
};

bool DeletesOnly(const oracle::ModelBatch& batch);

}  // namespace beach::sim::scenarios::engine_crash
