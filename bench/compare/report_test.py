"""Unit tests of the tables."""

import unittest

import report


def result(name, *points, build=10.0):
    return {"name": name, "build_seconds": build, "bytes_per_row": 100, "per_call": False,
            "points": [{"recall": r, "qps": q, "effort": {"ef": e}} for r, q, e in points]}


def part(*results):
    return {"set": "s", "rows": 5, "dim": 2, "metric": "l2", "queries": 3,
            "results": list(results), "skipped": {"gone": "no wheel"}}


def coded(name, code_bytes, recall, qps):
    return {**result(name, (recall, qps, 1)), "code_bytes": code_bytes}


class CodesTest(unittest.TestCase):
    def test_peers_are_held_against_what_finds_as_much_in_as_many_bytes(self):
        table = report.codes_table(part(coded("sagitta A", 48, 0.7, 300),
                                        coded("sagitta B", 96, 0.9, 200),
                                        coded("sagitta C", 192, 0.99, 100),
                                        coded("faiss", 96, 0.8, 100), coded("other", 50, 0.8, 50),
                                        coded("third", 48, 0.6, 100),
                                        coded("sagitta A in batches", 48, 0.7, 500),
                                        coded("third in batches", 48, 0.6, 200)))
        rows = {line.split(" | ")[0][2:]: line.split(" | ")[-1][:-2].strip()
                for line in table.splitlines() if line.startswith("| ")}
        self.assertEqual(rows["faiss"], "2.00 x")
        self.assertEqual(rows["other"], "none")
        self.assertEqual(rows["third"], "3.00 x")
        self.assertEqual(rows["third in batches"], "2.50 x")
        self.assertEqual(rows["sagitta A"], "")
        self.assertIn("Skipped: gone: no wheel", table)


class UnfilteredTest(unittest.TestCase):
    def setUp(self):
        self.part = part(result("hnswlib portable", (0.95, 100, 1), (0.99, 50, 2), build=20),
                         result("hnswlib native", (0.95, 200, 1), (0.99, 80, 2)),
                         result("sagitta HNSW", (0.95, 400, 1), (0.98, 300, 2), build=5),
                         result("other", (0.95, 800, 1), (0.99, 40, 2)))

    def test_the_better_build_is_the_measure(self):
        self.assertEqual(report.baseline(self.part["results"]), {0.95: 200, 0.99: 80})

    def test_rows_are_sorted_and_show_ratios(self):
        lines = report.unfiltered_table(self.part).splitlines()
        rows = [line for line in lines if line.startswith("| ") and "index" not in line]
        self.assertEqual([row.split(" | ")[0][2:] for row in rows],
                         ["other", "sagitta HNSW", "hnswlib native", "hnswlib portable"])
        self.assertIn("| 400 | 2.00 x | not reached |  |", rows[1])
        self.assertIn("| 5.0 | 0.50 x |", rows[1])

    def test_what_was_skipped_and_who_is_best_is_said(self):
        text = report.unfiltered_table(self.part)
        self.assertIn("Skipped: gone: no wheel", text)
        self.assertIn("At 0.95 the fastest peer is other with 800 queries/s; "
                      "sagitta HNSW has 0.50 x.", text)
        self.assertIn("At 0.99 the fastest peer is hnswlib native with 80 queries/s.", text)


class FilteredTest(unittest.TestCase):
    def test_a_cell_short_of_the_recall_says_so(self):
        self.assertEqual(report.cell_text({"qps": 1234.5, "recall": 0.96}), "1,234")
        self.assertEqual(report.cell_text({"qps": 1234.5, "recall": 0.5}), "1,234 (0.50)")
        self.assertEqual(report.cell_text(None), "")

    def test_the_summary_is_of_the_fastest_peer_with_enough_recall(self):
        def cell(name, qps, recall, correlation="near"):
            return {"kind": "range", "selectivity": 0.1, "correlation": correlation, "name": name,
                    "qps": qps, "recall": recall}
        lines = report.filtered_summary({"cells": [
            cell("sagitta GRAPH", 300, 0.99), cell("sagitta GRAPH, exact scan", 100, 1.0),
            cell("sagitta, passing rows only", 600, 0.99), cell("a", 900, 0.5), cell("b", 50, 0.95),
            cell("sagitta GRAPH", 200, 0.97, "far"), cell("b", 100, 0.96, "far")]}, "sagitta GRAPH")
        self.assertEqual(lines[-2],
                         "| 10 % | 0.970 | 2.00 x | 4.00 x | 6.00 x | 0.50 x | 0.50 x |")


class ServingTest(unittest.TestCase):
    ROW = {"name": "sagitta GRAPH", "ef": 14, "callers": 16, "direct_qps": 200.0, "grpc_qps": 50.0,
           "p50_us": 10.0, "p99_us": 30.0}

    def test_latencies_while_rebuilding_are_said_where_they_were_measured(self):
        text = report.serving_table({"set": "s", "rows": [
            self.ROW, {**self.ROW, "rebuilding_p50_us": 20.0, "rebuilding_p99_us": 50.0}]})
        without, measured = text.splitlines()[-2:]
        self.assertIn("| 25% | 10 / 30 |  |", without)
        self.assertIn("| 20 / 50 = 2.50 x |", measured)


if __name__ == "__main__":
    unittest.main()
