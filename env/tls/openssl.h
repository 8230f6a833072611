// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "env/tls/tls_context.h"

// Owners for what OpenSSL makes, and its errors as text. For the sources of this folder alone.

namespace beach::env {

template <auto kFree>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using SslPointer = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using SslContextPointer = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using X509Pointer = std::unique_ptr<X509, OpensslFree<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;

struct TlsContext::Library {
  SslContextPointer server;
  SslContextPointer client;
  ServerCheck server_check{};
};

// The first of the errors that this thread's calls have left, which are forgotten: the cause of
// those after it.
inline std::string TakeOpensslError() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason was given" : reason;
}

}  // namespace beach::env
