// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What can be seen of a run while it goes: for pictures of it (sim/timeline/). Watching changes
// nothing: no draw, no event, no virtual time and no part of the hash comes of it, and without a
// spectator it costs one test of a pointer at each place. Kinds are added freely, a network's too.

namespace beach::sim {

// Values travel between processes of one build and stand in no file.
enum class SightKind : std::uint8_t {
  // A line of the trace. `name`: its kind ("fault", "switch", "operation", ...), `text`: what it
  // says.
  kNote = 1,
  // The thread begins a call of the file system; it may never come back from it. `name`: "write",
  // "sync", ...; `path`, and in `text` the second path of a rename or link; `offset`, `length`:
  // bytes, where the call has them.
  kCall = 2,
  // That call of the thread has had its effect, or failed. `number`: 0, a count, or -errno; of
  // an append, where it began.
  kReturn = 3,
  // The scenario begins an operation on this thread. The note "operation" ends it.
  kOperation = 4,
  // A file or directory of `host` has changed, or what is durable of it. `file`, `path` as in
  // FileState; `name`: "file", "directory", or "gone" when it is neither seen nor durable;
  // `text`: its durable path; `offset`: its size; `length`: its durable size; `number`: its pending
  // micro-operations; `ranges`: dirty and in flight, the first 64 of each.
  kFile = 5,
  // A part of what the power cut that comes next in the trace has made of the disk of `host`.
  // `file`, `path`: of what; `name`: what it was ("write", "size 100", "name a"); `offset`,
  // `length`: where; `number`: 1 if it was kept, at least in part; `ranges`: kept and torn.
  kCut = 6,
  // An armed crash strikes here. `name`: the seam call or failpoint.
  kStrike = 7,
  // A process of `host` has started, or ended: none of its threads does anything more. `life`:
  // which it is. `name`: "started", "exited", "killed", "lost its power" or "ran out of memory";
  // `text`: what the process is called; `number`: its id in the trace.
  kProcess = 8,
  // What the scenario or the network says of itself (Simulation::Show). `name`: "cluster.role",
  // "net.cut", ...; `fields`: as docs/simulation.md has them.
  kShown = 9,
};
inline constexpr std::uint8_t kSightKindLast = 9;

// A number, or a text where there is one.
struct SightField {
  std::string name;
  std::uint64_t number = 0;
  std::string text;
  friend bool operator==(const SightField&, const SightField&) = default;
};

struct SightRange {
  enum class Kind : std::uint8_t { kDirty = 1, kInFlight = 2, kKept = 3, kTorn = 4 };
  Kind kind = Kind::kDirty;
  std::uint64_t first = 0;  // bytes, half-open
  std::uint64_t end = 0;
  friend bool operator==(const SightRange&, const SightRange&) = default;
};

// One thing that was seen; who saw it first tells it first.
struct Sight {
  SightKind kind = SightKind::kNote;
  std::uint64_t event = 0;  // of the run: the last one counted by then
  std::uint64_t virtual_ns = 0;
  std::string host;        // empty: the harness
  std::uint64_t life = 0;  // which process of the host, from 1; 0: the harness
  std::string thread;
  std::string name;
  std::string path;
  std::string text;
  std::uint64_t file = 0;  // an inode of the host's disk; 0: none
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::int64_t number = 0;
  std::vector<SightRange> ranges;
  std::vector<SightField> fields;
  friend bool operator==(const Sight&, const Sight&) = default;
};

class Spectator {
 public:
  // Called by the run's own thread, with a SystemScope open. The run may end, and its process die,
  // right after it.
  virtual void See(const Sight& sight) = 0;

 protected:
  ~Spectator() = default;
};

}  // namespace beach::sim
