#include "server/tls_files.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/file.h"

namespace sagitta::server {
namespace {

template <auto free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, Freer<GENERAL_NAMES_free>>;

// OpenSSL would otherwise ask for the passphrase on the terminal.
int NoPassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Bio Reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate ParseCertificate(const std::string& pem) {
  const Bio bio = Reader(pem);
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return certificate;
}

Status Wrong(const char* setting, const std::string& path, const std::string& what) {
  return Status::InvalidArgument(setting, path + ": " + what);
}

Result<std::string> ReadPem(const char* setting, const std::string& path) {
  auto text = base::ReadFile(path);
  if (!text.ok()) return Status::InvalidArgument(setting, text.status().message());
  return text;
}

std::string TimeText(const ASN1_TIME* time) {
  const Bio bio(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(bio.get(), time);
  char* text = nullptr;
  const auto bytes = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(bytes));
}

Result<Certificate> CheckCertificate(const char* setting, const std::string& path,
                                     const std::string& pem) {
  Certificate certificate = ParseCertificate(pem);
  if (certificate == nullptr) return Wrong(setting, path, "holds no PEM certificate");
  const ASN1_TIME* end = X509_get0_notAfter(certificate.get());
  if (X509_cmp_current_time(end) < 0) {
    return Wrong(setting, path, "the certificate expired at " + TimeText(end));
  }
  return certificate;
}

Status CheckKey(const ServerConfig& config, const std::string& pem, X509* certificate) {
  constexpr const char* kSetting = "tls.key_file";
  bool asked = false;
  const Bio bio = Reader(pem);
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, &asked));
  const bool fits = key != nullptr && X509_check_private_key(certificate, key.get()) == 1;
  ERR_clear_error();
  if (asked) {
    return Wrong(kSetting, config.tls_key_file,
                 "the key has a passphrase; give one without, readable by this user only");
  }
  if (key == nullptr) return Wrong(kSetting, config.tls_key_file, "holds no PEM private key");
  if (fits) return Status::Ok();
  return Wrong(kSetting, config.tls_key_file,
               "is not the key of the certificate in " + config.tls_cert_file);
}

std::string NameOf(const GENERAL_NAME& name) {
  int type = 0;
  const auto* value =
      static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(&name, &type));
  if (type != GEN_DNS && type != GEN_IPADD) return {};
  const unsigned char* bytes = ASN1_STRING_get0_data(value);
  const auto size = static_cast<size_t>(ASN1_STRING_length(value));
  if (type == GEN_DNS) return std::string(reinterpret_cast<const char*>(bytes), size);
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(size == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
  return text;
}

}  // namespace

Result<TlsFiles> LoadTlsFiles(const ServerConfig& config) {
  TlsFiles files;
  SAGITTA_ASSIGN_OR_RETURN(files.certificate_chain,
                           ReadPem("tls.cert_file", config.tls_cert_file));
  SAGITTA_ASSIGN_OR_RETURN(
      const Certificate certificate,
      CheckCertificate("tls.cert_file", config.tls_cert_file, files.certificate_chain));
  SAGITTA_ASSIGN_OR_RETURN(files.private_key, ReadPem("tls.key_file", config.tls_key_file));
  SAGITTA_RETURN_IF_ERROR(CheckKey(config, files.private_key, certificate.get()));
  if (config.tls_client_ca_file.empty()) return files;
  SAGITTA_ASSIGN_OR_RETURN(files.client_roots,
                           ReadPem("tls.client_ca_file", config.tls_client_ca_file));
  SAGITTA_RETURN_IF_ERROR(
      CheckCertificate("tls.client_ca_file", config.tls_client_ca_file, files.client_roots)
          .status());
  return files;
}

std::string CertifiedName(const std::string& chain) {
  const Certificate certificate = ParseCertificate(chain);
  if (certificate == nullptr) return {};
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    std::string name = NameOf(*sk_GENERAL_NAME_value(names.get(), i));
    if (name.starts_with("*.")) name.replace(0, 1, "any");
    if (!name.empty()) return name;
  }
  char common[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, common,
                            sizeof(common));
  return common;
}

}  // namespace sagitta::server
