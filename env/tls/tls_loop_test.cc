// SPDX-License-Identifier: Apache-2.0
#include "env/tls/tls_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"
#include "env/tls/test_certificates.h"
#include "env/tls/tls_files.h"

namespace beach::env {
namespace {

using conformance::CaseLoop;
using conformance::End;
using conformance::ListenSomewhere;

constexpr const char* kHost = "127.0.0.1";
constexpr const char* kSecret = "the words that nobody else may read";

TlsOptions Options(const TestAuthority& authority, const TestIdentity& identity) {
  return {.certificate = identity.certificate,
          .key = identity.key,
          .authorities = authority.certificate()};
}

// A client and a server, each with options of its own, on one plain loop.
class TlsLoopTest : public testing::Test {
 protected:
  TlsLoopTest() : ours_(authority_.Sign("IP:127.0.0.1")) {
    server_options_ = Options(authority_, ours_);
    client_options_.authorities = authority_.certificate();
  }

  void Listen() {
    ASSERT_OK_ASSIGN(auto context, TlsContext::New(server_options_));
    serving_ = std::make_unique<TlsLoop>(*plain_, world_.clock(), std::move(context));
    ASSERT_OK_ASSIGN(listener_,
                     ListenSomewhere(*serving_, kHost, [this](std::unique_ptr<Connection> made) {
                       server_.connection = std::move(made);
                       return server_.Recorders();
                     }));
  }
  void ConnectTo(const std::string& address) {
    ASSERT_OK_ASSIGN(auto context, TlsContext::New(client_options_));
    asking_ = std::make_unique<TlsLoop>(*plain_, world_.clock(), std::move(context));
    client_.connection = asking_->Connect(address, {}, client_.Recorders());
  }
  // Or until the server was told what it should not be.
  bool RunUntilBothClosed() {
    return plain_.RunUntil([&] {
      return !server_.received.empty() || (!client_.closed.empty() && !server_.closed.empty());
    });
  }
  // Whether a word of the client's comes to the server, and back.
  void ExpectTalk() {
    EXPECT_TRUE(client_.connection->Send(kSecret));
    EXPECT_TRUE(
        plain_.RunUntil([&] { return server_.received == kSecret || !client_.closed.empty(); }));
    EXPECT_EQ(server_.received, kSecret);
    EXPECT_EQ(client_.opened, 1);
  }
  void ExpectClientFails(const std::string& why) {
    EXPECT_TRUE(client_.connection->Send(kSecret));
    EXPECT_TRUE(RunUntilBothClosed());
    ASSERT_TRUE(client_.IsClosed(CloseReason::kConnectFailed));
    EXPECT_NE(client_.closed.front().detail.find(why), std::string::npos)
        << client_.closed.front().detail;
    EXPECT_EQ(client_.opened, 0);
    EXPECT_EQ(server_.received, "");
  }

  OsFixture world_{AsyncWrites::kThreads};
  const TestAuthority authority_;
  const TestIdentity ours_;
  TlsOptions server_options_;
  TlsOptions client_options_;
  CaseLoop plain_{world_};
  std::unique_ptr<TlsLoop> serving_;
  std::unique_ptr<TlsLoop> asking_;
  std::unique_ptr<Listener> listener_;
  End server_;
  End client_;
};

TEST_F(TlsLoopTest, ServerOfAnotherAuthorityIsRefused) {
  const TestAuthority other;
  client_options_.authorities = other.certificate();
  Listen();
  ConnectTo(listener_->address());
  ExpectClientFails("certificate verify failed");
}

TEST_F(TlsLoopTest, NoAuthorityTrustsNobody) {
  client_options_.authorities.clear();
  Listen();
  ConnectTo(listener_->address());
  ExpectClientFails("certificate verify failed");
}

TEST_F(TlsLoopTest, ServerOfAnotherNameIsRefused) {
  const TestIdentity other = authority_.Sign("IP:127.0.0.2,DNS:127.0.0.1,DNS:db.example");
  server_options_.certificate = other.certificate;
  server_options_.key = other.key;
  Listen();
  ConnectTo(listener_->address());
  ExpectClientFails("IP address mismatch");
}

TEST_F(TlsLoopTest, NamesAreComparedAsNames) {
  const TestIdentity named = authority_.Sign("DNS:localhost");
  server_options_.certificate = named.certificate;
  server_options_.key = named.key;
  Listen();
  const std::string address = listener_->address();
  ConnectTo("localhost" + address.substr(address.rfind(':')));
  ExpectTalk();
}

TEST_F(TlsLoopTest, AuthorityAloneSufficesWhereSaidSo) {
  const TestIdentity other = authority_.Sign("DNS:db.example");
  server_options_.certificate = other.certificate;
  server_options_.key = other.key;
  client_options_.server_check = ServerCheck::kAuthority;
  Listen();
  ConnectTo(listener_->address());
  ExpectTalk();
}

TEST_F(TlsLoopTest, NothingIsCheckedWhereSaidSo) {
  client_options_.authorities.clear();
  client_options_.server_check = ServerCheck::kNothing;
  Listen();
  ConnectTo(listener_->address());
  ExpectTalk();
}

// Under TLS 1.3 the client has done its part when it is refused: to it the connection was open.
TEST_F(TlsLoopTest, ClientWithoutCertificateIsRefusedWhereItIsRequired) {
  server_options_.client_certificates = ClientCertificates::kRequired;
  Listen();
  ConnectTo(listener_->address());
  EXPECT_TRUE(client_.connection->Send(kSecret));
  EXPECT_TRUE(RunUntilBothClosed());
  ASSERT_TRUE(server_.IsClosed(CloseReason::kReset));
  EXPECT_NE(server_.closed.front().detail.find("peer did not return a certificate"),
            std::string::npos)
      << server_.closed.front().detail;
  const bool opened = client_.opened > 0;
  ASSERT_TRUE(client_.IsClosed(opened ? CloseReason::kReset : CloseReason::kConnectFailed));
  EXPECT_NE(client_.closed.front().detail.find(opened ? "certificate required" : "alert"),
            std::string::npos)
      << client_.closed.front().detail;
  EXPECT_EQ(server_.received, "");
}

TEST_F(TlsLoopTest, OptionalCertificateMayBeMissing) {
  server_options_.client_certificates = ClientCertificates::kOptional;
  Listen();
  ConnectTo(listener_->address());
  ExpectTalk();
  EXPECT_FALSE(server_.connection->Proves(""));
  EXPECT_FALSE(server_.connection->Proves("127.0.0.1:7000"));
  EXPECT_TRUE(client_.connection->Proves(listener_->address()));
}

TEST_F(TlsLoopTest, CertificateProvesTheHostsThatItIsFor) {
  const TestIdentity named = authority_.Sign("IP:10.0.0.3,IP:::1,DNS:db.example");
  server_options_.client_certificates = ClientCertificates::kOptional;
  client_options_.certificate = named.certificate;
  client_options_.key = named.key;
  Listen();
  ConnectTo(listener_->address());
  ExpectTalk();
  for (const char* good : {"", "10.0.0.3:7000", "[::1]:7000", "db.example:1"}) {
    EXPECT_TRUE(server_.connection->Proves(good)) << good;
  }
  for (const char* other : {"10.0.0.4:7000", "127.0.0.1:1", "other.example:1", "b.example:1",
                            "10.0.0.3.example:1", ":7000", "[::2]:1"}) {
    EXPECT_FALSE(server_.connection->Proves(other)) << other;
  }
}

TEST_F(TlsLoopTest, CertificateThatNobodyHasCheckedProvesNothing) {
  client_options_.authorities.clear();
  client_options_.server_check = ServerCheck::kNothing;
  Listen();
  ConnectTo(listener_->address());
  ExpectTalk();
  EXPECT_FALSE(client_.connection->Proves(""));
  EXPECT_FALSE(client_.connection->Proves(listener_->address()));
}

TEST_F(TlsLoopTest, OptionalCertificateMustBeGoodWhereItIsShown) {
  const TestAuthority other;
  const TestIdentity foreign = other.Sign("DNS:somebody");
  server_options_.client_certificates = ClientCertificates::kOptional;
  client_options_.certificate = foreign.certificate;
  client_options_.key = foreign.key;
  Listen();
  ConnectTo(listener_->address());
  EXPECT_TRUE(client_.connection->Send(kSecret));
  EXPECT_TRUE(RunUntilBothClosed());
  EXPECT_TRUE(server_.IsClosed(CloseReason::kReset));
  EXPECT_EQ(server_.received, "");
}

TEST_F(TlsLoopTest, WhoSpeaksNoTlsIsClosed) {
  Listen();
  client_.connection = plain_->Connect(listener_->address(), {}, client_.Recorders());
  EXPECT_TRUE(client_.connection->Send("*1\r\n$4\r\nPING\r\n"));
  EXPECT_TRUE(RunUntilBothClosed());
  ASSERT_TRUE(server_.IsClosed(CloseReason::kReset));
  EXPECT_NE(server_.closed.front().detail.find("TLS: "), std::string::npos);
  EXPECT_EQ(server_.received, "");
}

TEST_F(TlsLoopTest, WhoSaysNothingIsClosedInTime) {
  server_options_.handshake_max_ns = 20 * conformance::kMillisecond;
  Listen();
  client_.connection = plain_->Connect(listener_->address(), {}, client_.Recorders());
  EXPECT_TRUE(plain_.RunUntil([&] { return !server_.closed.empty(); }));
  ASSERT_TRUE(server_.IsClosed(CloseReason::kReset));
  EXPECT_NE(server_.closed.front().detail.find("in time"), std::string::npos);
}

TEST_F(TlsLoopTest, ServerThatSaysNothingIsLeftInTime) {
  End silent;
  ASSERT_OK_ASSIGN(listener_,
                   ListenSomewhere(*plain_, kHost, [&](std::unique_ptr<Connection> made) {
                     silent.connection = std::move(made);
                     return silent.Recorders();
                   }));
  client_options_.handshake_max_ns = 20 * conformance::kMillisecond;
  ConnectTo(listener_->address());
  EXPECT_TRUE(plain_.RunUntil([&] { return !client_.closed.empty(); }));
  EXPECT_TRUE(client_.IsClosed(CloseReason::kConnectFailed));
}

// Stands between the two, and sees what goes by.
TEST_F(TlsLoopTest, WhoListensReadsNothingAndWhoCutsIsSeen) {
  Listen();
  End near;
  End far;
  Bytes seen;
  ASSERT_OK_ASSIGN(const auto relay,
                   ListenSomewhere(*plain_, kHost, [&](std::unique_ptr<Connection> made) {
                     near.connection = std::move(made);
                     Connection::Callbacks back = far.Recorders();
                     back.on_bytes = [&](ByteView bytes) {
                       seen.append(bytes);
                       EXPECT_TRUE(near.connection->Send(bytes));
                     };
                     far.connection = plain_->Connect(listener_->address(), {}, back);
                     Connection::Callbacks on = near.Recorders();
                     on.on_bytes = [&](ByteView bytes) {
                       seen.append(bytes);
                       EXPECT_TRUE(far.connection->Send(bytes));
                     };
                     return on;
                   }));
  ConnectTo(relay->address());
  ExpectTalk();
  EXPECT_GT(seen.size(), 500U);
  EXPECT_EQ(seen.find(kSecret), std::string::npos);
  server_.received.clear();
  // An end that the client did not ask for is no end: somebody has cut it.
  far.connection->Close();
  near.connection->Close();
  EXPECT_TRUE(RunUntilBothClosed());
  EXPECT_TRUE(server_.IsClosed(CloseReason::kReset));
  EXPECT_TRUE(client_.IsClosed(CloseReason::kReset));
}

TEST_F(TlsLoopTest, RenewedCertificateIsShownFromThenOn) {
  const TestAuthority next;
  client_options_.authorities = next.certificate();
  Listen();
  ASSERT_OK_ASSIGN(auto renewed, TlsContext::New(Options(next, next.Sign("IP:127.0.0.1"))));
  serving_->Renew(std::move(renewed));
  ConnectTo(listener_->address());
  ExpectTalk();
}

TEST_F(TlsLoopTest, LoopWithoutCertificateDoesNotListen) {
  ASSERT_OK_ASSIGN(auto context, TlsContext::New(client_options_));
  TlsLoop loop(*plain_, world_.clock(), std::move(context));
  const auto made = ListenSomewhere(
      loop, kHost, [](std::unique_ptr<Connection>) { return Connection::Callbacks{}; });
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(TlsLoopTest, TextsThatAreNoneAreRefused) {
  const TlsOptions good = server_options_;
  std::vector<TlsOptions> all(8, good);
  all[0].certificate = "no certificate";
  all[1].certificate.resize(all[1].certificate.size() / 2);
  all[2].key = "no key";
  all[3].key.resize(all[3].key.size() / 2);
  all[4].key.clear();
  all[5].authorities = "no authority";
  all[6].key = authority_.Sign("").key;  // of another certificate
  all[7].authorities.clear();
  all[7].client_certificates = ClientCertificates::kRequired;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto made = TlsContext::New(all[i]);
    ASSERT_FALSE(made.has_value()) << i;
    EXPECT_EQ(made.error().code(), ErrorCode::kInvalidArgument) << i;
    EXPECT_EQ(made.error().message().find(good.key.substr(40, 20)), std::string::npos) << i;
  }
  ASSERT_OK(TlsContext::New(good));
}

TEST_F(TlsLoopTest, FilesAreReadAndNamedWhereTheyAreAtFault) {
  const std::string at = testing::TempDir() + "beach_tls_files." + std::to_string(::getpid());
  const auto write = [&](const std::string& name, const Bytes& text) {
    std::ofstream(at + name, std::ios::binary) << text;
    return at + name;
  };
  const TlsFiles files{.certificate = write(".cert", ours_.certificate),
                       .key = write(".key", ours_.key),
                       .authorities = write(".ca", authority_.certificate())};
  FileSystem& system = *world_.env().files;
  ASSERT_OK_ASSIGN(const auto context, ReadTlsContext(system, files, {}));
  EXPECT_TRUE(context->may_serve());
  TlsFiles missing = files;
  missing.key += ".not";
  EXPECT_EQ(ReadTlsContext(system, missing, {}).error().code(), ErrorCode::kNotFound);
  for (const char* text : {"", "no key"}) {
    write(".key", text);
    const auto bad = ReadTlsContext(system, files, {});
    ASSERT_FALSE(bad.has_value());
    EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(bad.error().message().find(files.key), std::string::npos) << bad.error().message();
  }
  for (const std::string& path : {files.certificate, files.key, files.authorities}) {
    std::remove(path.c_str());
  }
}

}  // namespace
}  // namespace beach::env
