// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::env {

// What a server asks of those who connect.
enum class ClientCertificates : std::uint8_t {
  kNone,      // nothing
  kOptional,  // one that is shown must be good
  kRequired,  // a good one
};

// What a client asks of a server's certificate.
enum class ServerCheck : std::uint8_t {
  kName,       // signed by an authority of ours, for the host that we connect to
  kAuthority,  // signed by an authority of ours
  kNothing,    // whoever it is: keeps out those who only listen
};

// The texts are PEM, as files have them.
struct TlsOptions {
  Bytes certificate = {};  // first our own, then those between it and the authority; empty: none
  Bytes key = {};          // of the certificate; without a password
  Bytes authorities = {};  // whose signatures count; empty: nobody's
  ClientCertificates client_certificates = ClientCertificates::kNone;
  ServerCheck server_check = ServerCheck::kName;
  std::uint64_t handshake_max_ns = std::uint64_t{10'000'000'000};
};

// Certificate, key and authorities, read and found to fit. Immutable.
class TlsContext {
 public:
  // What OpenSSL keeps of it: openssl.h.
  struct Library;

  // kInvalidArgument: a text that is none, a key that is not the certificate's, certificates asked
  // of clients without an authority. No message has any of the key in it.
  static Result<std::shared_ptr<const TlsContext>> New(const TlsOptions& options);
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  bool may_serve() const { return may_serve_; }  // there is a certificate
  std::uint64_t handshake_max_ns() const { return handshake_max_ns_; }
  const Library& library() const { return *library_; }

 private:
  TlsContext(const TlsOptions& options, std::unique_ptr<Library> library);

  const bool may_serve_;
  const std::uint64_t handshake_max_ns_;
  const std::unique_ptr<Library> library_;
};

}  // namespace beach::env
