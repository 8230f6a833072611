// SPDX-License-Identifier: Apache-2.0
#include "server/http/metrics_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

#include "server/http/http_port.h"

namespace beach::server {
namespace {

// The lines of one metric.
class Lines {
 public:
  Lines(std::string& out, const char* name) : out_(out), name_(name) {}
  void Add(std::uint64_t value) {
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name_, value);
  }
  void Add(std::string_view label, std::string_view is, std::uint64_t value) {
    fmt::format_to(std::back_inserter(out_), "{}{{{}=\"{}\"}} {}\n", name_, label, Escaped(is),
                   value);
  }
  // Nanoseconds, as Prometheus has them.
  void AddSeconds(std::uint64_t ns) {
    fmt::format_to(std::back_inserter(out_), "{} {}\n", name_, Seconds(ns));
  }
  void AddSeconds(std::string_view label, std::string_view is, std::uint64_t ns) {
    fmt::format_to(std::back_inserter(out_), "{}{{{}=\"{}\"}} {}\n", name_, label, Escaped(is),
                   Seconds(ns));
  }

 private:
  static std::string Seconds(std::uint64_t ns) {
    return fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
  }
  static std::string Escaped(std::string_view text) {
    std::string escaped;
    for (const char letter : text) {
      if (letter == '\\' || letter == '"') escaped += '\\';
      escaped += letter == '\n' ? std::string("\\n") : std::string(1, letter);
    }
    return escaped;
  }

  std::string& out_;
  const char* const name_;
};

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  void (*add)(Lines& lines, const NodeFacts& facts, const HttpCounts& http);
};

// A number of the facts, and one of the engine's counters.
template <auto member>
void AddFact(Lines& lines, const NodeFacts& facts, const HttpCounts& /*http*/) {
  lines.Add(facts.*member);
}
template <auto member>
void AddPlace(Lines& lines, const NodeFacts& facts, const HttpCounts& /*http*/) {
  lines.Add((facts.*member).value);
}
template <auto member>
void AddEngine(Lines& lines, const NodeFacts& facts, const HttpCounts& /*http*/) {
  lines.Add(facts.engine.*member);
}
template <auto member>
void AddLevels(Lines& lines, const NodeFacts& facts, const HttpCounts& /*http*/) {
  for (std::size_t level = 0; level < facts.engine.levels.size(); ++level) {
    lines.Add("level", std::to_string(level), facts.engine.levels[level].*member);
  }
}
template <auto member>
void AddHttp(Lines& lines, const NodeFacts& /*facts*/, const HttpCounts& http) {
  lines.Add(http.*member);
}

using Facts = NodeFacts;
using Engine = engine::DbStats;
using Level = engine::DbStats::Level;

constexpr std::array kMetrics = std::to_array<Metric>({
    {"beachdb_info", "gauge", "1; its label is the version of the program",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       lines.Add("version", facts.version, 1);
     }},
    {"beachdb_uptime_seconds", "gauge", "Since the node was opened",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       lines.AddSeconds(facts.uptime_ns);
     }},
    {"beachdb_ready", "gauge", "1: /readyz says that it serves",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       lines.Add(WhyNotReady(facts).empty() ? 1 : 0);
     }},

    {"beachdb_raft_node", "gauge", "Number of this node", AddPlace<&Facts::node>},
    {"beachdb_raft_leader", "gauge", "Number of the leader; 0: none is known",
     AddPlace<&Facts::leader>},
    {"beachdb_raft_role", "gauge", "1 at the role that it has",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       const std::string_view has = NameOf(facts.role);
       for (const std::string_view role : {"follower", "candidate", "leader"}) {
         lines.Add("role", role, role == has ? 1 : 0);
       }
     }},
    {"beachdb_raft_term", "gauge", "Term", AddPlace<&Facts::term>},
    {"beachdb_raft_commit_index", "gauge", "Last entry that is committed, as far as it knows",
     AddPlace<&Facts::commit>},
    {"beachdb_raft_applied_index", "gauge", "Last entry that was applied",
     AddPlace<&Facts::applied>},
    {"beachdb_raft_durable_index", "gauge", "Last entry in its log that survives a power loss",
     AddPlace<&Facts::log_durable>},
    {"beachdb_raft_log_base_index", "gauge", "Last entry that its log no longer has",
     AddPlace<&Facts::log_base>},
    {"beachdb_raft_state_durable_index", "gauge", "Last entry whose effect is durable in tables",
     AddPlace<&Facts::state_durable>},
    {"beachdb_raft_log_bytes", "gauge", "Log of consensus, on disk", AddFact<&Facts::log_bytes>},
    {"beachdb_raft_member_lag_entries", "gauge",
     "Of a leader: committed entries that a member is not known to have",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       if (facts.role != raft::Role::kLeader) return;
       for (const MemberFacts& member : facts.members) {
         lines.Add("node", std::to_string(member.node.value), LagOf(facts, member));
       }
     }},
    {"beachdb_raft_member_silent_seconds", "gauge", "Of a leader: since it last heard of a member",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       if (facts.role != raft::Role::kLeader) return;
       for (const MemberFacts& member : facts.members) {
         lines.AddSeconds("node", std::to_string(member.node.value), member.silent_ns);
       }
     }},

    {"beachdb_engine_level_tables", "gauge", "Tables of a level", AddLevels<&Level::tables>},
    {"beachdb_engine_level_bytes", "gauge", "Bytes of a level", AddLevels<&Level::bytes>},
    {"beachdb_engine_user_bytes_total", "counter", "Written by users, as encoded",
     AddEngine<&Engine::user_bytes>},
    {"beachdb_engine_log_bytes_total", "counter", "Written to the engine's log",
     AddEngine<&Engine::log_bytes>},
    {"beachdb_engine_flush_bytes_total", "counter", "Written by flushes",
     AddEngine<&Engine::flush_bytes>},
    {"beachdb_engine_compaction_bytes_total", "counter", "Written by compactions",
     AddEngine<&Engine::compaction_bytes>},
    {"beachdb_engine_compaction_read_bytes_total", "counter", "Read by compactions",
     AddEngine<&Engine::compaction_read_bytes>},
    {"beachdb_engine_flushes_total", "counter", "Flushes", AddEngine<&Engine::flushes>},
    {"beachdb_engine_compactions_total", "counter", "Compactions that have finished",
     AddEngine<&Engine::compactions>},
    {"beachdb_engine_compactions_failed_total", "counter", "Compactions that have failed",
     AddEngine<&Engine::compactions_failed>},
    {"beachdb_engine_compactions_running", "gauge", "Compactions that run now",
     AddEngine<&Engine::compactions_running>},
    {"beachdb_engine_moves_total", "counter", "Tables that went down a level as they were",
     AddEngine<&Engine::moves>},
    {"beachdb_engine_expired_total", "counter", "Expired values that compactions have dropped",
     AddEngine<&Engine::expired_dropped>},
    {"beachdb_engine_tables_aside", "gauge", "Tables that could not be read",
     AddEngine<&Engine::tables_aside>},
    {"beachdb_engine_debt_bytes", "gauge", "To be moved before all levels are as they should be",
     AddEngine<&Engine::debt_bytes>},
    {"beachdb_engine_pressure", "gauge",
     "How much writers are slowed down, 0 to 1000, where they wait; its label says why",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       lines.Add("reason", facts.engine.pressure_reason, facts.engine.pressure);
     }},
    {"beachdb_engine_throttled_seconds_total", "counter", "That writers have been slowed down",
     [](Lines& lines, const Facts& facts, const HttpCounts&) {
       lines.AddSeconds(facts.engine.throttled_ns);
     }},
    {"beachdb_engine_snapshots", "gauge", "Snapshots that live", AddEngine<&Engine::snapshots>},
    {"beachdb_engine_pinned_views", "gauge", "Old views that readers still look at",
     AddEngine<&Engine::pinned_views>},

    {"beachdb_clients", "gauge", "Connections, by kind",
     [](Lines& lines, const Facts& facts, const HttpCounts& http) {
       lines.Add("kind", "native", facts.native_clients);
       lines.Add("kind", "resp", facts.resp_clients);
       lines.Add("kind", "http", http.clients);
     }},
    {"beachdb_requests_waiting", "gauge", "Of native clients, without a reply so far",
     AddFact<&Facts::requests_waiting>},
    {"beachdb_slow_requests_total", "counter", "That took longer than 'slow', of all clients",
     AddFact<&Facts::slow_requests>},
    {"beachdb_work", "gauge", "What replica and store were asked, and have not answered",
     AddFact<&Facts::work>},
    {"beachdb_scan_cursors", "gauge", "Moments that are kept for scans",
     AddFact<&Facts::scan_cursors>},
    {"beachdb_watch_buffer_bytes", "gauge", "Changes that are kept for watchers",
     AddFact<&Facts::watch_buffer_bytes>},
    {"beachdb_http_answers_total", "counter", "Requests over HTTP that were answered",
     AddHttp<&HttpCounts::answers>},
    {"beachdb_http_refusals_total", "counter", "What came over HTTP and is no request served here",
     AddHttp<&HttpCounts::refusals>},
    {"beachdb_http_turned_away_total", "counter", "Connections over HTTP beyond the limit",
     AddHttp<&HttpCounts::clients_turned_away>},
    {"beachdb_http_cut_off_total", "counter", "Connections over HTTP that idled, or did not read",
     AddHttp<&HttpCounts::clients_cut_off>},
});

}  // namespace

std::string MetricsText(const NodeFacts& facts, const HttpCounts& http) {
  std::string text;
  for (const Metric& metric : kMetrics) {
    fmt::format_to(std::back_inserter(text), "# HELP {} {}\n# TYPE {} {}\n", metric.name,
                   metric.help, metric.name, metric.type);
    Lines lines(text, metric.name);
    metric.add(lines, facts, http);
  }
  return text;
}

std::string MetricsPage() {
  std::string page = "| metric | type | what it is |\n|---|---|---|\n";
  for (const Metric& metric : kMetrics) {
    page += fmt::format("| `{}` | {} | {} |\n", metric.name, metric.type, metric.help);
  }
  return page;
}

}  // namespace beach::server
