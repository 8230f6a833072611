// SPDX-License-Identifier: Apache-2.0
#include "oracle/model.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#include "base/check.h"
#include "base/coding.h"
#include "base/random.h"

namespace beach::oracle {
namespace {

// Values are hashed at every write and every recovery: 32 bytes at a time, in products that do not
// wait for each other.
std::uint64_t HashOfBytes(ByteView bytes) {
  std::uint64_t hash = bytes.size();
  while (bytes.size() >= 32) {
    const char* const data = bytes.data();
    const std::uint64_t low = LoadFixed<std::uint64_t>(data) * 0x9fb21c651e98df25U ^
                              LoadFixed<std::uint64_t>(data + 8) * 0xd6e8feb86659fd93U;
    const std::uint64_t high = LoadFixed<std::uint64_t>(data + 16) * 0xbf58476d1ce4e5b9U +
                               LoadFixed<std::uint64_t>(data + 24) * 0x94d049bb133111ebU;
    hash = Mix64(hash ^ low ^ std::rotl(high, 32));
    bytes.remove_prefix(32);
  }
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    const std::size_t size = std::min(bytes.size(), sizeof word);
    std::memcpy(&word, bytes.data(), size);
    hash = Mix64(hash ^ word);
    bytes.remove_prefix(size);
  }
  return hash;
}

// The contribution of one entry to the hash of a state, which is their sum: so a batch changes the
// hash by what it changes, and a scan gives it in any order.
std::uint64_t EntryHash(ByteView key, ByteView value) {
  return RandomValue(HashOfBytes(key), HashOfBytes(value));
}

Violation Wrong(std::string rule, std::string message) {
  return {.rule = std::move(rule), .message = std::move(message)};
}

std::string Quoted(ByteView key) { return "\"" + Printable(key, 32) + "\""; }

std::string Name(BatchId id) { return "batch " + std::to_string(id.value); }

}  // namespace

Model::Model() : order_(1) {}

void Model::Issue(ModelBatch batch) {
  const BatchId id = batch.id;
  BEACH_CHECK(id != BatchId{});
  BEACH_CHECK(!settled_.contains(id));
  const bool fresh =
      life_.try_emplace(id, Record{.batch = std::move(batch), .durable_mark = visible_}).second;
  BEACH_CHECK(fresh);
}

Judgement Model::Sequence(BatchId id, std::uint64_t first, std::uint64_t count) {
  const auto found = life_.find(id);
  if (found == life_.end()) {
    return Wrong("sequenced-unissued", "sequence number " + std::to_string(first) + " went to " +
                                           Name(id) + ", which was not issued in this life");
  }
  Record& record = found->second;
  if (count != record.batch.operations.size()) {
    return Wrong("sequence-count",
                 DescribeBatch(id) + " has " + std::to_string(record.batch.operations.size()) +
                     " operations but was given " + std::to_string(count) + " sequence numbers");
  }
  if (count == 0) return std::nullopt;
  if (record.stage != Stage::kIssued) {
    return Wrong("sequenced-twice",
                 DescribeBatch(id) + " was sequenced again, as " + std::to_string(first));
  }
  Place place = order_.back();
  if (first <= place.last_sequence) {
    return Wrong("sequence-reused", DescribeBatch(id) + " was given sequence number " +
                                        std::to_string(first) + ", but " +
                                        std::to_string(place.last_sequence) + " is already taken");
  }
  BatchId& newest = newest_[record.batch.client];
  if (record.batch.client != 0 && id < newest) {
    return Wrong("client-order", DescribeBatch(id) + " was sequenced behind " + Name(newest) +
                                     ", which its client issued after it");
  }
  newest = id;
  if (!Hold(record.batch.conditions, sequenced())) {
    return Wrong("condition-broken", DescribeBatch(id) + " was given sequence number " +
                                         std::to_string(first) +
                                         ", but a condition of it does not hold there");
  }
  record.stage = Stage::kSequenced;
  record.prefix = order_.size();
  place.id = id;
  place.last_sequence = first + count - 1;
  if (record.batch.sync) place.last_sync = record.prefix;
  Apply(record.batch, place);
  order_.push_back(place);
  return std::nullopt;
}

void Model::SetValue(ByteView key, Version version, Place& place) {
  const std::uint64_t prefix = order_.size();
  version.prefix = prefix;
  auto found = versions_.find(key);
  if (found == versions_.end()) found = versions_.try_emplace(Bytes(key)).first;
  std::vector<Version>& versions = found->second;
  if (!versions.empty() && versions.back().value) {
    place.state_hash -= EntryHash(key, *versions.back().value);
  }
  if (version.value) place.state_hash += EntryHash(key, *version.value);
  if (!versions.empty() && versions.back().prefix == prefix) versions.pop_back();
  versions.push_back(std::move(version));
}

void Model::Apply(const ModelBatch& batch, Place& place) {
  for (const ModelOperation& operation : batch.operations) {
    if (operation.time) {
      AdvanceTime(*operation.time, place);
      continue;
    }
    if (operation.merge) {
      const auto found = versions_.find(operation.key);
      const bool there = found != versions_.end() && !found->second.empty();
      SetValue(operation.key, Merge(there ? found->second.back() : Version(), operation), place);
      continue;
    }
    if (!operation.range_end) {
      const bool expires = operation.expires_at && place.time < *operation.expires_at;
      const bool gone = operation.expires_at && !expires;
      SetValue(operation.key,
               {.value = gone ? std::nullopt : operation.value,
                .expires_at = expires ? operation.expires_at : std::nullopt},
               place);
      continue;
    }
    for (auto at = versions_.lower_bound(operation.key);
         at != versions_.end() && at->first < *operation.range_end; ++at) {
      if (!at->second.empty() && at->second.back().value) SetValue(at->first, {}, place);
    }
  }
}

void Model::TakeBack(const ModelOperation& operation, std::uint64_t prefix) {
  const auto begin = operation.time ? versions_.begin() : versions_.lower_bound(operation.key);
  const auto end = operation.time        ? versions_.end()
                   : operation.range_end ? versions_.lower_bound(*operation.range_end)
                                         : versions_.upper_bound(operation.key);
  for (auto at = begin; at != end; ++at) {
    std::vector<Version>& versions = at->second;
    if (!versions.empty() && versions.back().prefix == prefix) versions.pop_back();
  }
}

Judgement Model::Refuse(std::uint64_t first) {
  std::uint64_t refused_from = order_.size();
  for (std::uint64_t prefix = sequenced(); order_[prefix].last_sequence >= first; --prefix) {
    const Place& place = order_[prefix];
    if (prefix <= visible_) {
      return Wrong("refused-but-shown",
                   (prefix == 0 ? "a batch of an earlier life" : DescribeBatch(place.id)) +
                       " was refused, but a reader or its client knows it");
    }
    // The place stays, without effect, so that prefixes keep their meaning.
    Record& record = life_.at(place.id);
    record.prefix = 0;
    for (const ModelOperation& operation : record.batch.operations) TakeBack(operation, prefix);
    refused_from = prefix;
  }
  for (std::uint64_t prefix = refused_from; prefix <= sequenced(); ++prefix) {
    order_[prefix].state_hash = order_[prefix - 1].state_hash;
    order_[prefix].last_sync = order_[prefix - 1].last_sync;
    order_[prefix].time = order_[prefix - 1].time;
  }
  return std::nullopt;
}

Judgement Model::Acknowledge(BatchId id) {
  const auto found = life_.find(id);
  BEACH_CHECK(found != life_.end());
  Record& record = found->second;
  BEACH_CHECK(record.stage == Stage::kIssued || record.stage == Stage::kSequenced);
  if (record.batch.operations.empty()) {
    record.stage = Stage::kAcknowledged;
    const std::optional<std::uint64_t> held = FindState(record, true);
    if (!held) {
      return Wrong("condition-broken",
                   DescribeBatch(id) + " was acknowledged, but its conditions held at no moment");
    }
    Show(*held);
    // It syncs the log, and writes nothing there that could vouch.
    if (record.batch.sync) durable_ = std::max(durable_, *held);
    return std::nullopt;
  }
  if (record.prefix == 0) {  // never sequenced, or refused since
    return Wrong("acknowledged-unsequenced",
                 DescribeBatch(id) + " was acknowledged without a place in the log");
  }
  record.stage = Stage::kAcknowledged;
  // Its flight was submitted after what it saw acknowledged was durable, and says so.
  if (record.batch.sync) vouched_ = std::max(vouched_, record.durable_mark);
  Show(record.prefix);
  return std::nullopt;
}

Judgement Model::Fail(BatchId id) {
  const auto found = life_.find(id);
  BEACH_CHECK(found != life_.end());
  BEACH_CHECK(found->second.stage != Stage::kAcknowledged);
  found->second.stage = Stage::kFailed;
  return std::nullopt;
}

Judgement Model::Reject(BatchId id) {
  if (Judgement failed = Fail(id)) return failed;
  if (life_.at(id).prefix == 0) return std::nullopt;
  return Wrong(
      "rejected-but-sequenced",
      DescribeBatch(id) + " was turned away as not written, but holds its place in the log");
}

Judgement Model::Decline(BatchId id) {
  if (Judgement rejected = Reject(id)) return rejected;
  const Record& record = life_.at(id);
  const std::optional<std::uint64_t> seen = FindState(record, false);
  if (!seen) {
    return Wrong("condition-held",
                 DescribeBatch(id) + " was not written, but its conditions held all the time");
  }
  Show(*seen);
  if (record.batch.sync) durable_ = std::max(durable_, *seen);
  return std::nullopt;
}

bool Model::Hold(const std::vector<ModelCondition>& conditions, std::uint64_t prefix) const {
  return std::ranges::all_of(conditions, [&](const ModelCondition& condition) {
    return At(condition.key, prefix).value == condition.value;
  });
}

std::optional<std::uint64_t> Model::FindState(const Record& record, bool hold) const {
  for (std::uint64_t prefix = record.durable_mark; prefix <= sequenced(); ++prefix) {
    if (Hold(record.batch.conditions, prefix) == hold) return prefix;
  }
  return std::nullopt;
}

void Model::Durable(std::uint64_t mark) {
  BEACH_CHECK_LE(mark, visible_);
  durable_ = std::max(durable_, mark);
  vouched_ = std::max(vouched_, mark);
}

void Model::Show(std::uint64_t prefix) {
  BEACH_CHECK_LE(prefix, sequenced());
  visible_ = std::max(visible_, prefix);
  durable_ = std::max(durable_, order_[prefix].last_sync);
}

Judgement Model::EndGet(const ReadMark& mark, ByteView key, const std::optional<Bytes>& found) {
  const std::uint64_t ceiling = mark.sequenced.value_or(sequenced());
  BEACH_CHECK_LE(mark.visible, ceiling);
  const auto versions = versions_.find(key);
  if (versions == versions_.end()) {
    if (!found) return std::nullopt;
  } else {
    const Version* const oldest = VersionAt(versions->second, mark.visible);
    if (oldest == nullptr ? !found : oldest->At(mark.time) == found) return std::nullopt;
    for (const Version& version : versions->second) {
      if (version.prefix <= mark.visible || version.prefix > ceiling) continue;
      if (version.At(mark.time) != found) continue;
      Show(version.prefix);
      return std::nullopt;
    }
  }
  return WrongRead(key, mark, ceiling, found);
}

Judgement Model::WrongRead(ByteView key, const ReadMark& mark, std::uint64_t ceiling,
                           const std::optional<Bytes>& found) const {
  if (found) {
    if (Judgement foreign = ExplainForeign(key, *found)) return foreign;
  }
  const Version oldest = At(key, mark.visible);
  std::string message = "a read of key " + Quoted(key) + " found " + DescribeValue(found) +
                        "; expected " + DescribeValue(oldest.At(mark.time));
  if (oldest.prefix != 0) message += " by " + DescribeBatch(BatchAt(oldest.prefix));
  const Version newest = At(key, ceiling);
  if (newest.prefix != oldest.prefix) {
    message += ", or newer up to " + DescribeValue(newest.At(mark.time));
    message += " by " + DescribeBatch(BatchAt(newest.prefix));
  }
  return Wrong("wrong-read", std::move(message));
}

Judgement Model::EndMultiGet(const ReadMark& mark, const std::vector<KeyFound>& found) {
  const std::uint64_t ceiling = mark.sequenced.value_or(sequenced());
  BEACH_CHECK_LE(mark.visible, ceiling);
  const auto shows = [&](std::uint64_t prefix, const KeyFound& entry) {
    return At(entry.first, prefix).At(mark.time) == entry.second;
  };
  for (std::uint64_t prefix = mark.visible; prefix <= ceiling; ++prefix) {
    if (!std::ranges::all_of(found, [&](const auto& entry) { return shows(prefix, entry); })) {
      continue;
    }
    // None below explains it: its last batch has been seen.
    if (prefix > mark.visible) Show(prefix);
    return std::nullopt;
  }
  for (const auto& [key, value] : found) {
    if (Judgement wrong = EndGet(mark, key, value)) return wrong;
  }
  std::string message = "keys that were read together are not of one moment:";
  for (const auto& [key, value] : found) message += " " + Quoted(key) + " " + DescribeValue(value);
  return Wrong("torn-multi-get", std::move(message));
}

bool Model::ScanEquals(const KeyRange& range, std::uint64_t prefix, std::uint64_t time,
                       const std::vector<KeyValue>& found, Judgement* difference) const {
  const auto differ = [&](ByteView key, const std::optional<Bytes>& shown) {
    if (difference == nullptr) return false;
    const Version expected = At(key, prefix);
    *difference =
        Wrong("scan-mismatch", "a scan showed key " + Quoted(key) + " as " + DescribeValue(shown) +
                                   "; expected " + DescribeValue(expected.At(time)));
    return false;
  };
  std::size_t next = 0;
  for (auto at = versions_.lower_bound(range.from); at != versions_.end(); ++at) {
    if (!range.Contains(at->first)) break;
    const Version* const expected = VersionAt(at->second, prefix);
    if (next < found.size() && found[next].first < at->first) {
      return differ(found[next].first, found[next].second);
    }
    if (next < found.size() && found[next].first == at->first) {
      const bool equal = expected != nullptr && expected->At(time) == found[next].second;
      if (!equal) return differ(at->first, found[next].second);
      ++next;
    } else if (expected != nullptr && expected->At(time)) {
      return differ(at->first, std::nullopt);
    }
  }
  if (next < found.size()) return differ(found[next].first, found[next].second);
  return true;
}

Judgement Model::EndScan(const ReadMark& mark, const KeyRange& range,
                         const std::vector<KeyValue>& found) {
  const std::uint64_t ceiling = mark.sequenced.value_or(sequenced());
  BEACH_CHECK_LE(mark.visible, ceiling);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!range.Contains(found[i].first)) {
      return Wrong("scan-out-of-range", "a scan from " + Quoted(range.from) + " showed key " +
                                            Quoted(found[i].first) + " beyond its bounds");
    }
    if (i > 0 && found[i - 1].first >= found[i].first) {
      return Wrong("scan-order", "a scan showed key " + Quoted(found[i].first) + " behind key " +
                                     Quoted(found[i - 1].first));
    }
  }
  for (std::uint64_t prefix = mark.visible; prefix <= ceiling; ++prefix) {
    if (!ScanEquals(range, prefix, mark.time, found, nullptr)) continue;
    // The lowest match proves no more than that the newest value it shows is visible.
    std::uint64_t shown = 0;
    for (const auto& [key, value] : found) {
      shown = std::max(shown, VersionAt(versions_.find(key)->second, prefix)->prefix);
    }
    Show(shown);
    return std::nullopt;
  }
  for (const auto& [key, value] : found) {
    if (Judgement foreign = ExplainForeign(key, value)) return foreign;
  }
  Judgement difference;
  ScanEquals(range, mark.visible, mark.time, found, &difference);
  BEACH_CHECK(difference.has_value());
  if (ceiling > mark.visible) {
    difference->message += ", and none of the " + std::to_string(ceiling - mark.visible) +
                           " batches under way explains it";
  }
  return difference;
}

std::uint64_t Model::HashOf(const std::vector<KeyValue>& state) {
  std::uint64_t hash = 0;
  for (const auto& [key, value] : state) hash += EntryHash(key, value);
  return hash;
}

std::vector<KeyValue> Model::StateAt(std::uint64_t prefix) const {
  std::vector<KeyValue> state;
  for (const auto& [key, versions] : versions_) {
    Version version = At(key, prefix);
    if (version.value) state.emplace_back(key, std::move(*version.value));
  }
  return state;
}

bool Model::ShowsAt(std::uint64_t prefix, const std::vector<KeyValue>& state) const {
  BEACH_CHECK_LE(prefix, sequenced());
  return ScanEquals({}, prefix, 0, state, nullptr);
}

std::vector<Bytes> Model::Keys() const {
  std::vector<Bytes> keys;
  keys.reserve(versions_.size());
  for (const auto& [key, versions] : versions_) keys.push_back(key);
  return keys;
}

Judgement Model::FixAt(ReadMark& mark, std::uint64_t sequence) {
  const std::string said = "readers are said to see sequence number " + std::to_string(sequence);
  const auto after = std::upper_bound(
      order_.begin(), order_.end(), sequence,
      [](std::uint64_t number, const Place& place) { return number < place.last_sequence; });
  if (after == order_.begin() || std::prev(after)->last_sequence != sequence) {
    return Wrong("visible-sequence", said + ", which is the last of no batch");
  }
  const auto prefix = static_cast<std::uint64_t>(std::distance(order_.begin(), after)) - 1;
  if (prefix < mark.visible) {
    return Wrong("visible-sequence",
                 said + ", but " + DescribeBatch(BatchAt(mark.visible)) + " with number " +
                     std::to_string(LastSequence(mark.visible)) + " was visible before");
  }
  mark.visible = prefix;
  mark.sequenced = prefix;
  Show(prefix);
  return std::nullopt;
}

const Model::Version* Model::VersionAt(const std::vector<Version>& versions, std::uint64_t prefix) {
  const auto after =
      std::upper_bound(versions.begin(), versions.end(), prefix,
                       [](std::uint64_t p, const Version& version) { return p < version.prefix; });
  return after == versions.begin() ? nullptr : &*std::prev(after);
}

Model::Version Model::At(ByteView key, std::uint64_t prefix) const {
  BEACH_CHECK_LE(prefix, sequenced());
  const auto found = versions_.find(key);
  if (found == versions_.end()) return {};
  const Version* const version = VersionAt(found->second, prefix);
  return version == nullptr ? Version() : *version;
}

std::optional<Model::Version> Model::FindVersion(ByteView key,
                                                 const std::optional<Bytes>& value) const {
  const auto found = versions_.find(key);
  if (found == versions_.end()) return std::nullopt;
  for (const Version& version : found->second) {
    if (version.value == value) return version;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Model::DeletedAfter(ByteView key, std::uint64_t prefix) const {
  const auto found = versions_.find(key);
  if (found == versions_.end()) return std::nullopt;
  for (const Version& version : found->second) {
    if (version.prefix > prefix && !version.value) return version.prefix;
  }
  return std::nullopt;
}

void Model::Settle(std::uint64_t prefix, std::uint64_t last_sequence) {
  BEACH_CHECK_LE(prefix, sequenced());
  BEACH_CHECK_GE(last_sequence, order_[prefix].last_sequence);
  for (const auto& [id, record] : life_) {
    const bool applied = record.prefix != 0 && record.prefix <= prefix;
    const bool empty = record.batch.operations.empty();
    settled_[id] = applied || empty ? Outcome::kApplied : Outcome::kNotApplied;
  }
  life_.clear();
  newest_.clear();
  for (auto at = versions_.begin(); at != versions_.end();) {
    const Version* const found = VersionAt(at->second, prefix);
    if (found == nullptr || !found->value) {
      at = versions_.erase(at);
      continue;
    }
    const auto kept = at->second.begin() + (found - at->second.data());
    kept->prefix = 0;
    at->second.erase(kept + 1, at->second.end());
    at->second.erase(at->second.begin(), kept);
    ++at;
  }
  const Place place{.id = {},
                    .last_sequence = last_sequence,
                    .state_hash = order_[prefix].state_hash,
                    .last_sync = 0,
                    .time = order_[prefix].time};
  order_.assign(1, place);
  visible_ = 0;
  durable_ = 0;
  vouched_ = 0;
}

void Model::Rebase(const std::vector<KeyValue>& state, std::uint64_t last_sequence) {
  for (const auto& [id, record] : life_) settled_[id] = Outcome::kNotApplied;
  life_.clear();
  newest_.clear();
  versions_.clear();
  for (const auto& [key, value] : state) versions_[key].push_back({.prefix = 0, .value = value});
  order_.assign(
      1, {.id = {}, .last_sequence = last_sequence, .state_hash = HashOf(state), .last_sync = 0});
  visible_ = durable_ = vouched_ = 0;
}

Outcome Model::OutcomeOf(BatchId id) const {
  if (const auto settled = settled_.find(id); settled != settled_.end()) return settled->second;
  const auto found = life_.find(id);
  if (found == life_.end()) return Outcome::kNotApplied;
  const Record& record = found->second;
  return record.prefix != 0 && record.prefix <= visible_ ? Outcome::kApplied : Outcome::kUnknown;
}

std::string Model::DescribeBatch(BatchId id) const {
  const auto found = life_.find(id);
  if (found == life_.end()) return Name(id) + " of an earlier life";
  const Record& record = found->second;
  std::string text = Name(id) + (record.batch.sync ? " (sync, " : " (no sync, ");
  switch (record.stage) {
    case Stage::kIssued: text += "issued)"; break;
    case Stage::kSequenced: text += "sequenced)"; break;
    case Stage::kAcknowledged: text += "acknowledged)"; break;
    case Stage::kFailed: text += record.prefix != 0 ? "failed)" : "failed, never sequenced)"; break;
  }
  return text;
}

Judgement Model::ExplainForeign(ByteView key, const Bytes& found) const {
  if (FindVersion(key, found)) return std::nullopt;
  const std::string shown = "key " + Quoted(key) + " showed " + DescribeValue(found);
  const std::optional<ValueId> id = ParseValueId(found);
  if (!id) return Wrong("phantom-key", shown + ", which nobody wrote");
  if (const auto settled = settled_.find(id->batch); settled != settled_.end()) {
    if (settled->second == Outcome::kApplied) {
      return Wrong("resurrected", shown + ", which was overwritten or deleted in an earlier life");
    }
    return Wrong("outcome-changed",
                 shown + ", but " + Name(id->batch) + " was settled as not applied before");
  }
  const auto issued = life_.find(id->batch);
  if (issued == life_.end()) return Wrong("phantom-key", shown + ", whose batch was never issued");
  const std::vector<ModelOperation>& operations = issued->second.batch.operations;
  const bool merged = std::ranges::any_of(operations, [key](const ModelOperation& operation) {
    return operation.merge && operation.key == key;
  });
  if (merged) return Wrong("wrong-merge", shown + ", which is not what its operands make");
  const bool wrote = id->operation < operations.size() && operations[id->operation].key == key &&
                     operations[id->operation].value == found;
  if (!wrote) return Wrong("phantom-key", shown + ", which is not what that operation wrote");
  if (issued->second.prefix == 0) {
    return Wrong("phantom-key",
                 shown + ", but " + DescribeBatch(id->batch) + " never got a place in the log");
  }
  return Wrong("torn-batch",
               shown + ", which a later operation of " + DescribeBatch(id->batch) + " replaces");
}

}  // namespace beach::oracle
