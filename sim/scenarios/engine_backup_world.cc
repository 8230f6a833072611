// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_world.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "sim/disk/disk.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios::copies {
namespace {

constexpr Site kSequenced = "write.sequenced";
constexpr std::string_view kExplain[] = {"disk.eio.read",     "disk.eio.write",
                                         "disk.eio.sync",     "disk.eio.sync_directory",
                                         "disk.eio.metadata", "disk.no_space"};

std::uint64_t Number(std::span<const env::EventField> fields, std::string_view name) {
  for (const env::EventField& field : fields) {
    if (name == field.name) return field.number;
  }
  return 0;
}

oracle::Judgement Wrong(const char* rule, const std::string& message) {
  return oracle::Violation{.rule = rule, .message = message};
}

// What is shown, whatever is: `shown` begins the sentence.
oracle::Judgement JudgeState(const char* rule, const std::string& shown, const State& found,
                             const State& expected) {
  if (found.time != expected.time) {
    return Wrong("wrong-time", shown + " and says that the time is " + std::to_string(found.time) +
                                   ", not " + std::to_string(expected.time));
  }
  if (found.values == expected.values && found.later == expected.later) return {};
  const bool later = found.values == expected.values;
  const std::size_t size = (later ? found.later : found.values).size();
  return Wrong(rule, shown + " and shows " + std::to_string(size) + " keys, not the " +
                         std::to_string((later ? expected.later : expected.values).size()) +
                         " that there " + (later ? "will be later" : "were") + ", or other values");
}

// Whether what was found can be this copy; why not, else.
oracle::Judgement JudgeOne(const char* what, const Copy& copy, const Found& found,
                           const std::map<std::uint64_t, Command>& batches) {
  const std::string shown =
      std::string(what) + " ends at sequence number " + std::to_string(found.last);
  if (copy.last && *copy.last != found.last) {
    return Wrong("copy-differs", shown + " instead of " + std::to_string(*copy.last));
  }
  if (found.last < copy.floor) {
    return Wrong("copy-too-old", shown + ", but all up to " + std::to_string(copy.floor) +
                                     " was there before it was asked for");
  }
  if (found.last > copy.history.last()) {
    return Wrong("copy-differs", shown + ", which was never given");
  }
  const std::optional<State> expected = copy.history.At(found.last, batches);
  if (!expected) return Wrong("copy-differs", shown + ", in the middle of a batch");
  if (found.state == nullptr) return {};
  return JudgeState("copy-differs", shown, *found.state, *expected);
}

}  // namespace

void World::Record(Site event, std::span<const env::EventField> fields) {
  if (event.hash != kSequenced.hash) return;
  history_.Add(Number(fields, "first"), Number(fields, "count"), Number(fields, "tag"));
}

void World::SetFaults(bool on) { sim::SetFaults(simulation, plan.faults, on); }

std::uint64_t World::CountFaults() {
  std::uint64_t count = 0;
  for (const FaultRate& fault : plan.faults) {
    if (std::ranges::find(kExplain, fault.site.name) == std::end(kExplain)) continue;
    count += simulation.FaultCount(fault.site);
  }
  return count;
}

void World::BeginProcess() {
  const SystemScope system;
  report = {};
  faults_before_ = CountFaults();
}

void World::EndProcess(ProcessEnd end) {
  const SystemScope system;
  simulation.ArmStrike(host, Strike::kKill, 0);
  if (end == ProcessEnd::kPowerLost) PowerLost();
  if (report.opened || end != ProcessEnd::kExited) reader_saw_.reset();
  const auto give_up = [this](std::vector<Copy>& copies) {
    for (Copy& copy : copies) {
      if (copy.under_way) copy.history = history_;
      copy.under_way = false;
    }
  };
  give_up(backups);
  for (std::vector<Copy>& copies : slots_) give_up(copies);
}

void World::Excuse(const char* doing, const Error& error) {
  const bool corruption = error.code() == ErrorCode::kCorruption;
  if (!corruption && CountFaults() != faults_before_) return;
  simulation.Fail(corruption ? "false-corruption" : "unexplained-error",
                  std::string(doing) + " failed, but no fault explains it: " + error.ToString());
}

void World::Settle(const oracle::Judgement& judgement) {
  if (judgement) simulation.Fail(judgement->rule, judgement->message);
}

oracle::Judgement World::Followed(copies::Followed& follower, std::uint64_t first,
                                  std::uint64_t count, ByteView encoding, std::uint64_t visible) {
  const std::string shown = "a log cursor after " + std::to_string(follower.position) + " showed " +
                            std::to_string(count) + " operations from " + std::to_string(first);
  const std::uint64_t last = first + count - 1;
  if (last <= follower.position) return Wrong("cursor-repeats", shown);
  if (last > visible) {
    return Wrong("cursor-too-early", shown + ", but readers see " + std::to_string(visible));
  }
  const auto [expected, batch] = history_.After(follower.position);
  if (expected != first) {
    return Wrong("cursor-gap", shown + ", not those from " + std::to_string(expected));
  }
  const auto found = batches.find(batch.id);
  if (batch.count != count || found == batches.end() ||
      BatchOf(found->second).encoding() != encoding) {
    return Wrong("cursor-differs", shown + ", which are not what was written");
  }
  follower.position = last;
  follower.shown = std::max(follower.shown, last);
  return {};
}

oracle::Judgement World::Pinned(std::uint64_t last, std::uint64_t time) const {
  const std::string shown = "files are pinned up to " + std::to_string(last);
  const std::optional<State> expected = history_.At(last, batches);
  if (!expected) return Wrong("pin-too-new", shown + ", in the middle of a batch");
  if (time == expected->time) return {};
  return Wrong("wrong-time", shown + " and say that the time is " + std::to_string(time) +
                                 ", not " + std::to_string(expected->time));
}

oracle::Judgement World::JudgeReplica(std::uint64_t last, const Found& found) const {
  return JudgeOne("a replica", {.floor = last, .last = last, .history = history_}, found, batches);
}

void World::ShownToReader(std::uint64_t last, State state) {
  reader_saw_ = {last, std::move(state)};
}

oracle::Judgement World::Recovered(const Found& found) {
  ever_opened = true;
  for (const copies::Followed& follower : followed) {
    if (found.last >= follower.shown) continue;
    return Wrong("shown-lost", "recovered up to " + std::to_string(found.last) +
                                   ", but a log cursor has shown " +
                                   std::to_string(follower.shown));
  }
  if (reader_saw_ && (reader_saw_->first != found.last ||
                      (found.state != nullptr && *found.state != reader_saw_->second))) {
    return Wrong("read-only-differs", "recovered up to " + std::to_string(found.last) +
                                          ", but an open to be read showed " +
                                          std::to_string(reader_saw_->first) + ", or other values");
  }
  const std::uint64_t floor = survives_only_sync_ ? durable_ : std::max(durable_, acknowledged_);
  if (found.last < floor) {
    return Wrong("durable-ack-lost", "recovered up to " + std::to_string(found.last) +
                                         ", but all up to " + std::to_string(floor) +
                                         " was promised");
  }
  history_.Cut(found.last);
  const std::optional<State> expected = history_.At(found.last, batches);
  if (!expected) return Wrong("torn-batch", "the database ends in the middle of a batch");
  if (found.state != nullptr) {
    const std::string shown = "the database ends at sequence number " + std::to_string(found.last);
    const oracle::Judgement wrong = JudgeState("not-a-prefix", shown, *found.state, *expected);
    if (wrong) return wrong;
  }
  durable_ = found.last;
  acknowledged_ = found.last;
  survives_only_sync_ = false;
  return {};
}

void World::Acknowledged(const Command& write) {
  const std::uint64_t last = history_.LastOf(write.id);
  acknowledged_ = std::max(acknowledged_, last);
  if (write.sync) Durable(last);
}

oracle::Judgement World::JudgeInSlot(const char* what, const Copy& copy, const Found& found) {
  if (copy.restored && copy.number != 0) return JudgeBackup(copy.number, found);
  // One that is under way is of the history as it is now.
  const auto judge = [&](Copy judged) {
    if (judged.under_way) judged.history = history_;
    return JudgeOne(what, judged, found, batches);
  };
  if (!copy.restored) return judge(copy);
  for (const Copy& backup : backups) {
    if (!backup.nothing && !judge(backup)) return {};
  }
  return Wrong("copy-differs", "a restored database is none of the backups");
}

bool World::HasBackup() const {
  return std::ranges::any_of(
      backups, [](const Copy& copy) { return copy.last.has_value() && !copy.may_be_gone; });
}

oracle::Judgement World::JudgeCopy(const char* what, std::vector<Copy>& copies,
                                   const Found& found) {
  oracle::Judgement first;
  for (const Copy& copy : copies) {
    if (copy.nothing) continue;
    const oracle::Judgement judgement = JudgeInSlot(what, copy, found);
    if (!judgement) return {};
    if (!first || copy.last) first = judgement;
  }
  if (first) return first;
  return Wrong("copy-invented", std::string(what) + " is a database, and nobody has made it");
}

oracle::Judgement World::JudgeBackup(std::uint64_t number, const Found& found) {
  constexpr const char* kWhat = "a restored backup";
  // A number that was seen and not durable may be given again.
  oracle::Judgement first = Wrong("copy-invented", "a backup that nobody has made");
  bool known = false;
  for (const Copy& copy : backups) {
    if (!copy.last || copy.number != number) continue;
    known = true;
    first = JudgeOne(kWhat, copy, found, batches);
    if (!first) return {};
  }
  if (known) return first;
  for (Copy& copy : backups) {
    if (copy.last || copy.nothing) continue;
    first = JudgeOne(kWhat, copy, found, batches);
    if (first) continue;
    copy.number = number;
    copy.last = found.last;
    copy.may_be_gone = true;
    return {};
  }
  return first;
}

oracle::Judgement World::JudgeList(const std::vector<std::uint64_t>& numbers) {
  // Whoever died inside of the call may have come after all that is there.
  const std::uint64_t newest = numbers.empty() ? 0 : std::ranges::max(numbers);
  for (const Copy& copy : backups) {
    if (!copy.last && !copy.nothing && copy.keep > 0) OldestMayGo(copy.keep, newest);
  }
  for (const Copy& copy : backups) {
    if (!copy.last || copy.may_be_gone) continue;
    if (std::ranges::find(numbers, copy.number) != numbers.end()) continue;
    return Wrong("copy-missing", "backup " + std::to_string(copy.number) + " was made and is gone");
  }
  return {};
}

void World::Made(Copy& copy, std::uint64_t number, std::uint64_t last, std::uint64_t keep) {
  copy.number = number;
  copy.last = last;
  copy.history = history_;
  copy.under_way = false;
  if (keep > 0) OldestMayGo(keep);
}

void World::GiveUp(Copy& copy, bool nothing) {
  copy.history = history_;
  copy.under_way = false;
  copy.nothing = nothing;
}

// By number, as the place counts; what nobody was told of counts too, so this is at most too many.
void World::OldestMayGo(std::uint64_t keep, std::uint64_t newest) {
  for (const Copy& copy : backups) newest = std::max(newest, copy.number);
  for (Copy& copy : backups) {
    if (copy.last && copy.number + keep <= newest + 2) copy.may_be_gone = true;
  }
}

void World::ForgetUnknownBackups() {
  std::erase_if(backups, [](const Copy& copy) { return !copy.last; });
}

bool World::MustOpen(std::uint64_t slot) {
  return std::ranges::any_of(slots_[slot], [](const Copy& copy) { return copy.last.has_value(); });
}

}  // namespace beach::sim::scenarios::copies
