// SPDX-License-Identifier: Apache-2.0
#include "env/tls/tls_context.h"

#include <openssl/pem.h>

#include <utility>

#include "base/check.h"
#include "env/tls/openssl.h"

namespace beach::env {
namespace {

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(ErrorCode::kInvalidArgument, what + ": " + TakeOpensslError());
}

BioPointer Reader(ByteView text) {
  BioPointer bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  BEACH_CHECK(bio != nullptr);
  return bio;
}

// Instead of the library's own, which would ask at the terminal.
int NoPassword(char*, int, int, void*) { return -1; }

X509Pointer NextCertificate(BIO* from) {
  return X509Pointer(PEM_read_bio_X509(from, nullptr, NoPassword, nullptr));
}

// After the last one the reader says that there is no line to begin another.
bool AtEnd() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

Status UseCertificate(SSL_CTX* context, const TlsOptions& options) {
  const BioPointer text = Reader(options.certificate);
  const X509Pointer own = NextCertificate(text.get());
  if (own == nullptr || SSL_CTX_use_certificate(context, own.get()) != 1) {
    return Bad("TLS certificate");
  }
  while (const X509Pointer next = NextCertificate(text.get())) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return Bad("TLS certificate");
  }
  if (!AtEnd()) return Bad("TLS certificate");
  ERR_clear_error();
  const KeyPointer key(
      PEM_read_bio_PrivateKey(Reader(options.key).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return Bad("TLS key");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) return Bad("TLS key");
  return {};
}

Status UseAuthorities(SSL_CTX* context, const TlsOptions& options) {
  const BioPointer text = Reader(options.authorities);
  int count = 0;
  while (const X509Pointer next = NextCertificate(text.get())) {
    ++count;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next.get()) != 1 ||
        SSL_CTX_add_client_CA(context, next.get()) != 1) {
      return Bad("TLS authority");
    }
  }
  if (count == 0 || !AtEnd()) return Bad("TLS authority");
  ERR_clear_error();
  return {};
}

Result<SslContextPointer> NewContext(const SSL_METHOD* method, const TlsOptions& options) {
  ERR_clear_error();
  SslContextPointer made(SSL_CTX_new(method));
  BEACH_CHECK(made != nullptr);
  SSL_CTX* const context = made.get();
  BEACH_CHECK_EQ(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), 1);
  // Every connection shows its certificate anew: nothing is resumed, and no ticket lies unread
  // where a connection is closed.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  BEACH_CHECK_EQ(SSL_CTX_set_num_tickets(context, 0), 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!options.certificate.empty()) BEACH_TRY(UseCertificate(context, options));
  if (!options.authorities.empty()) BEACH_TRY(UseAuthorities(context, options));
  return made;
}

int VerifyClients(ClientCertificates asked) {
  if (asked == ClientCertificates::kNone) return SSL_VERIFY_NONE;
  if (asked == ClientCertificates::kOptional) return SSL_VERIFY_PEER;
  return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::New(const TlsOptions& options) {
  if (options.certificate.empty() != options.key.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "TLS certificate and key: give both, or neither");
  }
  if (options.client_certificates != ClientCertificates::kNone && options.authorities.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "certificates are asked of TLS clients, and no authority is given that signs them");
  }
  auto library = std::make_unique<Library>();
  BEACH_TRY_ASSIGN(library->server, NewContext(TLS_server_method(), options));
  BEACH_TRY_ASSIGN(library->client, NewContext(TLS_client_method(), options));
  SSL_CTX_set_verify(library->server.get(), VerifyClients(options.client_certificates), nullptr);
  const bool check = options.server_check != ServerCheck::kNothing;
  SSL_CTX_set_verify(library->client.get(), check ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  library->server_check = options.server_check;
  return std::shared_ptr<const TlsContext>(new TlsContext(options, std::move(library)));
}

TlsContext::TlsContext(const TlsOptions& options, std::unique_ptr<Library> library)
    : may_serve_(!options.certificate.empty()),
      handshake_max_ns_(options.handshake_max_ns),
      library_(std::move(library)) {}

TlsContext::~TlsContext() = default;

}  // namespace beach::env
