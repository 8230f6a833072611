// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/sweep/report.h"

namespace beach::sim::sweep {
namespace {

using Lines = std::back_insert_iterator<std::string>;

double Seconds(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

double Rate(double amount, std::uint64_t wall_ns) {
  return wall_ns == 0 ? 0.0 : amount / Seconds(wall_ns);
}

// "12 345 678": people read these.
std::string Grouped(std::uint64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, " ");
  return text;
}

void Totals(Lines out, const SweepReport& report) {
  fmt::format_to(out, "seeds             {:>16}", Grouped(report.seeds));
  if (report.seeds > 0) fmt::format_to(out, "   {}..{}", report.seed_first, report.seed_last + 1);
  fmt::format_to(out, "\nwall seconds      {:>16.1f}\n", Seconds(report.wall_ns));
  fmt::format_to(out, "seeds/s           {:>16.1f}\n",
                 Rate(static_cast<double>(report.seeds), report.wall_ns));
  fmt::format_to(out, "virtual seconds   {:>16.1f}   {:.1f} a second\n", Seconds(report.virtual_ns),
                 Rate(Seconds(report.virtual_ns), report.wall_ns));
  fmt::format_to(out, "events            {:>16}\n", Grouped(report.events));
  fmt::format_to(out, "operations        {:>16}\n", Grouped(report.operations));
  if (report.twice > 0) {
    fmt::format_to(out, "run twice         {:>16}   {} differed\n", Grouped(report.twice),
                   report.mismatches.size());
  }
}

void Scenarios(Lines out, const SweepReport& report) {
  std::size_t width = 8;
  for (const auto& [name, totals] : report.scenarios) width = std::max(width, name.size());
  fmt::format_to(out, "\n{:<{}} {:>10} {:>10} {:>14} {:>12}\n", "scenario", width, "seeds",
                 "failures", "virtual s", "cpu ms/seed");
  for (const auto& [name, totals] : report.scenarios) {
    const double cpu_ms =
        totals.seeds == 0 ? 0.0 : Seconds(totals.cpu_ns) * 1e3 / static_cast<double>(totals.seeds);
    fmt::format_to(out, "{:<{}} {:>10} {:>10} {:>14.1f} {:>12.2f}\n", name, width,
                   Grouped(totals.seeds), Grouped(totals.failures), Seconds(totals.virtual_ns),
                   cpu_ms);
  }
}

void Counts(Lines out, const char* title, const std::map<std::string, std::uint64_t>& counts) {
  if (counts.empty()) return;
  std::size_t width = 24;
  for (const auto& [name, count] : counts) width = std::max(width, name.size());
  fmt::format_to(out, "\n{}\n", title);
  for (const auto& [name, count] : counts) {
    if (count > 0) fmt::format_to(out, "  {:<{}} {:>14}\n", name, width, Grouped(count));
  }
  for (const auto& [name, count] : counts) {
    if (count == 0) fmt::format_to(out, "  {:<{}} {:>14}\n", name, width, "NEVER");
  }
}

void Failures(Lines out, const SweepReport& report, const std::string& program) {
  for (const Failure& failure : report.failures) {
    fmt::format_to(out, "\nFAILED  {}\n", failure.signature);
    fmt::format_to(out, "  {}\n", failure.message);
    fmt::format_to(out, "  scenario {}, seed {}", failure.scenario, failure.seed);
    if (failure.count > 1) fmt::format_to(out, ", and {} more seeds", failure.count - 1);
    if (failure.artifact.empty()) {
      fmt::format_to(out, "\n  again:   {} run {} --seed {}\n", program, failure.scenario,
                     failure.seed);
      continue;
    }
    fmt::format_to(out, "\n  replay:  {} replay {}\n", program, failure.artifact);
    fmt::format_to(out, "  examine: {} replay {} --timeline\n", program, failure.artifact);
  }
  for (const Mismatch& mismatch : report.mismatches) {
    fmt::format_to(out, "\nNONDETERMINISTIC  {}, seed {}\n  {}\n", mismatch.scenario, mismatch.seed,
                   mismatch.message);
    fmt::format_to(out, "  again:   {} run {} --seed {} --twice\n", program, mismatch.scenario,
                   mismatch.seed);
  }
}

}  // namespace

std::string Summary(const SweepReport& report, const std::string& program) {
  std::string text;
  const Lines out = std::back_inserter(text);
  Totals(out, report);
  Scenarios(out, report);
  Counts(out, "faults", report.faults);
  Counts(out, "reached states", report.sometimes);
  Counts(out, "struck by a crash", report.strikes);
  Failures(out, report, program);
  if (report.seeds == 0) {
    fmt::format_to(out, "\nno seed ran: this says nothing\n");
  } else if (report.interrupted) {
    fmt::format_to(out, "\ninterrupted after {} seeds{}\n", report.seeds,
                   report.Clean() ? ", none of them failing; the rest did not run" : "");
  } else if (report.Clean()) {
    fmt::format_to(out, "\nno failures\n");
  }
  return text;
}

std::string ProgressLine(const SweepReport& report, std::uint64_t done, std::uint64_t total,
                         std::size_t width) {
  const std::string numbers =
      fmt::format(" {} seeds  {:.0f}/s  {:.0f} virtual s/s  {} failing", Grouped(report.seeds),
                  Rate(static_cast<double>(report.seeds), report.wall_ns),
                  Rate(Seconds(report.virtual_ns), report.wall_ns), report.failures_count());
  const std::uint64_t share = total == 0 ? 0 : std::min<std::uint64_t>(100, done * 100 / total);
  if (width < numbers.size() + 20) return fmt::format("{:>3}%{}", share, numbers);
  const std::size_t bar = std::min<std::size_t>(width - numbers.size() - 8, 40);
  const std::size_t full = bar * static_cast<std::size_t>(share) / 100;
  return fmt::format("[{}{}] {:>3}%{}", std::string(full, '#'), std::string(bar - full, '.'), share,
                     numbers);
}

}  // namespace beach::sim::sweep
