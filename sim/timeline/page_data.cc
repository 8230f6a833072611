// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "sim/timeline/page.h"

// The data of a page, one JSON object:
//
//   format       3; a page reads its own data only
//   program, artifact, scenario, seed, policy, build
//   recorded     {signature, message, event, virtual_ns}: of the artifact
//   verdict      the same of the run that was seen
//   crashed      it died: `stack`, `error_text`
//   hash, events, virtual_ns, diverged_at (or null)
//   options      name to number, as text: they have 64 bits
//   faults       name to how often it struck
//   workload     [id, life, client, kind, [arguments]]
//   texts        every string of the sights, once
//   lanes        [host, thread] as numbers of texts
//   shapes       [name, field, ...] of what is shown
//   left_out     how many sights are missing, after sight number `left_out_at`; rows of the kinds 8
//   and 9
//                stand there, as long as they have room
//   sights       rows, by SightKind (sim/spectator.h); t: a number of texts
//     note       [1, event, ns, lane, life, name t, text t]
//     call       [2, event, ns, lane, life, name t, path t, offset, length, other path t]
//     return     [3, event, ns, lane, life, number]
//     operation  [4, event, ns, lane, life]
//     file       [5, event, ns, host t, file, name t, path t, durable path t, size, durable size,
//                 pending, ranges]
//     cut        [6, event, ns, host t, file, path t, what t, offset, length, kept, ranges]
//     strike     [7, event, ns, lane, life, where t]
//     process    [8, event, ns, host t, life, name t, called t, id]
//     shown      [9, event, ns, lane, life, shape, values ...], numbers, or texts as they are
//   ranges are flat: kind, first, end, kind, first, end, ...

namespace beach::sim::timeline {
namespace {

using Json = nlohmann::ordered_json;

class Writer {
 public:
  Json Row(const Sight& sight) {
    Json row = {static_cast<int>(sight.kind), sight.event, sight.virtual_ns};
    switch (sight.kind) {
      case SightKind::kFile:
        Add(row, {Text(sight.host), sight.file, Text(sight.name), Text(sight.path),
                  Text(sight.text), sight.offset, sight.length, sight.number, Ranges(sight)});
        return row;
      case SightKind::kCut:
        Add(row, {Text(sight.host), sight.file, Text(sight.path), Text(sight.name), sight.offset,
                  sight.length, sight.number, Ranges(sight)});
        return row;
      case SightKind::kProcess:
        Add(row, {Text(sight.host), sight.life, Text(sight.name), Text(sight.text), sight.number});
        return row;
      default: break;
    }
    Add(row, {Lane(sight.host, sight.thread), sight.life});
    switch (sight.kind) {
      case SightKind::kNote: Add(row, {Text(sight.name), Text(sight.text)}); break;
      case SightKind::kCall:
        Add(row,
            {Text(sight.name), Text(sight.path), sight.offset, sight.length, Text(sight.text)});
        break;
      case SightKind::kReturn: Add(row, {sight.number}); break;
      case SightKind::kStrike: Add(row, {Text(sight.name)}); break;
      case SightKind::kShown: AddShown(row, sight); break;
      default: break;
    }
    return row;
  }

  Json& texts() { return texts_; }
  Json& lanes() { return lanes_; }
  Json& shapes() { return shapes_; }

 private:
  static void Add(Json& row, std::initializer_list<Json> values) {
    for (const Json& value : values) row.push_back(value);
  }

  // A run has a handful of shapes and many rows: names of fields stand once.
  void AddShown(Json& row, const Sight& sight) {
    Json shape = Json::array({sight.name});
    for (const SightField& field : sight.fields) shape.push_back(field.name);
    const auto [entry, is_new] = shape_numbers_.emplace(
        shape.dump(-1, ' ', true, Json::error_handler_t::replace), shape_numbers_.size());
    if (is_new) shapes_.push_back(std::move(shape));
    row.push_back(entry->second);
    for (const SightField& field : sight.fields) {
      row.push_back(field.text.empty() ? Json(field.number) : Json(field.text));
    }
  }

  std::size_t Text(const std::string& text) {
    const auto [entry, is_new] = text_numbers_.emplace(text, text_numbers_.size());
    if (is_new) texts_.push_back(text);
    return entry->second;
  }

  std::size_t Lane(const std::string& host, const std::string& thread) {
    const auto [entry, is_new] =
        lane_numbers_.emplace(std::pair(host, thread), lane_numbers_.size());
    if (is_new) lanes_.push_back(Json::array({Text(host), Text(thread)}));
    return entry->second;
  }

  static Json Ranges(const Sight& sight) {
    Json flat = Json::array();
    for (const SightRange& range : sight.ranges) {
      flat.push_back(static_cast<int>(range.kind));
      flat.push_back(range.first);
      flat.push_back(range.end);
    }
    return flat;
  }

  Json texts_ = Json::array();
  Json lanes_ = Json::array();
  Json shapes_ = Json::array();
  std::map<std::string, std::size_t> text_numbers_;
  std::map<std::pair<std::string, std::string>, std::size_t> lane_numbers_;
  std::map<std::string, std::size_t> shape_numbers_;
};

Json VerdictAsJson(const artifacts::Verdict& verdict) {
  return {{"signature", verdict.signature},
          {"message", verdict.message},
          {"event", verdict.event},
          {"virtual_ns", verdict.virtual_ns}};
}

Json WorkloadAsJson(const std::vector<artifacts::Operation>& operations) {
  Json rows = Json::array();
  for (const artifacts::Operation& operation : operations) {
    rows.push_back(Json::array({operation.id, operation.life, operation.client, operation.kind,
                                Json(operation.arguments)}));
  }
  return rows;
}

Json OptionsAsJson(const std::map<std::string, std::uint64_t>& options) {
  Json texts = Json::object();
  for (const auto& [name, value] : options) texts[name] = std::to_string(value);
  return texts;
}

// Within <script type="application/json"> the only way out is "</script", and "<!--" changes how
// that is found.
std::string WithoutTags(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string PageData(const Subject& subject, const Seen& seen) {
  const artifacts::Artifact& recorded = *subject.recorded;
  const RunReport& report = *subject.report;
  Writer writer;
  Json sights = Json::array();
  for (const Sight& sight : seen.first()) sights.push_back(writer.Row(sight));
  for (const Sight& sight : seen.between()) sights.push_back(writer.Row(sight));
  for (const Sight& sight : seen.last()) sights.push_back(writer.Row(sight));

  Json data;
  data["format"] = 3;
  data["program"] = subject.program;
  data["artifact"] = subject.artifact;
  data["scenario"] = recorded.scenario;
  data["seed"] = std::to_string(recorded.seed);
  data["policy"] = recorded.policy;
  data["build"] = recorded.build_id;
  data["recorded"] = VerdictAsJson(recorded.verdict);
  data["verdict"] = VerdictAsJson(report.verdict);
  data["crashed"] = subject.died;
  data["stack"] = subject.stack;
  data["error_text"] = subject.error_text;
  data["hash"] = report.hash.ToString();
  data["events"] = report.events;
  data["virtual_ns"] = report.virtual_ns;
  data["diverged_at"] = report.diverged_at ? Json(*report.diverged_at) : Json(nullptr);
  data["options"] = OptionsAsJson(report.options);
  data["faults"] = Json(report.faults);
  data["workload"] = WorkloadAsJson(report.workload);
  data["texts"] = std::move(writer.texts());
  data["lanes"] = std::move(writer.lanes());
  data["shapes"] = std::move(writer.shapes());
  data["left_out"] = seen.left_out();
  data["left_out_at"] = seen.first().size();
  data["sights"] = std::move(sights);
  // ASCII only: U+2028 and its like are no characters of a page either.
  return WithoutTags(data.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace beach::sim::timeline
