// SPDX-License-Identifier: Apache-2.0
#include "env/os/failpoints.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>
#include <mutex>

#include "env/marks.h"

namespace beach::env {
namespace {

struct Passages {
  std::uint64_t count = 0;
  std::vector<std::uint64_t> armed;  // the hits that strike, and have not
};

// What is counted is of the process, as what arms it is.
struct Armed {
  std::mutex mutex;
  std::map<std::string, Passages, std::less<>> points;  // under it
};

// Never destroyed: threads may pass while the process ends.
Armed& TheArmed() {
  static Armed& armed = *new Armed;
  return armed;
}

void Say(Site site, std::uint64_t hit, const char* what) {
  const std::string line = "failpoint " + std::string(site.name) + ", passage " +
                           std::to_string(hit) + ": " + what + "\n";
  // One call, so that the line is whole; nobody is left to be told that it failed.
  static_cast<void>(!::write(STDERR_FILENO, line.data(), line.size()));
}

bool Pass(Site site, FailpointKind kind) {
  Armed& armed = TheArmed();
  const std::lock_guard lock(armed.mutex);
  Passages& passages = armed.points[std::string(site.name)];
  const std::uint64_t hit = ++passages.count;
  if (std::erase(passages.armed, hit) == 0) return false;
  if (kind == FailpointKind::kFault) {
    Say(site, hit, "failed");
    return true;
  }
  Say(site, hit, "killed");
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();  // the signal is on its way, and nobody passes any more
}

Result<ArmedFailpoint> ParseOne(const std::string& text) {
  ArmedFailpoint one;
  const std::size_t colon = text.find(':');
  one.name = text.substr(0, colon);
  bool sound = !one.name.empty();
  if (colon != std::string::npos) {
    const char* const begin = text.data() + colon + 1;
    const char* const end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, one.hit);
    sound = sound && parsed.ec == std::errc() && parsed.ptr == end && one.hit > 0;
  }
  if (sound) return one;
  return Fail(ErrorCode::kInvalidArgument,
              "a failpoint is NAME or NAME:HIT, a hit from 1 on; not \"" + text + "\"");
}

}  // namespace

Result<std::vector<ArmedFailpoint>> ParseFailpoints(const std::string& text) {
  std::vector<ArmedFailpoint> all;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    BEACH_TRY_ASSIGN(ArmedFailpoint one, ParseOne(text.substr(begin, end - begin)));
    all.push_back(std::move(one));
    begin = end + 1;
  }
  return all;
}

Status ArmFailpoints() {
  const char* const text = std::getenv(kFailpointVariable);
  if (text == nullptr || *text == '\0') return {};
  std::vector<ArmedFailpoint> all;
  if (std::string(text) != "count") {
    BEACH_TRY_ASSIGN(all, ParseFailpoints(text));
  }
  Armed& armed = TheArmed();
  const std::lock_guard lock(armed.mutex);
  for (const ArmedFailpoint& one : all) armed.points[one.name].armed.push_back(one.hit);
  failpoint_hook.store(&Pass);
  return {};
}

std::vector<std::string> UnstruckFailpoints() {
  Armed& armed = TheArmed();
  const std::lock_guard lock(armed.mutex);
  std::vector<std::string> unstruck;
  for (const auto& [name, passages] : armed.points) {
    if (!passages.armed.empty()) unstruck.push_back(name);
  }
  return unstruck;
}

std::vector<FailpointCount> FailpointCounts() {
  Armed& armed = TheArmed();
  const std::lock_guard lock(armed.mutex);
  std::vector<FailpointCount> counts;
  for (const auto& [name, passages] : armed.points) {
    if (passages.count > 0) counts.push_back({name, passages.count});
  }
  return counts;
}

}  // namespace beach::env
