// SPDX-License-Identifier: Apache-2.0
#include "bench/raft/run_raft.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "command_line/terminal.h"

namespace beach::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kNodes[] = {3, 5};
constexpr std::uint64_t kBatches[] = {1, 64};

double Per(std::uint64_t total, std::uint64_t count) {
  return count == 0 ? 0 : static_cast<double>(total) / static_cast<double>(count);
}
double MessagesPerSecond(const CoreCosts& costs) {
  return Per(costs.messages, costs.wall_ns) * 1e9;
}

CoreCosts Median(std::vector<CoreCosts> rounds) {
  std::ranges::sort(rounds, {}, &CoreCosts::wall_ns);
  return rounds[rounds.size() / 2];
}

}  // namespace

std::vector<RaftRow> MeasureRaft(const RaftArguments& arguments) {
  std::vector<RaftRow> rows;
  for (const std::uint64_t nodes : kNodes) {
    Cores cores(nodes);
    for (const std::uint64_t batch : kBatches) {
      std::vector<CoreCosts> rounds;
      for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
        rounds.push_back(cores.Replicate(arguments.entries, arguments.bytes, batch, false));
      }
      rows.push_back({.nodes = nodes,
                      .batch = batch,
                      .costs = Median(std::move(rounds)),
                      .parts = cores.Replicate(arguments.entries, arguments.bytes, batch, true)});
    }
    std::vector<CoreCosts> rounds;
    for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
      rounds.push_back(cores.Heartbeats(arguments.entries / 4 + 1));
    }
    rows.push_back({.nodes = nodes, .batch = 0, .costs = Median(std::move(rounds)), .parts = {}});
  }
  return rows;
}

std::string AsText(const std::vector<RaftRow>& rows) {
  std::string text;
  for (const RaftRow& row : rows) {
    const double rate = MessagesPerSecond(row.costs) / 1e6;
    if (row.batch == 0) {
      fmt::format_to(std::back_inserter(text), "{} nodes, heartbeats: {:.1f} million messages/s\n",
                     row.nodes, rate);
      continue;
    }
    fmt::format_to(std::back_inserter(text),
                   "{} nodes, {} at a time: {:.0f} ns an entry, {:.2f} messages an entry, {:.1f} "
                   "million messages/s;",
                   row.nodes, row.batch, Per(row.costs.wall_ns, row.costs.entries),
                   Per(row.costs.messages, row.costs.entries), rate);
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      fmt::format_to(std::back_inserter(text), " {} {:.0f} ({:.0f} a call)",
                     NameOf(static_cast<Phase>(phase)),
                     Per(row.parts.phase_ns[phase], row.parts.entries),
                     Per(row.parts.phase_ns[phase], row.parts.phase_calls[phase]));
    }
    text += "\n";
  }
  return text;
}

std::string AsJson(const std::vector<RaftRow>& rows) {
  Json json;
  json["rows"] = Json::array();
  for (const RaftRow& row : rows) {
    Json out = {{"nodes", row.nodes},
                {"workload", row.batch == 0 ? "heartbeats" : "replicate"},
                {"batch", row.batch},
                {"entries", row.costs.entries},
                {"messages_per_s", MessagesPerSecond(row.costs)}};
    if (row.batch > 0) {
      out["ns_per_entry"] = Per(row.costs.wall_ns, row.costs.entries);
      out["messages_per_entry"] = Per(row.costs.messages, row.costs.entries);
      for (std::size_t phase = 0; phase < kPhases; ++phase) {
        const std::string name = NameOf(static_cast<Phase>(phase));
        out[name + "_ns_per_entry"] = Per(row.parts.phase_ns[phase], row.parts.entries);
        out[name + "_ns_per_call"] = Per(row.parts.phase_ns[phase], row.parts.phase_calls[phase]);
      }
    }
    json["rows"].push_back(std::move(out));
  }
  return json.dump(2) + "\n";
}

int RunRaft(const RaftArguments& arguments) {
  const std::vector<RaftRow> rows = MeasureRaft(arguments);
  fmt::print("{}", arguments.json ? AsJson(rows) : AsText(rows));
  return command_line::kExitFine;
}

}  // namespace beach::bench
