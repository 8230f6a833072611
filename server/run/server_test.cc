// SPDX-License-Identifier: Apache-2.0
// A server on real files and sockets: what it takes, what it refuses, how it leaves. What becomes
// of what clients ask for is the simulator's to try (scenario `server`).
#include "server/run/server.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "env/os/os_env.h"
#include "env/threads.h"

namespace beach::server {
namespace {

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    directory_ = testing::TempDir() + "beach_server_XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) std::abort();
  }
  ~ServerTest() override { std::filesystem::remove_all(directory_); }
  const std::string& directory() const { return directory_; }
  ServerOptions Options() const {
    ServerOptions options;
    options.directory = directory() + "/node";
    options.native_address = "127.0.0.1:0";
    options.resp_address = "127.0.0.1:0";
    options.http_address = "127.0.0.1:0";
    return options;
  }
  ErrorCode CodeOf(const ServerOptions& options) {
    const auto server = Server::Open(os_.env(), options);
    return server ? ErrorCode::kBusy : server.error().code();
  }

  env::OsEnv os_;
  std::string directory_;
};

TEST_F(ServerTest, LeavesWhenItIsToldToAndComesBackAsItself) {
  wire::ClusterId cluster{};
  for (int life = 0; life < 2; ++life) {
    auto server = Server::Open(os_.env(), Options());
    ASSERT_TRUE(server.has_value()) << server.error().ToString();
    EXPECT_NE((*server)->resp_address(), "");
    EXPECT_NE((*server)->http_address(), "");
    if (life == 0) cluster = (*server)->identity().cluster;
    EXPECT_EQ((*server)->identity().cluster, cluster);
    env::Thread other("stopper", [&] { (*server)->Stop(); });
    EXPECT_TRUE((*server)->Run().has_value());
    other.Join();
  }
}

// Each life has a segment of its own, with an entry or two: what is kept for others is less than
// that.
TEST_F(ServerTest, ManyLivesDoNotFillTheDisk) {
  constexpr std::uint64_t kSegment = std::uint64_t{1} << 20;
  ServerOptions options = Options();
  options.core.election_timeout_ns = 20'000'000;
  options.core.heartbeat_interval_ns = 5'000'000;
  options.log.segment_size_bytes = kSegment;
  options.log_bytes_max = 2 * kSegment;
  for (int life = 0; life < 14; ++life) {
    auto server = Server::Open(os_.env(), options);
    ASSERT_TRUE(server.has_value()) << server.error().ToString();
    env::Thread other("stopper", [&] {
      env::Clock& clock = *os_.env().clock;
      clock.SleepUntil(clock.MonotonicNow() + 300'000'000);
      (*server)->Stop();
    });
    EXPECT_TRUE((*server)->Run().has_value());
    other.Join();
  }
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.directory + "/log")) {
    bytes += file.file_size();
  }
  EXPECT_LE(bytes, 8 * kSegment);
}

TEST_F(ServerTest, OneAtATimeHasADirectory) {
  const auto server = Server::Open(os_.env(), Options());
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(CodeOf(Options()), ErrorCode::kBusy);
}

TEST_F(ServerTest, ADirectoryIsOfOneNode) {
  ASSERT_TRUE(Server::Open(os_.env(), Options()).has_value());
  ServerOptions other = Options();
  other.node = raft::NodeId(2);
  EXPECT_EQ(CodeOf(other), ErrorCode::kInvalidArgument);
}

TEST_F(ServerTest, ADirectoryOfAClusterIsOfThatAndNeedsTheOthers) {
  ServerOptions options = Options();
  options.nodes = {{raft::NodeId(1), "127.0.0.1:1"}, {raft::NodeId(2), "127.0.0.1:2"}};
  ASSERT_TRUE(Server::Open(os_.env(), options).has_value());
  ServerOptions alone = options;
  alone.nodes.clear();
  EXPECT_EQ(CodeOf(alone), ErrorCode::kInvalidArgument);
  ServerOptions other = options;
  other.cluster_name = "another";
  EXPECT_EQ(CodeOf(other), ErrorCode::kInvalidArgument);
  options.nodes[raft::NodeId(2)] = "127.0.0.1:3";  // addresses may change
  EXPECT_TRUE(Server::Open(os_.env(), options).has_value());
}

TEST_F(ServerTest, WhatIsNotOursIsLeftAlone) {
  ServerOptions options = Options();
  options.directory = directory();
  const std::string path = directory() + "/notes";
  ASSERT_TRUE(os_.files->CreateDirectory(path).has_value());
  EXPECT_EQ(CodeOf(options), ErrorCode::kRefused);
  const auto names = os_.files->List(directory());
  ASSERT_TRUE(names.has_value());
  EXPECT_EQ(*names, std::vector<std::string>{"notes"});
}

TEST_F(ServerTest, OptionsThatMakeNoSenseAreTold) {
  const auto refused = [&](auto change) {
    ServerOptions options = Options();
    change(options);
    return CodeOf(options) == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused([](ServerOptions& options) { options.directory.clear(); }));
  EXPECT_TRUE(refused([](ServerOptions& options) { options.native_address.clear(); }));
  EXPECT_TRUE(refused([](ServerOptions& options) { options.node = {}; }));
  EXPECT_TRUE(refused([](ServerOptions& options) { options.reader_threads = 0; }));
  EXPECT_TRUE(refused([](ServerOptions& options) {
    options.core.election_timeout_ns = options.core.heartbeat_interval_ns;
  }));
  EXPECT_TRUE(refused([](ServerOptions& options) {
    options.nodes = {{raft::NodeId(2), "a:1"}, {raft::NodeId(3), "b:1"}};
  }));
  EXPECT_TRUE(refused([](ServerOptions& options) {
    options.nodes = {{raft::NodeId(1), ""}, {raft::NodeId(3), "b:1"}};
  }));
}

}  // namespace
}  // namespace beach::server
