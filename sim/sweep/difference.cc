// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/site.h"
#include "sim/sweep/sites.h"
#include "sim/sweep/sweep.h"

namespace beach::sim::sweep {
namespace {

constexpr std::size_t kLinesBefore = 12;
constexpr std::uint64_t kEventsAfter = 24;
constexpr std::size_t kLinesAfter = 4;

// What the kernel counts without a line in the trace.
constexpr Site kUnlisted[] = {"sim.schedule", "sim.switch", "sim.wake",
                              "sim.step",     "sim.spawn",  "sim.verdict"};

std::string NameOf(std::uint64_t site) {
  for (const Site& known : kUnlisted) {
    if (known.hash == site) return known.name;
  }
  for (const KnownSite& known : KnownSites()) {
    if (Site::Hash(known.name) == site) return std::string(known.name);
  }
  return fmt::format("site {:016x}", site);
}

const CloseUpEvent* EventAt(const RunReport& report, std::uint64_t event) {
  const auto found = std::ranges::find(report.close_up, event, &CloseUpEvent::event);
  return found == report.close_up.end() ? nullptr : &*found;
}

// The first event of the close-ups after which the hashes are not equal; the end of the shorter one
// counts. Nothing: they are the same.
std::optional<std::uint64_t> FirstDiffering(const RunReport& first, const RunReport& second) {
  const std::size_t both = std::min(first.close_up.size(), second.close_up.size());
  for (std::size_t i = 0; i < both; ++i) {
    const CloseUpEvent& one = first.close_up[i];
    const CloseUpEvent& other = second.close_up[i];
    if (one.event != other.event || one.hash != other.hash) return std::min(one.event, other.event);
  }
  const RunReport& longer = first.close_up.size() > both ? first : second;
  if (longer.close_up.size() > both) return longer.close_up[both].event;
  return std::nullopt;
}

Difference::Side SideOf(const RunReport& around, const RunReport& with_stack, std::uint64_t event) {
  Difference::Side side;
  if (const CloseUpEvent* const found = EventAt(around, event)) side.event = *found;
  if (side.event) {
    // What it tells may be another value in each run; the place is the same.
    const CloseUpEvent* const there = EventAt(with_stack, event);
    if (there != nullptr && there->thread == side.event->thread &&
        there->site == side.event->site) {
      side.event->frames = there->frames;
    }
  }
  for (const artifacts::TraceEvent& line : around.trace) {
    if (line.event >= event && side.lines.size() < kLinesAfter) side.lines.push_back(line);
  }
  return side;
}

void AddLine(std::string& text, const artifacts::TraceEvent& line) {
  fmt::format_to(std::back_inserter(text), "  {:>9}  {:>15} ns  {:<24} {} {}\n", line.event,
                 line.virtual_ns, line.host + "/" + line.thread, line.kind, line.text);
}

void AddSide(std::string& text, const char* name, const Difference::Side& side) {
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "the {} run\n", name);
  const bool has_line =
      side.event && !side.lines.empty() && side.lines.front().event == side.event->event;
  if (side.event && !has_line) {
    fmt::format_to(out, "  {:>9}  {:>15} ns  {:<24} {} {}\n", side.event->event,
                   side.event->virtual_ns, side.event->host + "/" + side.event->thread,
                   NameOf(side.event->site), side.event->number);
  }
  if (!side.event) text += "  had ended\n";
  for (const artifacts::TraceEvent& line : side.lines) AddLine(text, line);
  if (!side.event) return;
  for (const std::string& frame : side.event->frames) fmt::format_to(out, "      at {}\n", frame);
}

}  // namespace

Result<std::optional<Difference>> FindDifference(const RunReport& first, const RunReport& second,
                                                 const RunCloseUp& run_first,
                                                 const RunCloseUp& run_second) {
  const auto mismatch = Compare("", 0, first, second);
  if (!mismatch) return std::nullopt;
  Difference difference;
  EventRange range = {.first = std::max<std::uint64_t>(mismatch->same_until, 1),
                      .last = mismatch->event + kEventsAfter};
  RunReport one;
  RunReport other;
  std::optional<std::uint64_t> event;
  for (;;) {
    BEACH_TRY_ASSIGN(one, run_first(range));
    BEACH_TRY_ASSIGN(other, run_second(range));
    event = FirstDiffering(one, other);
    const bool inside = event && *event > range.first;
    if (inside || range.first == 1) break;
    // Two other runs of the same kind part elsewhere.
    difference.steady = false;
    range.first = 1;
  }
  if (!event) {
    difference.steady = false;
    difference.event = mismatch->event;
    return difference;
  }
  difference.event = *event;
  for (const artifacts::TraceEvent& line : one.trace) {
    if (line.event < *event) difference.before.push_back(line);
  }
  if (difference.before.size() > kLinesBefore) {
    difference.before.erase(difference.before.begin(), difference.before.end() - kLinesBefore);
  }
  const EventRange just_there = {.first = *event, .last = *event};
  BEACH_TRY_ASSIGN(const RunReport one_stack, run_first(just_there));
  BEACH_TRY_ASSIGN(const RunReport other_stack, run_second(just_there));
  difference.first = SideOf(one, one_stack, *event);
  difference.second = SideOf(other, other_stack, *event);
  return difference;
}

std::string Describe(const Difference& difference) {
  std::string text = fmt::format("the runs part at event {}\n", difference.event);
  if (!difference.steady) text += "  not in each pair of runs: something changes from run to run\n";
  if (!difference.before.empty()) text += "until then both did\n";
  for (const artifacts::TraceEvent& line : difference.before) AddLine(text, line);
  if (!difference.first.event && !difference.second.event) return text;
  AddSide(text, "first", difference.first);
  AddSide(text, "second", difference.second);
  return text;
}

}  // namespace beach::sim::sweep
