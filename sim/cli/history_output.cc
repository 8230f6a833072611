// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/cli/history_file.h"

namespace beach::sim::cli {
namespace {

using Json = nlohmann::ordered_json;
using oracle::ClientOperation;
using oracle::LinearReport;
using oracle::LinearVerdict;

constexpr std::size_t kRowsMax = 40;
constexpr std::size_t kColumnWidth = 4;  // from one time to the next

const char* NameOf(LinearVerdict verdict) {
  switch (verdict) {
    case LinearVerdict::kLinearizable: return "linearizable";
    case LinearVerdict::kNot: return "not-linearizable";
    case LinearVerdict::kUndecided: return "undecided";
  }
  return "";
}

// Times in order, each once: what lies between two of them has no length.
class Columns {
 public:
  Columns(const HistoryFile& file, const std::vector<std::size_t>& rows) {
    for (const std::size_t row : rows) {
      const ClientOperation& one = file.operations[row];
      times_.push_back(one.called_at);
      if (one.answered()) times_.push_back(one.returned_at);
    }
    std::ranges::sort(times_);
    times_.erase(std::ranges::unique(times_).begin(), times_.end());
  }

  // "    |---|  ", and "    |--->" of one without an answer.
  std::string Bar(const ClientOperation& one) const {
    const std::size_t begin = At(one.called_at);
    const std::size_t end = one.answered() ? At(one.returned_at) : times_.size() * kColumnWidth;
    std::string bar(begin, ' ');
    bar += '|';
    if (end > begin) bar += std::string(end - begin - 1, '-') + (one.answered() ? '|' : '>');
    return bar;
  }

 private:
  std::size_t At(std::uint64_t time) const {
    const auto found = std::ranges::lower_bound(times_, time);
    return static_cast<std::size_t>(found - times_.begin()) * kColumnWidth;
  }

  std::vector<std::uint64_t> times_;
};

std::string Timeline(const HistoryFile& file, const std::vector<std::size_t>& culprits) {
  const std::vector<std::size_t> rows(
      culprits.begin(),
      culprits.begin() + static_cast<std::ptrdiff_t>(std::min(culprits.size(), kRowsMax)));
  const Columns columns(file, rows);
  std::size_t line_width = 0;
  std::size_t text_width = 0;
  for (const std::size_t row : rows) {
    line_width = std::max(line_width, std::to_string(file.lines[row]).size());
    text_width = std::max(text_width, oracle::DescribeOperation(file.operations[row]).size());
  }
  std::string text = "\nwhat has no order, whatever the rest did:\n";
  for (const std::size_t row : rows) {
    const ClientOperation& one = file.operations[row];
    fmt::format_to(std::back_inserter(text), "  line {:>{}}  {:<{}}  {}\n", file.lines[row],
                   line_width, oracle::DescribeOperation(one), text_width, columns.Bar(one));
  }
  if (rows.size() < culprits.size()) {
    fmt::format_to(std::back_inserter(text), "  and {} more\n", culprits.size() - rows.size());
  }
  return text;
}

}  // namespace

std::string HistoryAsText(const HistoryFile& file, const LinearReport& report) {
  std::string text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "verdict          {}\n", NameOf(report.verdict));
  if (report.violation) {
    fmt::format_to(out, "rule             {}\n                 {}\n", report.violation->rule,
                   report.violation->message);
  }
  fmt::format_to(out, "operations       {}\nparts            {}\nconfigurations   {}\n",
                 file.operations.size(), report.parts, report.tried);
  if (report.verdict == LinearVerdict::kUndecided) {
    text += "\nThe limits of the search were reached: nothing is known. Check fewer operations.\n";
  }
  if (report.violation) text += Timeline(file, report.culprits);
  return text;
}

std::string HistoryAsJson(const HistoryFile& file, const LinearReport& report) {
  Json json = {{"verdict", NameOf(report.verdict)},
               {"operations", file.operations.size()},
               {"parts", report.parts},
               {"configurations", report.tried}};
  if (report.violation) {
    json["rule"] = report.violation->rule;
    json["message"] = report.violation->message;
    Json culprits = Json::array();
    for (const std::size_t index : report.culprits) {
      const ClientOperation& one = file.operations[index];
      culprits.push_back({{"line", file.lines[index]},
                          {"client", one.client},
                          {"action", oracle::DescribeAction(one)},
                          {"call", one.called_at},
                          {"return", one.answered() ? Json(one.returned_at) : Json(nullptr)}});
    }
    json["culprits"] = std::move(culprits);
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace beach::sim::cli
