// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/random.h"
#include "engine/log_mark.h"
#include "engine/types.h"
#include "engine/write_batch.h"

namespace beach::engine::testing {

// A log as somebody else has it, without end: the batch of each entry follows from seed and index,
// and so does what a database comes to that has applied all up to there.
class AppliedLog {
 public:
  struct Moment {
    std::map<Bytes, Bytes> content;
    SequenceNumber sequence;
    std::uint64_t time = 0;

    friend bool operator==(const Moment&, const Moment&) = default;
  };

  explicit AppliedLog(std::uint64_t seed) : seed_(seed) {}

  static LogMark MarkAt(std::uint64_t index) {
    return {.index = index, .state = "entry " + std::to_string(index)};
  }
  WriteBatch BatchAt(std::uint64_t index) const {
    WriteBatch batch;
    Walk(index, &batch, nullptr);
    return batch;
  }
  Moment At(std::uint64_t index) const {
    State state;
    for (std::uint64_t i = 1; i <= index; ++i) Walk(i, nullptr, &state);
    Moment moment{.content = {}, .sequence = SequenceNumber(state.operations), .time = state.time};
    for (const auto& [key, entry] : state.entries) {
      if (!entry.expires_at || *entry.expires_at > state.time) moment.content[key] = entry.value;
    }
    return moment;
  }

 private:
  struct Entry {
    Bytes value;
    std::optional<std::uint64_t> expires_at;
  };
  struct State {
    std::map<Bytes, Entry> entries;
    std::uint64_t operations = 0;
    std::uint64_t time = 0;
  };

  // Each operation goes to whichever of the two is there.
  void Walk(std::uint64_t index, WriteBatch* batch, State* state) const {
    RandomStream random(RandomValue(seed_, index));
    const auto key_of = [](std::uint64_t number) { return "key" + std::to_string(10 + number); };
    for (std::uint64_t left = random.Below(5); left > 0; --left) {  // none: an empty batch
      const std::uint64_t number = random.Below(kKeys);
      const Bytes key = key_of(number);
      const Bytes value(random.Below(kValueSizeMax), static_cast<char>('a' + index % 26));
      const std::uint64_t kind = random.Below(10);
      if (state != nullptr) ++state->operations;
      if (kind == 0) {
        const Bytes end = key_of(number + 1 + random.Below(4));
        if (batch != nullptr) batch->DeleteRange(key, end);
        if (state != nullptr) {
          state->entries.erase(state->entries.lower_bound(key), state->entries.lower_bound(end));
        }
      } else if (kind == 1) {
        const std::uint64_t time = index + random.Below(20);
        if (batch != nullptr) batch->AdvanceTime(time);
        if (state != nullptr) state->time = std::max(state->time, time);
      } else if (kind == 2) {
        const std::uint64_t expires_at = index + random.Below(60);
        if (batch != nullptr) batch->PutUntil(key, value, expires_at);
        if (state != nullptr) state->entries[key] = {.value = value, .expires_at = expires_at};
      } else if (kind <= 4) {
        if (batch != nullptr) batch->Delete(key);
        if (state != nullptr) state->entries.erase(key);
      } else {
        if (batch != nullptr) batch->Put(key, value);
        if (state != nullptr) state->entries[key] = {.value = value, .expires_at = {}};
      }
    }
  }

  static constexpr std::uint64_t kKeys = 40;
  static constexpr std::uint64_t kValueSizeMax = 300;

  const std::uint64_t seed_;
};

}  // namespace beach::engine::testing
