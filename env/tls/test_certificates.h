// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <string>

#include "base/bytes.h"
#include "base/check.h"
#include "env/tls/openssl.h"

namespace beach::env {

// A certificate and its key, made for one test.
struct TestIdentity {
  Bytes certificate;
  Bytes key;
};

// An authority that signs for whom a test asks; each has a key of its own.
class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256")), certificate_(Make(key_.get(), "", nullptr)) {}

  Bytes certificate() const { return Text(certificate_.get()); }
  // `names` as OpenSSL writes them: "IP:127.0.0.1,DNS:db.example".
  TestIdentity Sign(const std::string& names) const {
    const KeyPointer key(EVP_EC_gen("P-256"));
    const X509Pointer made = Make(key.get(), names, this);
    const BioPointer text(BIO_new(BIO_s_mem()));
    BEACH_CHECK_EQ(
        PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
    return {.certificate = Text(made.get()), .key = Content(text.get())};
  }

 private:
  static Bytes Content(BIO* from) {
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(from, &bytes);
    return {bytes, static_cast<std::size_t>(count)};
  }
  static Bytes Text(X509* of) {
    const BioPointer text(BIO_new(BIO_s_mem()));
    BEACH_CHECK_EQ(PEM_write_bio_X509(text.get(), of), 1);
    return Content(text.get());
  }
  static void Extend(X509* made, X509* signer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer, made, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    BEACH_CHECK(extension != nullptr);
    BEACH_CHECK_EQ(X509_add_ext(made, extension, -1), 1);
    X509_EXTENSION_free(extension);
  }
  // By an authority, or by itself to be one.
  static X509Pointer Make(EVP_PKEY* key, const std::string& names, const TestAuthority* by) {
    X509Pointer made(X509_new());
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), by == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -3'600);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 86'400);
    X509_set_pubkey(made.get(), key);
    const std::string name = by == nullptr ? "test authority" : "test";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* const signer = by == nullptr ? made.get() : by->certificate_.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(signer));
    Extend(made.get(), signer, NID_basic_constraints,
           by == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) Extend(made.get(), signer, NID_subject_alt_name, names);
    BEACH_CHECK_GT(X509_sign(made.get(), by == nullptr ? key : by->key_.get(), EVP_sha256()), 0);
    return made;
  }

  const KeyPointer key_;
  const X509Pointer certificate_;
};

}  // namespace beach::env
