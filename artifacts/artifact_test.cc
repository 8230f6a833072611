// SPDX-License-Identifier: Apache-2.0
#include "artifacts/artifact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <sstream>

namespace beach::artifacts {
namespace {

using ::testing::HasSubstr;

std::string ReadWholeFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

Artifact Example() {
  Artifact artifact;
  artifact.build_id = "gcc-12 release";
  artifact.scenario = "engine-crash";
  artifact.seed = 18446744073709551615U;
  artifact.policy = "random";
  artifact.options = {{"clients", 2}, {"memtable_size", 1024}};
  artifact.operations = {
      {.id = 1, .life = 0, .client = 0, .kind = "put", .arguments = {"sync", "k1", "b1.o0.x"}},
      {.id = 2, .life = 0, .client = 1, .kind = "flush", .arguments = {}},
      {.id = 3, .life = 1, .client = 0, .kind = "delete", .arguments = {"", "\x00\xff\"\\\n"}},
  };
  artifact.operations[2].arguments[1] = std::string("\x00\xff\"\\\n", 5);
  artifact.decisions = {
      {.site = "disk.eio.sync", .host = "a", .life = 2, .thread = "flush", .use = 7, .value = 1},
      {.site = "disk.cut.mode", .host = "a", .life = 0, .thread = "", .use = 1, .value = 0}};
  artifact.verdict = {.signature = "engine-crash/durable-ack-lost",
                      .message = "batch 1 was acknowledged with sync and is gone",
                      .virtual_ns = 123456789,
                      .event = 42};
  artifact.hash = {.high = 0x0123456789abcdef, .low = 0xfedcba9876543210};
  artifact.checkpoints = {{.event = 10, .hash = {.high = 1, .low = 2}}};
  artifact.last_events = {{.event = 41,
                           .virtual_ns = 123456000,
                           .host = "a",
                           .thread = "main",
                           .kind = "io",
                           .text = "sync 000001.wal"}};
  artifact.stack = "";
  return artifact;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  if (at != std::string::npos) text.replace(at, from.size(), to);
  return text;
}

void ExpectCorruption(const std::string& text, const std::string& message_part) {
  const Result<Artifact> result = FromJson(text);
  ASSERT_FALSE(result.has_value()) << message_part;
  EXPECT_EQ(result.error().code(), ErrorCode::kCorruption);
  EXPECT_THAT(result.error().message(), HasSubstr(message_part));
}

TEST(Artifact, RoundTripsTheExample) {
  const Result<Artifact> read = FromJson(ToJson(Example()));
  ASSERT_TRUE(read.has_value()) << read.error().ToString();
  EXPECT_EQ(*read, Example());
}

TEST(ToJson, WritesTheGoldenFile) {
  const std::string path = std::string(BEACH_SOURCE_DIR) + "/artifacts/testdata/golden.json";
  EXPECT_EQ(ToJson(Example()), ReadWholeFile(path));
}

Artifact AnyArtifact() {
  const auto text = [] { return *rc::gen::arbitrary<std::string>(); };
  const auto number = [] { return *rc::gen::arbitrary<std::uint64_t>(); };
  const auto count = [] { return *rc::gen::inRange(0, 4); };
  const auto hash = [&] { return RunHash{.high = number(), .low = number()}; };
  Artifact artifact;
  artifact.build_id = text();
  artifact.scenario = text();
  artifact.seed = number();
  artifact.policy = text();
  for (int i = count(); i > 0; --i) artifact.options[text()] = number();
  for (int i = count(); i > 0; --i) {
    artifact.operations.push_back({.id = number(),
                                   .life = number(),
                                   .client = number(),
                                   .kind = text(),
                                   .arguments = *rc::gen::arbitrary<std::vector<std::string>>()});
  }
  for (int i = count(); i > 0; --i) {
    artifact.decisions.push_back({.site = text(),
                                  .host = text(),
                                  .life = number(),
                                  .thread = text(),
                                  .use = number(),
                                  .value = number()});
  }
  artifact.verdict = {
      .signature = text(), .message = text(), .virtual_ns = number(), .event = number()};
  artifact.hash = hash();
  for (int i = count(); i > 0; --i) artifact.checkpoints.push_back({number(), hash()});
  for (int i = count(); i > 0; --i) {
    artifact.last_events.push_back({.event = number(),
                                    .virtual_ns = number(),
                                    .host = text(),
                                    .thread = text(),
                                    .kind = text(),
                                    .text = text()});
  }
  artifact.stack = text();
  return artifact;
}

TEST(Artifact, RoundTripsAnyContent) {
  EXPECT_TRUE(rc::check("reading what was written", [] {
    const Artifact artifact = AnyArtifact();
    const std::string text = ToJson(artifact);
    const Result<Artifact> read = FromJson(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == artifact);
    RC_ASSERT(ToJson(*read) == text);
  }));
}

TEST(FromJson, SurvivesAnyOneByteChange) {
  EXPECT_TRUE(rc::check("reading damaged text", [] {
    std::string text = ToJson(Example());
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    text[at] = *rc::gen::arbitrary<char>();
    const Result<Artifact> read = FromJson(text);
    if (read.has_value()) RC_ASSERT(FromJson(ToJson(*read)).has_value());
  }));
}

TEST(FromJson, SurvivesTruncationAnywhere) {
  const std::string text = ToJson(Example());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(FromJson(text.substr(0, length)).has_value()) << length;
  }
}

TEST(FromJson, NamesTheMissingField) {
  const std::string text = ToJson(Example());
  ExpectCorruption(Replaced(text, ",\n  \"stack\": \"\"", ""), "'stack' is missing");
  ExpectCorruption(Replaced(text, "\"use\":7,", ""), "'decisions[0].use' is missing");
  ExpectCorruption(Replaced(text, "\"message\":", "\"massage\":"), "'verdict.message' is missing");
  ExpectCorruption("{}", "'schema_version' is missing");
}

TEST(FromJson, NamesTheFieldOfTheWrongType) {
  const std::string text = ToJson(Example());
  ExpectCorruption(Replaced(text, "\"use\":7", "\"use\":\"7\""), "'decisions[0].use'");
  ExpectCorruption(Replaced(text, "\"use\":7", "\"use\":-7"), "'decisions[0].use'");
  ExpectCorruption(Replaced(text, "\"use\":7", "\"use\":7.0"), "'decisions[0].use'");
  ExpectCorruption(Replaced(text, "\"seed\": 1844", "\"seed\": 91844"), "'seed'");
  ExpectCorruption(Replaced(text, "\"policy\": \"random\"", "\"policy\": null"), "'policy'");
  ExpectCorruption(Replaced(text, "\"clients\": 2", "\"clients\": []"), "'options.clients'");
  ExpectCorruption(Replaced(text, "\"sync\",\"k1\"", "\"sync\",1"), "'operations[0].arguments[1]'");
  ExpectCorruption("[]", "is not an object");
  ExpectCorruption("7", "is not an object");
}

TEST(FromJson, RefusesWhatTheFormatDoesNotHave) {
  const std::string text = ToJson(Example());
  ExpectCorruption(Replaced(text, "\"use\":7", "\"use\":7,\"more\":1"), "not known");
  ExpectCorruption(Replaced(text, "\"use\":7", "\"use\":7,\"use\":7"), "stands twice");
  ExpectCorruption(Replaced(text, "0123456789abcdef", "0123456789ABCDEF"), "'hash'");
  ExpectCorruption(Replaced(text, "0123456789abcdef", "123456789abcdef"), "'hash'");
  ExpectCorruption(Replaced(text, "\"k1\"", "\"\\u0100\""), "above U+00FF");
  ExpectCorruption(text + "x", "not JSON");
}

TEST(FromJson, RefusesAForeignSchemaVersion) {
  const std::string text =
      Replaced(ToJson(Example()), "\"schema_version\": 2", "\"schema_version\": 3");
  const Result<Artifact> result = FromJson(text);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code(), ErrorCode::kRefused);
}

TEST(FromJson, BoundsDepth) {
  const std::string deep(1'000'000, '[');
  ExpectCorruption(deep, "nested too deeply");
  ExpectCorruption(deep + std::string(1'000'000, ']'), "nested too deeply");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  ExpectCorruption(objects, "nested too deeply");
}

TEST(RunHash, PrintsAndParses32HexDigits) {
  const RunHash hash{.high = 0x0123456789abcdef, .low = 0xf};
  EXPECT_EQ(hash.ToString(), "0123456789abcdef000000000000000f");
  EXPECT_EQ(RunHash::Parse(hash.ToString()).value(), hash);
  EXPECT_FALSE(RunHash::Parse("").has_value());
  EXPECT_FALSE(RunHash::Parse(std::string(33, '0')).has_value());
  EXPECT_FALSE(RunHash::Parse(std::string(31, '0') + "g").has_value());
}

}  // namespace
}  // namespace beach::artifacts
