#!/usr/bin/env python3
"""Checks what compilers do not: the order of the rooms, where third-party headers go, sizes.

    tidy_test.py <root of the tree>

Prints every violation as file:line: message and a count; exits with 1 when there is any. Function
lengths come from matching braces, not from parsing C++: a heuristic that sees every function of
ordinary shape.
"""

import re
import sys
from pathlib import Path

MAX_WIDTH = 100
MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 500

# Bottom up. A room may include itself, include/sagitta and the rooms named here.
ROOMS = {
    "base": [],
    "kernels": ["base"],
    "codec": ["base", "kernels"],
    "learn": ["base", "kernels", "codec"],
    "filter": ["base"],
    "index": ["base", "kernels", "codec", "filter"],
    "store": ["base"],
    "engine": ["base", "kernels", "codec", "filter", "index", "store"],
    "compactor": ["base", "kernels", "codec", "filter", "index", "store", "engine"],
    "database": ["base", "kernels", "codec", "learn", "filter", "index", "store", "engine",
                 "compactor"],
    "server": ["base"],
    "cli": ["base"],
}

# The tool talks gRPC only: it shares the public value types, and may not open a database.
NOT_FOR_CLI = {"sagitta/database.h"}

# First part of a third-party header's name: the rooms that may include it.
THIRD_PARTY = {
    "rocksdb": {"store"},
    "faiss": {"index", "codec"},
    "absl": {"server"},
    "grpc": {"server", "cli"},
    "grpc++": {"server", "cli"},
    "grpcpp": {"server", "cli"},
    "google": {"server", "cli"},
    "roaring": {"filter", "engine", "store"},
    "unicode": {"filter"},
    "libstemmer.h": {"filter"},
    "spdlog": {"base"},
    "fmt": {"base"},
    "nlohmann": {"base", "cli"},
    "xxhash.h": {"base"},
    "CLI": {"cli", "server"},
    "toml++": {"server"},
    "prometheus": {"server"},
    "httplib.h": {"server"},
    "openssl": {"server"},
    "omp.h": {"index", "codec"},
    "cblas.h": {"learn"},
    "gtest": set(),
    "gmock": set(),
    "benchmark": set(),
}

# Folders of system headers, "sys/stat.h".
SYSTEM_FOLDERS = {"sys", "linux", "netinet", "arpa", "net", "asm", "bits"}

TREES = ("src", "include", "tests", "bench", "examples")
CPP = {".cc", ".h"}
TEXT = CPP | {".py", ".proto", ".cmake", ".txt", ".sh"}

INCLUDE = re.compile(r'^\s*#\s*include\s*(<([^>]+)>|"([^"]+)")')
# In two halves, so that this file passes its own check.
MARKER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
TYPE_HEAD = re.compile(r"^(?:template\s*<.*>\s*)?(?:typedef\s+)?"
                       r"(?:inline\s+)?(namespace|class|struct|union|enum|extern)\b", re.S)
CONTROL = re.compile(r"^(?:if|for|while|switch|do|else|try|catch|return)\b")


class Report:
    """Collects violations."""

    def __init__(self):
        self.lines = []

    def add(self, path, line, message):
        self.lines.append((str(path), line, message))

    def print(self, files):
        for path, line, message in sorted(self.lines):
            print(f"{path}:{line}: {message}")
        print(f"tidy: {len(self.lines)} violations in {files} files")


def blank(text):
    """Spaces for everything but line ends, so that offsets and lines stay."""
    return re.sub(r"[^\n]", " ", text)


def raw_string_end(text, start):
    """Past the raw string whose R is at `start`, or None where none begins."""
    opening = re.match(r'R"([^()\\\s]{0,16})\(', text[start:start + 20])
    if opening is None:
        return None
    end = text.find(")" + opening.group(1) + '"', start)
    return len(text) if end < 0 else end + len(opening.group(1)) + 2


def quoted_end(text, start):
    """Past the string or character literal that starts at `start`."""
    at = start + 1
    while at < len(text) and text[at] != text[start] and text[at] != "\n":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def skipped_end(text, at):
    """Past the comment or literal that starts at `at`, or None where none does."""
    char = text[at]
    before = text[at - 1] if at > 0 else " "
    if text.startswith("//", at):
        end = text.find("\n", at)
        return len(text) if end < 0 else end
    if text.startswith("/*", at):
        end = text.find("*/", at)
        return len(text) if end < 0 else end + 2
    if char == "R" and not (before.isalnum() or before == "_"):
        return raw_string_end(text, at)
    if char == '"' or (char == "'" and not before.isalnum()):  # 1'000 is a number
        return quoted_end(text, at)
    return None


def code_only(text):
    """`text` with comments, literals and preprocessor lines blanked; same length, same lines."""
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: blank(match.group()), text,
                  flags=re.M)
    parts = []
    at = 0
    while at < len(text):
        end = skipped_end(text, at)
        if end is None:
            parts.append(text[at])
            at += 1
        else:
            parts.append(blank(text[at:end]))
            at = end
    return "".join(parts)


def has_assignment(head):
    """True for `x = …`, false for default arguments and operator=."""
    depth = 0
    for at, char in enumerate(head):
        depth += (char in "([") - (char in ")]")
        if char == "=" and depth == 0 and not re.search(r"operator[<>=!+\-*/|&^%]*$", head[:at]):
            return True
    return False


def kind_of_block(head, before):
    """What a brace opens after `head` outside functions: scope, function, data or member."""
    stripped = head.strip()
    if TYPE_HEAD.match(stripped):
        return "scope"
    if has_assignment(stripped):
        return "data"
    if "(" not in stripped or CONTROL.match(stripped):
        return "data"
    # Foo::Foo() : member_{0}, … : the body's brace stands after a space, a member's does not.
    constructor = re.search(r"\)\s*(?:noexcept\s*)?:[^:]", stripped)
    if constructor and not before.isspace() and before != ")":
        return "member"
    return "function"


def functions(text):
    """(first line, last line) of each function outside other functions, lines from 1."""
    code = code_only(text)
    found = []
    stack = []      # (kind, offset of the head)
    head = 0        # where the current declaration starts
    for at, char in enumerate(code):
        inside = any(kind in ("function", "data", "member") for kind, _ in stack)
        if char == "{":
            before = code[at - 1] if at else " "
            kind = "inner" if inside else kind_of_block(code[head:at], before)
            stack.append((kind, head))
            if kind == "scope":
                head = at + 1
        elif char == "}":
            kind, start = stack.pop() if stack else ("scope", 0)
            if kind == "function":
                start += len(code[start:at]) - len(code[start:at].lstrip())
                found.append((code.count("\n", 0, start) + 1, code.count("\n", 0, at) + 1))
            if kind in ("scope", "function"):
                head = at + 1
        elif char == ";" and not inside:
            head = at + 1
        elif char == ":" and not inside and re.search(r"\b(public|private|protected)\s*$",
                                                      code[head:at]):
            head = at + 1
    return found


def third_party_name(angle):
    """The key of THIRD_PARTY, None for a header of C++ or of the system."""
    first = angle.split("/")[0]
    if first in THIRD_PARTY:
        return first
    if "/" not in angle or first in SYSTEM_FOLDERS:
        return None
    return angle


def check_third_party(report, path, line, place, angle):
    name = third_party_name(angle)
    if name is None:
        if place.tree == "include" and "." in angle:
            report.add(path, line, f"<{angle}>: include/sagitta includes only itself and C++")
        return
    if place.tree == "include":
        report.add(path, line, f"<{angle}>: include/sagitta includes only itself and C++")
    elif place.tree == "src":
        allowed = THIRD_PARTY.get(name)
        if allowed is None:
            report.add(path, line, f"<{angle}>: no room is known for this third-party header")
        elif place.room not in allowed:
            where = ", ".join(sorted(allowed)) or "tests and bench"
            report.add(path, line, f"<{angle}> belongs to {where}, not to {place.room}")


def check_own(report, path, line, place, name):
    """An include in quotes: of a room, the public API, the generated wire, or a test's helper."""
    first = name.split("/")[0]
    if name.endswith(".pb.h"):
        if place.tree in ("src", "include") and place.room not in ("server", "cli"):
            report.add(path, line, f'"{name}": wire types belong to server and cli')
        return
    if first == "sagitta":
        if place.room == "cli" and place.tree == "src" and name in NOT_FOR_CLI:
            report.add(path, line, f'"{name}": the tool talks gRPC only')
        return
    if place.tree == "include":
        report.add(path, line, f'"{name}": include/sagitta includes only itself and C++')
    elif place.tree == "examples" and first in ROOMS:
        report.add(path, line, f'"{name}": examples use include/sagitta only')
    elif place.tree == "src":
        if first not in ROOMS:
            report.add(path, line, f'"{name}": paths start at a room or at sagitta/')
        elif first != place.room and first not in ROOMS.get(place.room, []):
            report.add(path, line, f'"{name}": {place.room} may not include {first}')


class Place:
    """Where a file lies: tree "src", room "base"."""

    def __init__(self, relative):
        self.tree = relative.parts[0]
        self.room = relative.parts[1] if len(relative.parts) > 2 else ""


def check_includes(report, path, lines, place):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        if match.group(2) is not None:
            check_third_party(report, path, number, place, match.group(2))
        else:
            check_own(report, path, number, place, match.group(3))


def check_lines(report, path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_WIDTH:
            report.add(path, number, f"{len(line)} characters; at most {MAX_WIDTH}")
        if "\t" in line:
            report.add(path, number, "tab")
        if line != line.rstrip():
            report.add(path, number, "space at the end of the line")
        marker = MARKER.search(line)
        if marker:
            report.add(path, number, f"{marker.group()}: finish it or write an issue")


def check_cpp(report, path, text, lines, place):
    check_includes(report, path, lines, place)
    if path.suffix == ".h":
        code = [number for number, line in enumerate(lines, 1)
                if line.strip() and not line.lstrip().startswith("//")]
        if not code or lines[code[0] - 1].strip() != "#pragma once":
            report.add(path, code[0] if code else 1, "a header starts with #pragma once")
    elif len(lines) > MAX_FILE_LINES and place.room != "kernels":
        report.add(path, len(lines), f"{len(lines)} lines; at most {MAX_FILE_LINES}")
    for first, last in functions(text):
        if last - first + 1 > MAX_FUNCTION_LINES:
            report.add(path, first, f"function of {last - first + 1} lines; at most "
                                    f"{MAX_FUNCTION_LINES}")


def listed_in(cmake_text, name):
    """True when `name` stands in the list, perhaps with a ${variable} for a part of it."""
    for word in re.findall(r"[^\s()\"]+\.cc\b", cmake_text):
        pattern = ".*".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}/?", word))
        if re.fullmatch(pattern, name):
            return True
    return False


def check_listed(report, root, relative):
    """A source that no CMakeLists.txt names is never compiled."""
    for folder in relative.parents:
        listing = root / folder / "CMakeLists.txt"
        if folder == Path(".") or not listing.is_file():
            continue
        text = re.sub(r"#[^\n]*", "", listing.read_text(encoding="utf-8"))
        if listed_in(text, relative.relative_to(folder).as_posix()):
            return
    report.add(relative, 1, "no CMakeLists.txt names this file")


def check_file(report, root, relative):
    try:
        text = (root / relative).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        report.add(relative, 1, "not UTF-8")
        return
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    elif text:
        report.add(relative, len(lines), "no line end at the end of the file")
    check_lines(report, relative, lines)
    place = Place(relative)
    if relative.suffix in CPP:
        check_cpp(report, relative, text, lines, place)
    if relative.suffix == ".cc" and place.tree in ("src", "tests"):
        check_listed(report, root, relative)


def check_tree(root):
    report = Report()
    files = 0
    for tree in TREES:
        for path in sorted((root / tree).rglob("*")):
            relative = path.relative_to(root)
            if path.suffix in TEXT and path.is_file() and "__pycache__" not in relative.parts:
                files += 1
                check_file(report, root, relative)
    return report, files


def main():
    if len(sys.argv) != 2 or not Path(sys.argv[1], "src").is_dir():
        print("usage: tidy_test.py <root of the tree>", file=sys.stderr)
        return 2
    report, files = check_tree(Path(sys.argv[1]))
    report.print(files)
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
