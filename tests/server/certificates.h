// X.509 certificates made by the tests themselves, with OpenSSL: an authority, and what it signs.
#pragma once

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace sagitta::server {

struct PemPair {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name)
      : key_(NewKey(), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    Fill(certificate_.get(), name, key_.get(), /*first_day=*/-1, /*last_day=*/2);
    Extend(certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    Sign(certificate_.get());
  }

  std::string pem() const { return Text(certificate_.get()); }

  // Valid from yesterday until `last_day` days from now; negative: expired. `names` as OpenSSL
  // writes them: "DNS:localhost,IP:127.0.0.1".
  PemPair Issue(const std::string& name, const std::string& names = "DNS:localhost,IP:127.0.0.1",
                int last_day = 1) const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(NewKey(), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    Fill(certificate.get(), name, key.get(), std::min(-1, last_day - 1), last_day);
    Extend(certificate.get(), NID_subject_alt_name, names.c_str());
    Sign(certificate.get());
    return {Text(certificate.get()), KeyText(key.get())};
  }

  // `pem`, a private key, under a passphrase.
  static std::string Encrypted(const std::string& pem) {
    const Bio in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
    return KeyText(key.get(), "secret");
  }

 private:
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

  static EVP_PKEY* NewKey() { return EVP_EC_gen("P-256"); }

  void Fill(X509* out, const std::string& name, EVP_PKEY* key, int first_day, int last_day) const {
    static long serial = 0;
    X509_set_version(out, 2);  // that is v3
    ASN1_INTEGER_set(X509_get_serialNumber(out), ++serial);
    X509_time_adj_ex(X509_getm_notBefore(out), first_day, 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(out), last_day, 0, nullptr);
    X509_set_pubkey(out, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(out), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(out, X509_get_subject_name(certificate_.get()));
  }

  static void Extend(X509* out, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(out, extension, -1);
    X509_EXTENSION_free(extension);
  }

  void Sign(X509* out) const { ASSERT_GT(X509_sign(out, key_.get(), EVP_sha256()), 0); }

  static std::string Content(BIO* bio) {
    char* text = nullptr;
    const auto bytes = BIO_get_mem_data(bio, &text);
    return std::string(text, static_cast<size_t>(bytes));
  }
  static std::string Text(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_X509(bio.get(), certificate);
    return Content(bio.get());
  }
  static std::string KeyText(EVP_PKEY* key, const char* passphrase = nullptr) {
    const Bio bio(BIO_new(BIO_s_mem()), &BIO_free);
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key,
                                  passphrase == nullptr ? nullptr : EVP_aes_256_cbc(), passphrase,
                                  passphrase == nullptr ? 0 : 6, nullptr, nullptr);
    return Content(bio.get());
  }

  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace sagitta::server
