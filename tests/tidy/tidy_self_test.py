#!/usr/bin/env python3
"""Known-bad trees: each rule of tidy_test.py must see what it forbids, at its line, and no more."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
import tidy_test  # noqa: E402: after the line that keeps the source tree clean


def long_function(lines):
    return "int F() {\n" + "  G();\n" * (lines - 2) + "}\n"


def violations(files):
    """(path, line, message) of a tree that holds `files`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "src").mkdir()
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        report, _ = tidy_test.check_tree(root)
        return report.lines


# name, text, line of the one violation, part of its message
BAD = [
    ("src/base/a.h", '#pragma once\n#include "index/flat.h"\n', 2, "base may not include index"),
    ("src/filter/a.h", '#pragma once\n#include "kernels/kernels.h"\n', 2, "may not include"),
    ("src/store/a.h", '#pragma once\n#include "engine/shard.h"\n', 2, "may not include"),
    ("src/engine/a.h", '#pragma once\n#include "compactor/job.h"\n', 2, "may not include"),
    ("src/server/a.h", '#pragma once\n#include "engine/shard.h"\n', 2, "may not include"),
    ("src/cli/a.h", '#pragma once\n#include "server/auth.h"\n', 2, "may not include"),
    ("src/cli/a.h", '#pragma once\n#include "sagitta/database.h"\n', 2, "talks gRPC only"),
    ("src/base/a.h", '#pragma once\n#include "other.h"\n', 2, "start at a room"),
    ("include/sagitta/a.h", '#pragma once\n#include "base/file.h"\n', 2, "only itself"),
    ("include/sagitta/a.h", "#pragma once\n#include <roaring/roaring.h>\n", 2, "only itself"),
    ("include/sagitta/a.h", "#pragma once\n#include <unistd.h>\n", 2, "only itself"),
    ("examples/a.h", '#pragma once\n#include "base/file.h"\n', 2, "include/sagitta only"),
    ("src/engine/a.h", "#pragma once\n#include <rocksdb/db.h>\n", 2, "belongs to store"),
    ("src/engine/a.h", "#pragma once\n#include <faiss/Index.h>\n", 2, "belongs to codec, index"),
    ("src/database/a.h", "#pragma once\n#include <grpcpp/grpcpp.h>\n", 2, "belongs to cli, server"),
    ("src/base/a.h", "#pragma once\n#include <google/protobuf/any.h>\n", 2, "cli, server"),
    ("src/index/a.h", "#pragma once\n#include <roaring/roaring.hh>\n", 2, "filter, store"),
    ("src/base/a.h", "#pragma once\n#include <gtest/gtest.h>\n", 2, "tests and bench"),
    ("src/base/a.h", "#pragma once\n#include <boost/any.hpp>\n", 2, "no room is known"),
    ("src/engine/a.h", '#pragma once\n#include "sagitta/v1/points.pb.h"\n', 2, "wire types"),
    ("src/base/a.h", "#pragma once\n// " + "x" * 98 + "\n", 2, "101 characters"),
    ("src/base/a.h", "#pragma once\n\tint x;\n", 2, "tab"),
    ("src/base/a.h", "#pragma once\nint x; \n", 2, "space at the end"),
    ("src/base/a.h", "#pragma once\n// TO" + "DO: later\n", 2, "finish it"),
    ("tests/base/a.h", "#pragma once\n// FIX" + "ME\n", 2, "finish it"),
    ("src/base/a.h", "// What it is.\nint x;\n", 2, "#pragma once"),
    ("src/base/a.h", "#pragma once\nint x;", 2, "no line end"),
    ("src/base/a.h", "#pragma once\n" + long_function(71), 2, "function of 71 lines"),
    ("src/base/a.h", "#pragma once\nnamespace a {\nclass B {\n public:\n" + long_function(80) +
     "};\n}\n", 5, "function of 80 lines"),
    ("src/base/a.h", "#pragma once\nA::A(int b)\n    : b_{b},\n      c_(1) {\n" + "  D();\n" * 70 +
     "}\n", 2, "function of 74 lines"),
    ("src/base/a.h", "#pragma once\nTEST(A, B) {\n" + "  if (x) { y(); }\n" * 70 + "}\n", 2,
     "function of 72 lines"),
    ("src/base/a.h", '#pragma once\nint F(char c = \'{\') {\n  s = "}";  // }\n  t = R"x(})x";\n' +
     "  n = 1'000;\n" * 70 + "}\n", 2, "function of 74 lines"),
    ("src/base/a.h", "#pragma once\nbool operator==(A a, A b) {\n" + "  D();\n" * 70 + "}\n", 2,
     "function of 72 lines"),
    ("src/base/lost.cc", "int x;\n", 1, "no CMakeLists.txt names"),
    ("tests/base/lost_test.cc", "int x;\n", 1, "no CMakeLists.txt names"),
]

GOOD = {
    "src/base/CMakeLists.txt": "sagitta_room(base SOURCES a.cc\n  deep/b.cc)\n",
    "src/base/a.cc": '#include "base/a.h"\n\n#include <sys/stat.h>\n#include <vector>\n\n'
                     '#include <spdlog/spdlog.h>\n\n#include "sagitta/status.h"\n'
                     + long_function(70) + long_function(70),
    "src/base/a.h": "// " + "é" * 97 + "\n\n#pragma once\n",
    "src/base/deep/b.cc": "const int kTable[] = {\n" + "    F([](int x) { return x; }),\n" * 90
                          + "};\n",
    "src/kernels/CMakeLists.txt": "foreach(l avx2)\n  add(distance_${l}.cc)\nendforeach()\n",
    "src/kernels/distance_avx2.cc": "int x;\n" * 600,
    "src/store/a.h": '#pragma once\n#include <rocksdb/db.h>\n#include "base/a.h"\n',
    "src/server/a.h": '#pragma once\n#include "sagitta/v1/points.grpc.pb.h"\n'
                      '#include "sagitta/database.h"\n#include <grpcpp/grpcpp.h>\n',
    "include/sagitta/status.h": '#pragma once\n#include <string>\n#include "sagitta/point.h"\n',
    "tests/base/CMakeLists.txt": "sagitta_test(a SOURCES a_test.cc)\n",
    "tests/base/a_test.cc": '#include <gtest/gtest.h>\n#include "tests/base/helper.h"\n'
                            'const char kName[] = "sagitta-XXXXXX";\n',
}


class TidySelfTest(unittest.TestCase):
    def test_known_bad(self):
        for name, text, line, message in BAD:
            with self.subTest(name=name, message=message):
                found = violations({name: text})
                self.assertEqual(len(found), 1, found)
                self.assertEqual(found[0][:2], (name, line))
                self.assertIn(message, found[0][2])

    def test_long_file(self):
        found = violations({"src/base/CMakeLists.txt": "x(a.cc)\n",
                            "src/base/a.cc": "int x;\n" * 501})
        self.assertEqual([(f[0], f[1]) for f in found], [("src/base/a.cc", 501)])

    def test_a_name_in_a_comment_is_not_listed(self):
        found = violations({"src/base/CMakeLists.txt": "# a.cc\n", "src/base/a.cc": "int x;\n"})
        self.assertEqual(len(found), 1)

    def test_a_longer_name_is_not_this_one(self):
        found = violations({"src/base/CMakeLists.txt": "x(ba.cc)\n", "src/base/a.cc": "int x;\n"})
        self.assertEqual(len(found), 1)

    def test_not_utf8(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "src", "base", "a.h")
            path.parent.mkdir(parents=True)
            path.write_bytes(b"#pragma once\n// \xff\n")
            report, _ = tidy_test.check_tree(Path(folder))
            self.assertEqual([line[2] for line in report.lines], ["not UTF-8"])

    def test_good_tree(self):
        self.assertEqual(violations(GOOD), [])


if __name__ == "__main__":
    unittest.main()
