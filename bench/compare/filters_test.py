"""Unit tests of the filters: each lets its share of an evenly filled line through."""

import unittest

import filters


class WindowTest(unittest.TestCase):
    def test_windows_stay_on_the_line(self):
        for centre in (0, 1, 500_000, 999_999):
            for share in (*filters.SELECTIVITIES, 1.0):
                low, high = filters.window(centre, share)
                self.assertEqual(high - low, filters.width(share))
                self.assertGreaterEqual(low, 0)
                self.assertLessEqual(high, filters.SCALE)

    def test_a_window_is_around_its_centre(self):
        self.assertEqual(filters.window(500_000, 0.1), (450_000, 550_000))

    def test_a_query_gets_a_whole_bucket(self):
        self.assertEqual(filters.bucket(950_000, 0.9), 0)
        self.assertEqual(filters.bucket_of_row(950_000, 0.9), 1)
        self.assertEqual(filters.bucket(999_999, 0.1), 9)

    def test_tags_of_different_fields_and_widths_differ(self):
        codes = {filters.tag(source, level, number) for source in (0, 1)
                 for level, s in enumerate(filters.SELECTIVITIES)
                 for number in (0, filters.bucket_of_row(filters.SCALE - 1, s))}
        # At 50 % and below the first and the last window of a field differ; so they do at 90 %.
        self.assertEqual(len(codes), 2 * 2 * len(filters.SELECTIVITIES))


class CentreTest(unittest.TestCase):
    def test_near_any_far(self):
        self.assertEqual(filters.centre_of("near", 100, 7), 100)
        self.assertEqual(filters.centre_of("any", 100, 7), 7)
        self.assertEqual(filters.centre_of("far", 100, 7), 500_100)
        self.assertEqual(filters.centre_of("far", 900_000, 7), 400_000)


ROWS = 5003  # a prime: every multiple of it visits each place of the line once


def evenly_filled_rows():
    """Rows whose columns are unrelated permutations of an evenly filled line."""
    rows = []
    for i in range(ROWS):
        row = {c: i * step % ROWS * filters.SCALE // ROWS
               for c, step in zip("uvpr", (1, 1871, 733, 2909))}
        for level, s in enumerate(filters.SELECTIVITIES):
            for c in "up":
                row[f"{c}{level}"] = str(filters.bucket_of_row(row[c], s))
        row["tags"] = {str(filters.tag(source, level, filters.bucket_of_row(row[c], s)))
                       for source, c in enumerate("vr")
                       for level, s in enumerate(filters.SELECTIVITIES)}
        rows.append(row)
    return rows


class ExpressionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows = evenly_filled_rows()

    def passes(self, row, f):
        (op, body), = f.items()
        if op == "and":
            return all(self.passes(row, child) for child in body)
        if op == "eq":
            return row[body["path"]] == body["value"]
        if op == "in":
            return bool(row[body["path"]] & set(body["values"]))
        return body["gte"] <= row[body["path"]] < body["lt"]

    def test_every_kind_has_its_selectivity(self):
        for kind in filters.KINDS:
            for level in (2, 3, 4, 5):
                for correlation in filters.CORRELATIONS:
                    f = filters.expression(kind, level, correlation, (960_000, 333_333), (4, 5))
                    share = sum(self.passes(row, f) for row in self.rows) / ROWS
                    wanted = filters.SELECTIVITIES[level]
                    self.assertAlmostEqual(share, wanted, delta=0.1 * wanted,
                                           msg=f"{kind} {level} {correlation}")

    def test_only_uncorrelated_filters_use_random_attributes(self):
        self.assertEqual(filters.expression("range", 3, "any", (1, 2), (500_000, 4)),
                         {"range": {"path": "u", "gte": 450_000, "lt": 550_000}})
        near = filters.expression("ranges", 2, "near", (500_000, 200_000), (4, 5))
        self.assertEqual([c["range"]["path"] for c in near["and"]], ["p", "r"])


if __name__ == "__main__":
    unittest.main()
