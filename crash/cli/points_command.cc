// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "command_line/terminal.h"
#include "crash/cli/commands.h"
#include "crash/points/points.h"

namespace beach::crash {
namespace {

const char* KindName(PointKind kind) { return kind == PointKind::kCrash ? "crash" : "fault"; }

std::string AsJson() {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const Point& point : Points()) {
    points.push_back({{"name", point.name},
                      {"kind", KindName(point.kind)},
                      {"file", point.file},
                      {"text", point.text}});
  }
  return nlohmann::ordered_json{{"points", std::move(points)}}.dump(2) + "\n";
}

std::string AsText() {
  std::string text;
  for (const PointKind kind : {PointKind::kCrash, PointKind::kFault}) {
    text +=
        kind == PointKind::kCrash ? "the process dies here, and leaves\n" : "\nthis call fails\n";
    for (const Point& point : Points()) {
      if (point.kind == kind) text += fmt::format("  {:<34} {}\n", point.name, point.text);
    }
  }
  return text;
}

}  // namespace

void AddPointsCommand(const command_line::Command& root) {
  const command_line::Command command = root.Add(
      "points", "lists the failpoints: where a process can be made to die, or a call fail");
  command.Examples(
      "Examples:\n"
      "  beachcrash points\n"
      "  beachcrash points --json\n"
      "  BEACH_FAILPOINT=manifest_after_append beachdb cli --data /tmp/db put colour blue\n");
  const auto json = std::make_shared<bool>(false);
  command.Flag("--json", *json, "one JSON document");
  command.Does([json] {
    command_line::PrintOut(*json ? AsJson() : AsText());
    return command_line::kExitFine;
  });
}

}  // namespace beach::crash
