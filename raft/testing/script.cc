// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/script.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "raft/testing/text.h"

namespace beach::raft::testing {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kMessagesMax = 10'000;  // of one "deliver": more would never end

std::string Word(std::istringstream& words) {
  std::string word;
  words >> word;
  return word;
}
std::uint64_t Number(std::istringstream& words, std::uint64_t otherwise = 0) {
  std::uint64_t number = otherwise;
  if (!(words >> number)) return otherwise;
  return number;
}
bool Is(const std::string& wanted, NodeId node) {
  return wanted == "*" || wanted == std::to_string(node.value);
}

}  // namespace

std::string Script::Run(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("> ")) {
      result += line + "\n" + Do(line.substr(2));
    } else if (line.empty() || line.starts_with("#")) {
      result += line + "\n";
    }
  }
  return result;
}

std::string Script::Do(const std::string& line) {
  printed_.clear();
  std::istringstream words(line);
  Execute(Word(words), words);
  return std::exchange(printed_, {});
}

void Script::Execute(const std::string& verb, std::istringstream& words) {
  if (!Input(verb, words) && !Network(verb, words) && !Machine(verb, words) && !Show(verb, words)) {
    Print("no such command: " + verb);
  }
  SettleAll();
}

bool Script::Input(const std::string& verb, std::istringstream& words) {
  if (verb == "elect") {
    Elect(Number(words));
  } else if (verb == "campaign" || verb == "hasty") {
    Campaign(Number(words), verb == "hasty");
  } else if (verb == "wait") {
    now_ns_ += Number(words) * kMillisecond;
  } else if (verb == "tick") {
    const std::uint64_t only = Number(words);
    now_ns_ += options_.heartbeat_interval_ns;
    for (auto& [id, node] : nodes_) {
      if (node.up() && (only == 0 || only == id)) node.core().Tick(TimeOf(id));
    }
  } else if (verb == "propose") {
    const std::uint64_t id = Number(words);
    Propose(id, Word(words));
  } else if (verb == "read") {
    const std::uint64_t id = Number(words);
    const ReadMode mode = Word(words) == "lease" ? ReadMode::kLease : ReadMode::kRound;
    if (!At(id).core().Read(TimeOf(id), ReadContext(++next_read_), mode)) {
      Print(id, fmt::format("read {}: there is no leader to ask", next_read_));
    }
  } else if (verb == "transfer") {
    const std::uint64_t id = Number(words);
    if (!At(id).core().TransferLeadership(TimeOf(id), NodeId(Number(words)))) {
      Print(id, "cannot hand over leadership");
    }
  } else if (verb == "change") {
    const std::uint64_t id = Number(words);
    Change(id, words);
  } else {
    return false;
  }
  return true;
}

bool Script::Network(const std::string& verb, std::istringstream& words) {
  if (verb == "deliver") {
    if ((words >> std::ws).eof()) {
      Deliver();
    } else {
      DeliverOnly(words);
    }
  } else if (verb == "drop") {
    TakeUnderWay(words, false);
  } else if (verb == "copy") {
    std::ranges::move(TakeUnderWay(words, true), std::back_inserter(late_));
  } else if (verb == "late") {
    for (Message& message : std::exchange(late_, {})) Hand(std::move(message));
  } else if (verb == "reverse") {
    std::ranges::reverse(network_);
  } else if (verb == "partition") {
    Partition(words);
  } else if (verb == "heal") {
    groups_.clear();
  } else if (verb == "bytes" || verb == "lost") {
    Snapshots(words, verb == "bytes");
  } else {
    return false;
  }
  return true;
}

bool Script::Machine(const std::string& verb, std::istringstream& words) {
  if (verb == "cluster") {
    Configuration configuration;
    const std::uint64_t count = Number(words);
    for (std::uint64_t id = 1; id <= count; ++id) configuration.voters.emplace_back(id);
    for (std::uint64_t id = 1; id <= count; ++id) Add(id, configuration);
  } else if (verb == "spare") {
    Add(Number(words), Configuration());
  } else if (verb == "limit") {
    const std::string name = Word(words);
    SetLimit(name, Number(words));
  } else if (verb == "hold" || verb == "release") {
    const std::string kind = Word(words);
    const std::uint64_t id = Number(words);
    if (verb == "hold") {
      held_.insert({kind, id});
    } else {
      held_.erase({kind, id});
    }
  } else if (verb == "persist" || verb == "apply") {
    const std::uint64_t id = Number(words);
    Work(id, verb == "persist" ? "disk" : "apply", Number(words, 1000));
  } else if (verb == "crash") {
    const std::uint64_t id = Number(words);
    At(id).Crash(Number(words), 0);
  } else if (verb == "restart") {
    const std::uint64_t id = Number(words);
    At(id).Start(TimeOf(id));
  } else if (verb == "damage") {
    const std::uint64_t id = Number(words);
    if (const std::string what = Word(words); what == "state") {
      if (!At(id).LoseState()) Print(id, "has no state");
    } else if (!At(id).LoseEntry(LogIndex(std::stoull(what)))) {
      Print(id, "has no such entry");
    }
  } else if (verb == "compact") {
    Node& node = At(Number(words));
    node.Flush();
    node.Compact(LogIndex(Number(words, node.flushed().index.value)));
  } else {
    return false;
  }
  return true;
}

bool Script::Show(const std::string& verb, std::istringstream& words) {
  const std::uint64_t id = Number(words);
  if (verb == "status") {
    for (const auto& [each, node] : nodes_) Print(StatusLine(NodeId(each), node));
  } else if (verb == "progress") {
    std::istringstream lines(ProgressLines(At(id)));
    for (std::string line; std::getline(lines, line);) Print(line);
  } else if (verb == "log") {
    const Log& log = At(id).core().log();
    for (LogIndex i = log.base().Next(); i <= log.last(); i = i.Next()) {
      if (log.tail().Holds(i)) Print(Text(log.tail().At(i)));
    }
  } else if (verb == "disk") {
    const Node& node = At(id);
    Print(fmt::format("term {}, vote {}, log behind {}", node.disk_hard_state().term.value,
                      node.disk_hard_state().vote.value, node.disk_base().value));
    for (const Entry& entry : node.disk_entries()) Print(Text(entry));
  } else {
    return false;
  }
  return true;
}

void Script::Add(std::uint64_t id, const Configuration& configuration) {
  options_.id = NodeId(id);
  options_.random_key = id;
  options_.cluster = ClusterId(1);
  nodes_.emplace(id, Node(options_, configuration));
  At(id).Start(TimeOf(id));
}

void Script::SetLimit(const std::string& name, std::uint64_t value) {
  if (name == "message-bytes") {
    options_.message_bytes_max = value;
  } else if (name == "in-flight") {
    options_.in_flight_count_max = value;
  } else if (name == "uncommitted-bytes") {
    options_.uncommitted_bytes_max = value;
  } else if (name == "tail-bytes") {
    options_.tail_bytes_max = value;
  } else {
    Print("no such limit: " + name);
  }
}

void Script::Campaign(std::uint64_t id, bool hasty) {
  Core& core = At(id).core();
  const std::uint64_t left_ns = ElapsedNs(TimeOf(id), core.NextDeadlineNs());
  (hasty ? ahead_ns_[id] : now_ns_) += left_ns;
  core.Tick(TimeOf(id));
}

void Script::Elect(std::uint64_t id) {
  Campaign(id, false);
  Deliver();
  printed_.clear();
  const Core& core = At(id).core();
  BEACH_CHECK(core.role() == Role::kLeader);
  Print(id, fmt::format("leads term {}, its no-op is entry {}", core.term().value,
                        core.log().last().value));
}

void Script::Propose(std::uint64_t id, const std::string& word) {
  const RequestId request(requests_.size() + 1);
  requests_[request.value] = word;
  const auto proposed = At(id).core().Propose(TimeOf(id), Payload::Copy(word), request);
  if (!proposed) {
    Print(id, fmt::format("{} is refused: {}", word, ProposeErrorName(proposed.error())));
  }
}

void Script::Change(std::uint64_t id, std::istringstream& words) {
  const std::string mode = Word(words);
  std::vector<raft::Change> changes;
  for (std::string kind; words >> kind;) {
    changes.push_back({.kind = kind == "add"       ? ChangeKind::kAddVoter
                               : kind == "learner" ? ChangeKind::kAddLearner
                                                   : ChangeKind::kRemove,
                       .node = NodeId(Number(words))});
  }
  const ChangeMode change = mode == "simple"  ? ChangeMode::kSimple
                            : mode == "joint" ? ChangeMode::kJoint
                            : mode == "stay"  ? ChangeMode::kJointAndStay
                                              : ChangeMode::kLeaveJoint;
  const RequestId request(requests_.size() + 1);
  requests_[request.value] = "the change";
  const auto proposed = At(id).core().ProposeConfiguration(TimeOf(id), changes, change, request);
  if (!proposed) {
    Print(id, fmt::format("the change is refused: {}", ProposeErrorName(proposed.error())));
  }
}

bool Script::Linked(NodeId from, NodeId to) const {
  const auto group = [&](NodeId node) {
    const auto found = groups_.find(node.value);
    return found == groups_.end() ? 0 : found->second;
  };
  return group(from) == group(to);
}

void Script::Partition(std::istringstream& words) {
  std::uint64_t group = 1;
  for (std::string word; words >> word;) {
    if (word == "|") {
      ++group;
    } else {
      groups_[std::stoull(word)] = group;
    }
  }
}

void Script::Hand(Message&& message) {
  const std::uint64_t to = message.to.value;
  const bool arrives = nodes_.contains(to) && At(to).up() && Linked(message.from, message.to);
  Print(Text(message) + (arrives ? "" : " (lost)"));
  if (!arrives) return;
  At(to).core().Step(TimeOf(to), std::move(message));
  Settle(to);
}

void Script::Deliver() {
  SettleAll();
  for (std::uint64_t count = 0; !network_.empty() && count < kMessagesMax; ++count) {
    Message message = std::move(network_.front());
    network_.erase(network_.begin());
    Hand(std::move(message));
  }
  BEACH_CHECK(network_.empty());
}

void Script::DeliverOnly(std::istringstream& words) {
  for (Message& message : TakeUnderWay(words, false)) Hand(std::move(message));
}

std::vector<Message> Script::TakeUnderWay(std::istringstream& words, bool copy) {
  SettleAll();
  const std::string from = Word(words);
  const std::string to = Word(words);
  const std::uint64_t most = Number(words, kMessagesMax);
  std::vector<Message> taken;
  std::vector<Message> left;
  for (Message& message : network_) {
    const bool wanted = Is(from, message.from) && Is(to, message.to) && taken.size() < most;
    if (wanted) taken.push_back(message);
    if (!wanted || copy) left.push_back(std::move(message));
  }
  network_ = std::move(left);
  return taken;
}

void Script::Snapshots(std::istringstream& words, bool arrive) {
  const std::string from = Word(words);
  const std::string to = Word(words);
  for (const Transfer& transfer : std::exchange(transfers_, {})) {
    const bool wanted = from.empty() || (Is(from, transfer.from) && Is(to, transfer.to));
    if (!wanted) {
      transfers_.push_back(transfer);
      continue;
    }
    Print(fmt::format("{} -> {}  bytes of snapshot {}{}", transfer.from.value, transfer.to.value,
                      transfer.id.value & 0xffffffffffU, arrive ? "" : " (lost)"));
    Node& sender = At(transfer.from.value);
    if (arrive) {
      At(transfer.to.value).Receive(TimeOf(transfer.to.value), transfer);
      if (sender.up()) sender.core().SnapshotSent(transfer.to, transfer.id);
      Settle(transfer.to.value);
    } else if (sender.up()) {
      sender.core().SnapshotFailed(transfer.to, transfer.id);
    }
  }
}

void Script::Work(std::uint64_t id, const std::string& kind, std::uint64_t count) {
  Node& node = At(id);
  for (; count > 0; --count) {
    if (kind == "disk" && node.disk_work() > 0) {
      node.FinishDiskWork(TimeOf(id));
    } else if (kind == "apply" && node.apply_work() > 0) {
      node.ApplyOne(TimeOf(id));
    } else {
      return;
    }
    Drain(id);
  }
}

void Script::SettleAll() {
  for (const auto& [id, node] : nodes_) Settle(id);
}

void Script::Settle(std::uint64_t id) {
  Node& node = At(id);
  if (!node.up()) return;
  Drain(id);
  for (bool busy = true; busy;) {
    busy = false;
    if (node.disk_work() > 0 && !held_.contains({"disk", id})) {
      node.FinishDiskWork(TimeOf(id));
      busy = true;
    } else if (node.apply_work() > 0 && !held_.contains({"apply", id})) {
      node.ApplyOne(TimeOf(id));
      busy = true;
    } else if (node.loads() > 0) {
      Print(id, "reads entries from its disk");
      node.AnswerLoad(TimeOf(id));
      busy = true;
    } else if (node.snapshots_to_send() > 0) {
      if (auto transfer = node.PinSnapshot(TimeOf(id))) {
        transfers_.push_back(std::move(*transfer));
        busy = true;
      }
    }
    Drain(id);
  }
}

void Script::Print(std::uint64_t id, const std::string& line) {
  Print(fmt::format("{} {}", id, line));
}

void Script::Drain(std::uint64_t id) {
  Node& node = At(id);
  node.Pump(TimeOf(id));
  for (const Event& event : std::exchange(node.events, {})) Print(id, Text(event));
  for (const Entry& entry : std::exchange(node.applied, {})) Print(id, "applies " + Text(entry));
  if (std::exchange(node.installed, false)) {
    Print(id, fmt::format("has installed a snapshot of {}{}", node.state().index.value,
                          node.suffix_kept ? ", and keeps the log behind it" : ""));
  }
  for (const ReadAnswer& read : std::exchange(node.reads, {})) {
    Print(id, read.error ? fmt::format("read {} fails: the leader is gone", read.context.value)
                         : fmt::format("read {} sees all up to {}", read.context.value,
                                       node.core().applied().value));
  }
  for (const ProposalFate& fate : std::exchange(node.fates, {})) {
    const std::string& name = requests_[fate.request.value];
    static constexpr const char* kFates[] = {"is committed", "is lost", "is refused", "is unknown"};
    Print(id, fmt::format("{} {}", name, kFates[static_cast<std::size_t>(fate.fate)]));
  }
  std::ranges::move(std::exchange(node.messages, {}), std::back_inserter(network_));
}

}  // namespace beach::raft::testing
