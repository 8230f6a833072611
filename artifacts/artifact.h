// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"

// What one failing run leaves behind: everything needed to run it again, and to understand it
// without running it. JSON on disk; artifacts/schema.json is its schema.

namespace beach::artifacts {

inline constexpr std::uint32_t kSchemaVersion = 2;

// A random choice: a fault that struck, a buggify branch taken, or which of several things was done
// (a cut), 0 included. What belongs to a machine as such, like its n-th power cut, has no thread.
struct Decision {
  std::string site;
  std::string host;
  std::uint64_t life = 0;  // which process of the host, from 1; 0: the harness, or the machine
  std::string thread;
  std::uint64_t use = 0;  // the n-th draw at this site by this thread in this life, from 0
  std::uint64_t value = 0;

  friend bool operator==(const Decision&, const Decision&) = default;
};

// One call of the workload.
struct Operation {
  std::uint64_t id = 0;
  std::uint64_t life = 0;  // which start of the system it belongs to, from 0
  std::uint64_t client = 0;
  std::string kind;                    // "put", "delete", "batch", "get", "scan", "flush", ...
  std::vector<std::string> arguments;  // printable; their meaning is the scenario's

  friend bool operator==(const Operation&, const Operation&) = default;
};

// 128 bits, printed as 32 hex digits.
struct RunHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const RunHash&, const RunHash&) = default;
  std::string ToString() const;
  static Result<RunHash> Parse(const std::string& text);
};

struct Checkpoint {
  std::uint64_t event = 0;
  RunHash hash;
  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

struct Verdict {
  // "ok", or what went wrong, without values: "<scenario>/<oracle rule>", "abort: <frames>", ...
  std::string signature = "ok";
  std::string message;  // one sentence: what was expected and what was found
  std::uint64_t virtual_ns = 0;
  std::uint64_t event = 0;

  bool ok() const { return signature == "ok"; }
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct TraceEvent {
  std::uint64_t event = 0;
  std::uint64_t virtual_ns = 0;
  std::string host;
  std::string thread;
  std::string kind;  // "io", "switch", "fault", "operation", "model", "engine", ...
  std::string text;
  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

struct Artifact {
  std::uint32_t schema_version = kSchemaVersion;
  std::string build_id;
  std::string scenario;
  std::uint64_t seed = 0;
  std::string policy;                            // scheduling policy
  std::map<std::string, std::uint64_t> options;  // every knob of the run, expanded
  std::vector<Operation> operations;
  std::vector<Decision> decisions;
  Verdict verdict;
  RunHash hash;
  std::vector<Checkpoint> checkpoints;
  std::vector<TraceEvent> last_events;
  std::string stack;  // of an abort, fault or hang; else empty

  friend bool operator==(const Artifact&, const Artifact&) = default;
};

// JSON text, indented, fields in a fixed order, so that equal artifacts are equal bytes.
std::string ToJson(const Artifact& artifact);
// kCorruption names the field that is missing, of the wrong type or too large; kRefused an unknown
// schema version. Hostile input is fine.
Result<Artifact> FromJson(const std::string& text);

}  // namespace beach::artifacts
