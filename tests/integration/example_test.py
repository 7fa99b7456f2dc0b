"""examples/python/client.py and the README's commands do what they say."""
import os
import subprocess
import sys
import unittest

import harness


class ExampleTest(harness.TestCase):
    def test_python_client(self):
        server = self.serve("data")
        done = subprocess.run(
            [sys.executable, "-B", str(harness.SOURCE / "examples/python/client.py"),
             server.address],
            capture_output=True, text=True, timeout=60,
            env={**harness.clean_environment(),
                 "PYTHONPATH": os.environ["SAGITTA_PYTHON_PROTOCOL"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("nearest", done.stdout)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
