// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "env/conformance/loop_conformance.h"
#include "env/os/test_fixture.h"
#include "env/tls/test_certificates.h"
#include "env/tls/tls_loop.h"

// Whoever uses a loop cannot tell whether TLS is under it: the cases of every binding, with both
// ends asking each other for certificates.

namespace beach::env {
namespace {

std::shared_ptr<const TlsContext> NewContext() {
  const TestAuthority authority;
  TestIdentity identity = authority.Sign("IP:127.0.0.1");
  auto made = TlsContext::New({.certificate = std::move(identity.certificate),
                               .key = std::move(identity.key),
                               .authorities = authority.certificate(),
                               .client_certificates = ClientCertificates::kRequired});
  BEACH_CHECK(made.has_value());
  return *std::move(made);
}

class TlsFixture final : public conformance::Fixture {
 public:
  FileSystem& files() override { return os_.files(); }
  Clock& clock() override { return os_.clock(); }
  Env env() override {
    Env all = os_.env();
    all.network = &network_;
    return all;
  }
  std::string Host() override { return os_.Host(); }
  std::string directory() override { return os_.directory(); }
  void Run(std::function<void()> body) override { body(); }

 private:
  OsFixture os_{AsyncWrites::kThreads};
  TlsNetwork network_{*os_.env().network, os_.clock(), NewContext()};
};

[[maybe_unused]] const bool registered = [] {
  conformance::RegisterLoopConformance("Tls", [] { return std::make_unique<TlsFixture>(); });
  return true;
}();

}  // namespace
}  // namespace beach::env
