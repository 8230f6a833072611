// SPDX-License-Identifier: Apache-2.0
#include "server/http/api_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace beach::server {
namespace {

// Members of one object, in the order in which they are added.
class Object {
 public:
  Object& Add(const char* name, std::uint64_t value) { return Raw(name, std::to_string(value)); }
  Object& AddFlag(const char* name, bool value) { return Raw(name, value ? "true" : "false"); }
  Object& AddText(const char* name, std::string_view value) { return Raw(name, JsonText(value)); }
  // JSON already.
  Object& Raw(const char* name, std::string_view json) {
    text_ += fmt::format("{}\"{}\":{}", text_.empty() ? "" : ",", name, json);
    return *this;
  }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

template <class Items, class Render>
std::string Array(const Items& items, Render render) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + render(item);
  return "[" + text + "]";
}

std::string Status(const NodeFacts& facts) {
  const std::string why = WhyNotReady(facts);
  return Object()
      .AddText("version", facts.version)
      .Add("node", facts.node.value)
      .AddText("role", NameOf(facts.role))
      .Add("leader", facts.leader.value)
      .Add("term", facts.term.value)
      .AddFlag("ready", why.empty())
      .AddText("why_not_ready", why)
      .Add("uptime_ms", facts.uptime_ns / 1'000'000)
      .Add("commit", facts.commit.value)
      .Add("applied", facts.applied.value)
      .Add("log_base", facts.log_base.value)
      .Add("log_durable", facts.log_durable.value)
      .Add("state_durable", facts.state_durable.value)
      .Add("log_bytes", facts.log_bytes)
      .Add("native_clients", facts.native_clients)
      .Add("resp_clients", facts.resp_clients)
      .Add("requests_waiting", facts.requests_waiting)
      .Add("work", facts.work)
      .text();
}

std::string Levels(const NodeFacts& facts) {
  const engine::DbStats& stats = facts.engine;
  const std::string levels = Array(stats.levels, [](const engine::DbStats::Level& level) {
    return Object().Add("tables", level.tables).Add("bytes", level.bytes).text();
  });
  return Object()
      .Raw("levels", levels)
      .Add("flushes", stats.flushes)
      .Add("compactions", stats.compactions)
      .Add("compactions_running", stats.compactions_running)
      .Add("compactions_failed", stats.compactions_failed)
      .Add("moves", stats.moves)
      .Add("user_bytes", stats.user_bytes)
      .Add("flush_bytes", stats.flush_bytes)
      .Add("compaction_bytes", stats.compaction_bytes)
      .Add("debt_bytes", stats.debt_bytes)
      .Add("pressure", stats.pressure)
      .AddText("pressure_reason", stats.pressure_reason)
      .Add("throttled_ms", stats.throttled_ns / 1'000'000)
      .text();
}

std::string Members(const NodeFacts& facts) {
  const bool leads = facts.role == raft::Role::kLeader;
  const std::string members = Array(facts.members, [&](const MemberFacts& member) {
    Object object;
    object.Add("node", member.node.value)
        .AddText("address", member.address)
        .AddFlag("voter", member.voter)
        .AddFlag("leads", member.node == facts.leader);
    if (leads) {
      object.Add("match", member.match.value)
          .Add("lag", LagOf(facts, member))
          .Add("silent_ms", member.silent_ns / 1'000'000);
    }
    return object.text();
  });
  return Object()
      .Add("node", facts.node.value)
      .Add("leader", facts.leader.value)
      .Add("term", facts.term.value)
      .Raw("members", members)
      .text();
}

constexpr std::array kDocuments = std::to_array<ApiDocument>({
    {"/api/status.json", "the node: role, leader, term, places in the log, clients", Status},
    {"/api/levels.json", "its engine: levels, flushes, compactions, why writers are slowed down",
     Levels},
    {"/api/members.json",
     "the cluster: members, who leads; of a leader `match`, `lag` and `silent_ms` of each",
     Members},
});

// How many bytes the UTF-8 character at the begin of `text` has; 0: it is none.
std::size_t CharacterSize(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t size = first >= 0xf5   ? 0
                           : first >= 0xf0 ? 4
                           : first >= 0xe0 ? 3
                           : first >= 0xc2 ? 2
                                           : 0;
  if (size == 0 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  // Longer than need be, a surrogate, or beyond the last one.
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) >= 0xa0)) return 0;
  if ((first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) >= 0x90)) return 0;
  return size;
}

}  // namespace

std::span<const ApiDocument> ApiDocuments() { return kDocuments; }

std::string ApiPage() {
  std::string page = "| path | what it is |\n|---|---|\n";
  for (const ApiDocument& document : kDocuments) {
    page += fmt::format("| `{}` | {} |\n", document.path, document.help);
  }
  return page;
}

std::string JsonText(std::string_view text) {
  std::string json = "\"";
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(size, 1));
    text.remove_prefix(character.size());
    if (size == 0) {
      json += "\\ufffd";
    } else if (size == 1 && static_cast<unsigned char>(character[0]) < 0x20) {
      json += fmt::format("\\u{:04x}", static_cast<unsigned>(character[0]));
    } else {
      if (character == "\"" || character == "\\") json += '\\';
      json += character;
    }
  }
  return json + "\"";
}

}  // namespace beach::server
