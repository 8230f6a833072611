// SPDX-License-Identifier: Apache-2.0
// docs/formats/client.md says what the code does.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "server/command/answer.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::server {
namespace {

std::string Page() {
  std::ifstream in(BEACH_SOURCE_DIR "/docs/formats/client.md");
  std::stringstream page;
  page << in.rdbuf();
  return page.str();
}

Bytes Example(const std::string& name) {
  const std::string text = Page();
  const std::string fence = "```hex " + name + "\n";
  const std::size_t begin = text.find(fence);
  if (begin == std::string::npos) return {};
  const std::size_t first = begin + fence.size();
  std::istringstream lines(text.substr(first, text.find("```", first) - first));
  Bytes bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

// Rows of "| number | name | fields or meaning | at most |", by number.
struct Row {
  std::string name;
  std::string fields;
  std::uint64_t size_max = 0;
};
std::map<int, Row> Rows(const std::regex& pattern) {
  const std::string text = Page();
  std::map<int, Row> rows;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at) {
    const std::smatch& match = *at;
    Row row{.name = match[2], .fields = match[3]};
    if (match.size() > 4) row.size_max = std::stoull(match[4]);
    if (match.size() > 5 && match[5].matched) row.size_max += kAnswerSizeMax;
    rows[std::stoi(match[1])] = row;
  }
  return rows;
}

// What the fixed fields of a row take together, those of a field that need not be there left out.
std::size_t FixedSize(const std::string& fields) {
  const std::regex size(R"(\((\d+)\))");
  std::size_t bytes = 0;
  for (std::sregex_iterator at(fields.begin(), fields.end(), size), end; at != end; ++at) {
    bytes += static_cast<std::size_t>(std::stoi((*at)[1]));
  }
  return bytes;
}
std::size_t Count(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}
// Sized fields that are always there take one byte when they are empty, and so does a count.
std::size_t SmallestSize(const std::string& fields) {
  return FixedSize(fields) + Count(fields, "(sized)") - Count(fields, "if so (sized)") +
         Count(fields, "varint count");
}

const std::regex kTypeRow(R"(\n\| (\d\d) \| ([a-z]+) \| ([^|\n]*) \| (\d+)( \+ an answer's)? \|)");

TEST(ClientPage, HasTheFieldsOfEachRequest) {
  const auto rows = Rows(kTypeRow);
  const Request requests[] = {
      GetRequest{},    ScanRequest{},
      StatusRequest{}, TransferRequest{.deadline_ms = 0, .target = wire::NodeNumber(1)},
      WatchRequest{},  AuthenticateRequest{}};
  for (const Request& request : requests) {
    const auto row = rows.find(TypeOf(request));
    ASSERT_NE(row, rows.end()) << TypeOf(request);
    Bytes bytes;
    EncodeRequest(request, bytes);
    EXPECT_EQ(bytes.size(), 4 + SmallestSize(row->second.fields)) << row->second.name;
  }
  for (std::uint16_t type = 32; type < 48; ++type) {
    const auto row = rows.find(type);
    EXPECT_EQ(row != rows.end(), RequestBytesMax(type).has_value()) << type;
    if (row == rows.end()) continue;
    EXPECT_EQ(row->second.size_max, *RequestBytesMax(type)) << type;
  }
}

TEST(ClientPage, HasTheFieldsOfEachReply) {
  const auto rows = Rows(kTypeRow);
  const Reply replies[] = {GetReply{},    ScanReply{},     StatusReply{}, Failure{},
                           ChangeReply{}, TransferReply{}, WatchReply{},  AuthenticateReply{}};
  for (const Reply& reply : replies) {
    const auto row = rows.find(TypeOf(reply));
    ASSERT_NE(row, rows.end()) << TypeOf(reply);
    Bytes bytes;
    EncodeReply(reply, bytes);
    EXPECT_EQ(bytes.size(), 8 + SmallestSize(row->second.fields)) << row->second.name;
  }
  for (std::uint16_t type = 48; type < 64; ++type) {
    const auto row = rows.find(type);
    EXPECT_EQ(row != rows.end(), ReplyBytesMax(type).has_value()) << type;
    if (row == rows.end()) continue;
    EXPECT_EQ(row->second.size_max, *ReplyBytesMax(type)) << type;
  }
}

TEST(ClientPage, NamesEachKindOfFailure) {
  const auto rows = Rows(std::regex(R"(\n\| (\d|1\d) \| ([a-z ]+) \| ([^|\n]*) \|)"));
  for (int kind = 0; kind < 256; ++kind) {
    const std::string name = FailureKindName(static_cast<FailureKind>(kind));
    const auto row = rows.find(kind);
    if (name == "another failure") {
      EXPECT_EQ(row, rows.end()) << kind;
    } else {
      ASSERT_NE(row, rows.end()) << kind;
      EXPECT_EQ(row->second.name, name);
    }
  }
}

TEST(ClientPage, ItsExamplesAreWhatIsWritten) {
  Bytes request;
  EncodeRequest(
      GetRequest{.deadline_ms = 1000, .consistency = Consistency::kLinearizable, .key = "sand"},
      request);
  EXPECT_EQ(Printable(Example("request"), 1000), Printable(request, 1000));
  Bytes failed;
  EncodeReply(Failure{.leader = {},
                      .kind = FailureKind::kNoLeader,
                      .retry_is_safe = true,
                      .retry_may_help = true,
                      .leader_address = {},
                      .detail = "election"},
              failed);
  EXPECT_EQ(Printable(Example("failed"), 1000), Printable(failed, 1000));
}

}  // namespace
}  // namespace beach::server
