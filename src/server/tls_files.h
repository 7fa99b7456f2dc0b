// The PEM files of TLS, read and checked before gRPC sees them: all that gRPC says of a bad one is
// that it cannot listen. Thread-safe.
#pragma once

#include <string>

#include "sagitta/status.h"
#include "server/config.h"

namespace sagitta::server {

struct TlsFiles {
  std::string certificate_chain;
  std::string private_key;
  std::string client_roots;  // empty = clients need no certificate
};

// INVALID_ARGUMENT naming the setting (tls.cert_file, tls.key_file, tls.client_ca_file), the file
// and what is wrong with it: not readable, no PEM of the kind, expired, a key with a passphrase or
// of another certificate. REQUIRES: config.tls_cert_file is set.
Result<TlsFiles> LoadTlsFiles(const ServerConfig& config);

// A host name or address for which the first certificate of `chain` is valid; empty where it names
// none.
std::string CertifiedName(const std::string& chain);

}  // namespace sagitta::server
