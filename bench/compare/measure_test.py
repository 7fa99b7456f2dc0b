"""Unit tests of the arithmetic."""

import math
import unittest

import measure


def point(recall, qps, **effort):
    return {"recall": recall, "qps": qps, "effort": effort}


class RecallTest(unittest.TestCase):
    def test_share_of_the_wanted(self):
        self.assertEqual(measure.recall([[1, 2], [3, 9]], [[1, 2], [3, 4]], [2, 2]), 0.75)

    def test_either_of_two_equally_far_rows_is_right_but_not_both(self):
        accepted = [[1, 2, 3]]  # 2 and 3 tie for the second place
        self.assertEqual(measure.recall([[1, 3]], accepted, [2]), 1.0)
        self.assertEqual(measure.recall([[2, 3]], accepted, [2]), 1.0)
        self.assertEqual(measure.recall([[3, 7]], accepted, [2]), 0.5)

    def test_padding_and_repetition_are_no_hits(self):
        self.assertEqual(measure.recall([[5, 5, -1]], [[5, 6, -1]], [3]), 1 / 3)

    def test_fewer_rows_than_k_and_none(self):
        self.assertEqual(measure.recall([[4, -1], [-1, -1]], [[4], []], [1, 0]), 1.0)
        self.assertEqual(measure.recall([[-1, -1]], [[]], [0]), 1.0)

    def test_lengths_must_agree(self):
        with self.assertRaises(ValueError):
            measure.recall([[1]], [[1], [2]], [1, 1])


class FrontierTest(unittest.TestCase):
    def test_dominated_points_go(self):
        points = [point(0.8, 100), point(0.9, 120), point(0.95, 50), point(0.94, 50),
                  point(0.99, 10)]
        self.assertEqual([(p["recall"], p["qps"]) for p in measure.pareto(points)],
                         [(0.9, 120), (0.95, 50), (0.99, 10)])

    def test_speed_between_two_points_is_geometric(self):
        points = [point(0.90, 400), point(1.0, 100)]
        self.assertAlmostEqual(measure.qps_at(points, 0.95), 200)
        self.assertAlmostEqual(measure.qps_at(points, 0.90), 400)
        self.assertAlmostEqual(measure.qps_at(points, 1.0), 100)

    def test_nothing_is_extrapolated(self):
        points = [point(0.97, 400, ef=10), point(0.99, 100, ef=20)]
        self.assertEqual(measure.qps_at(points, 0.95), 400)
        self.assertIsNone(measure.qps_at(points, 0.995))
        self.assertEqual(measure.effort_at(points, 0.98), {"ef": 20})
        self.assertIsNone(measure.effort_at(points, 0.995))

    def test_a_slow_point_of_low_recall_does_not_bend_the_line(self):
        points = [point(0.90, 400), point(0.94, 90), point(1.0, 100)]
        self.assertAlmostEqual(measure.qps_at(points, 0.95), 200)


class RepetitionTest(unittest.TestCase):
    def test_the_fastest_of_each_effort(self):
        rounds = [[point(0.9, 10, ef=1), point(0.95, 5, ef=2)], [point(0.9, 12, ef=1)],
                  [point(0.95, 4, ef=2)]]
        self.assertEqual(sorted(p["qps"] for p in measure.best_of(rounds)), [5, 12])

    def test_percentile(self):
        self.assertEqual(measure.percentile([3, 1, 2], 0.5), 2)
        self.assertEqual(measure.percentile([3, 1, 2], 0.99), 3)


class GrowthTest(unittest.TestCase):
    def test_exponents_of_a_scan_and_of_a_constant(self):
        self.assertAlmostEqual(measure.growth_exponent([10, 100, 1000], [100, 10, 1]), 1)
        self.assertAlmostEqual(measure.growth_exponent([10, 100, 1000], [7, 7, 7]), 0)
        slow = measure.growth_exponent([10, 100], [1 / math.log(10), 1 / math.log(100)])
        self.assertAlmostEqual(slow, math.log10(2))


if __name__ == "__main__":
    unittest.main()
