"""TLS from a user's side: sagittad's settings, the tool's flags, and what a bad file is told."""
import subprocess
import unittest

import harness

CONFIG = 78  # sysexits: configuration error
UNAVAILABLE = 69
NO_INPUT = 66
BAD_DATA = 65


class Authority:
    """Makes certificates with the openssl command, in a directory of its own."""

    def __init__(self, directory, name):
        self.directory = directory / name
        self.directory.mkdir()
        self.pem = self.directory / "ca.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-days", "2", "-subj", f"/CN={name}", "-keyout", "ca.key", "-out",
                     "ca.pem")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def issue(self, name, days=1):
        """(certificate, key) for this machine's loopback; negative days: expired."""
        extensions = self.directory / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                     "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-CAcreateserial", "-extfile", str(extensions), "-days", str(days), "-out",
                     f"{name}.pem")
        return str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key")


class TlsTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.directory, "authority")
        self.stranger = Authority(self.directory, "stranger")
        self.certificate, self.key = self.authority.issue("server")

    def tls_flags(self, *more):
        return ["--tls-cert-file", self.certificate, "--tls-key-file", self.key, *more]

    def trusting(self, authority, *more):
        return ["--tls-ca", str(authority.pem), "--timeout", "10", *more]

    def test_tool_over_tls_with_a_key(self):
        made = self.run_server("--generate-key", "ops", "--scopes", "admin").stdout.splitlines()
        keys = self.directory / "keys"
        keys.write_text(next(line for line in made if "sha256:" in line) + "\n")
        keys.chmod(0o600)
        key = ["--api-key", next(line for line in made if line.startswith("sgk_"))]
        flags = self.tls_flags("--auth-keys-file", str(keys))
        server = self.serve("data", *flags)
        trusting = self.trusting(self.authority)
        self.tool(server, "collection", "create", "books", "--dim", "2", *trusting, *key)
        self.tool(server, "points", "upsert", "books", '{"id": 1, "vector": [1, 2]}', *trusting,
                  *key)
        hits = self.tool_json(server, "query", "books", "--vector", "[1, 2]", *trusting, *key)
        self.assertEqual([hit["id"] for hit in hits["hits"]], [1])
        self.tool(server, "collection", "list", *trusting, code=77)
        # The same from the environment.
        self.tool(server, "collection", "list", *key,
                  environment={"SAGITTA_TLS_CA": str(self.authority.pem)})
        for flags_of_others in (self.trusting(self.stranger), ["--tls", "--timeout", "10"], []):
            self.tool(server, "collection", "list", *flags_of_others, *key, code=UNAVAILABLE)
            self.assertIn(server.address, self.tool_errors)
        probe = self.run_server("--healthcheck", "--listen", server.address, *flags)
        self.assertEqual(probe.returncode, 0, probe.stderr)
        self.assertEqual(server.stop(), 0)

    def test_client_certificates(self):
        flags = self.tls_flags("--tls-client-ca-file", str(self.authority.pem))
        server = self.serve("data", *flags)
        right, other = self.authority.issue("client"), self.stranger.issue("client")
        old = self.authority.issue("old", days=-1)
        for (certificate, key), code in ((right, 0), (other, UNAVAILABLE), (old, UNAVAILABLE)):
            self.tool(server, "collection", "list", "--tls-cert", certificate, "--tls-key", key,
                      *self.trusting(self.authority), code=code)
        self.tool(server, "collection", "list", *self.trusting(self.authority), code=UNAVAILABLE)
        self.tool(server, "collection", "list", "--tls-cert", right[0], code=2)
        self.assertIn("--tls-key", self.tool_errors)
        probe = self.run_server("--healthcheck", "--listen", server.address, "--http-listen",
                                server.http, *flags)
        self.assertEqual(probe.returncode, 0, probe.stderr)
        self.assertEqual(server.stop(), 0)

    def test_files_of_the_tool(self):
        server = self.serve("data", *self.tls_flags())
        self.tool(server, "stats", "--tls-ca", "/nonexistent.pem", code=NO_INPUT)
        self.assertIn("/nonexistent.pem", self.tool_errors)
        text = self.directory / "text"
        text.write_text("no PEM\n")
        self.tool(server, "stats", "--tls-ca", str(text), code=BAD_DATA)
        self.assertIn(str(text), self.tool_errors)

    def test_bad_files_stop_the_start(self):
        other, other_key = self.authority.issue("other")
        old, old_key = self.authority.issue("old", days=-1)
        text = self.directory / "text"
        text.write_text("no PEM\n")
        cases = [
            ("/nonexistent.pem", self.key, "tls.cert_file", "/nonexistent.pem"),
            (self.certificate, "/nonexistent.key", "tls.key_file", "/nonexistent.key"),
            (str(text), self.key, "tls.cert_file", "no PEM certificate"),
            (self.certificate, str(text), "tls.key_file", "no PEM private key"),
            (self.certificate, other_key, "tls.key_file", "not the key of the certificate"),
            (old, old_key, "tls.cert_file", "expired"),
        ]
        for certificate, key, setting, what in cases:
            for check in ([], ["--check-config"]):
                done = self.run_server(
                    "--data-dir", str(self.directory / "data"), "--listen", "127.0.0.1:0",
                    "--http-listen", "127.0.0.1:0", "--tls-cert-file", certificate,
                    "--tls-key-file", key, *check)
                self.assertEqual(done.returncode, CONFIG, f"{setting} {what}: {done.stderr}")
                self.assertIn(setting, done.stderr)
                self.assertIn(what, done.stderr)
        # Refused before anything is touched.
        self.assertFalse((self.directory / "data").exists())


if __name__ == "__main__":
    unittest.main()
