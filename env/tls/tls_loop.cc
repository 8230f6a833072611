// SPDX-License-Identifier: Apache-2.0
#include "env/tls/tls_loop.h"

#include <utility>

#include "base/check.h"
#include "env/tls/tls_stream.h"

namespace beach::env {

TlsLoop::TlsLoop(Loop& inner, Clock& clock, std::shared_ptr<const TlsContext> context)
    : inner_(inner),
      clock_(clock),
      context_(std::make_shared<std::shared_ptr<const TlsContext>>(std::move(context))) {
  BEACH_CHECK(*context_ != nullptr);
}

TlsLoop::TlsLoop(std::unique_ptr<Loop> inner, Clock& clock,
                 std::shared_ptr<const TlsContext> context)
    : TlsLoop(*inner, clock, std::move(context)) {
  owned_ = std::move(inner);
}

TlsLoop::~TlsLoop() = default;

void TlsLoop::Renew(std::shared_ptr<const TlsContext> context) {
  BEACH_CHECK(context != nullptr);
  *context_ = std::move(context);
}

Result<std::unique_ptr<Listener>> TlsLoop::Listen(const std::string& address,
                                                  const ConnectionOptions& options,
                                                  OnConnection on_connection) {
  if (!(*context_)->may_serve()) {
    return Fail(ErrorCode::kInvalidArgument, "listen at " + address + ": no TLS certificate");
  }
  return inner_.Listen(address, TlsStream::InnerOptions(options),
                       [&inner = inner_, &clock = clock_, context = context_, options,
                        accept = std::move(on_connection)](std::unique_ptr<Connection> connection) {
                         return TlsStream::Accept(inner, clock, *context, options,
                                                  std::move(connection), accept);
                       });
}

std::unique_ptr<Connection> TlsLoop::Connect(const std::string& address,
                                             const ConnectionOptions& options,
                                             Connection::Callbacks callbacks) {
  return TlsStream::Connect(inner_, clock_, *context_, options, address, std::move(callbacks));
}

Result<std::unique_ptr<Loop>> TlsNetwork::NewLoop() {
  BEACH_TRY_ASSIGN(std::unique_ptr<Loop> inner, inner_.NewLoop());
  return std::make_unique<TlsLoop>(std::move(inner), clock_, context_);
}

}  // namespace beach::env
