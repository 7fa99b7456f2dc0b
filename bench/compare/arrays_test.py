"""Unit tests of what needs NumPy: truth, attributes, the generated set. Skipped without it; `run`,
whose environment has it, runs them before it measures."""

import unittest

import filters

try:
    import numpy as np

    import attributes
    import datasets
except ImportError:
    np = None


@unittest.skipUnless(np, "NumPy is not installed: truth and attributes are not tested")
class TruthTest(unittest.TestCase):
    def test_nearest_by_both_metrics(self):
        draw = np.random.default_rng(1)
        base = draw.standard_normal((300, 8)).astype(np.float32)
        asked = draw.standard_normal((7, 8)).astype(np.float32)
        rows, far = datasets.exact_nearest(base, asked, "l2", 5, chunk=3)
        for i, query in enumerate(asked):
            exact = ((base.astype(float) - query) ** 2).sum(axis=1)
            self.assertEqual(rows[i].tolist(), np.argsort(exact)[:5].tolist())
            np.testing.assert_allclose(far[i], np.sort(exact)[:5])
        rows, _ = datasets.exact_nearest(base, asked, "ip", 5)
        self.assertEqual(rows[0].tolist(), np.argsort(-(base @ asked[0]))[:5].tolist())

    def test_ties_at_the_end_are_all_accepted(self):
        near = np.array([[4, 7, 8, 9]])
        accepted, wanted = datasets.accepted_answers(near, np.array([[1.0, 2.0, 2.0, 3.0]]), 2)
        self.assertEqual((accepted, wanted), ([[4, 7, 8]], [2]))

    def test_fewer_rows_than_k_and_none(self):
        accepted, wanted = datasets.accepted_answers(
            [np.array([3]), np.array([], int)], [np.array([0.5]), np.array([])], 10)
        self.assertEqual((accepted, wanted), ([[3], []], [1, 0]))


@unittest.skipUnless(np, "NumPy is not installed: truth and attributes are not tested")
class AttributesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base, cls.queries = datasets.generate(4000, 50, 32, seed=5, clusters=50)
        made, cls.places = attributes.make(cls.base, cls.queries)
        cls.values = {path: values for path, (values, _) in made.items()}

    def passing(self, kind, level, correlation, query):
        own = tuple(int(x) for x in self.places[query])
        f = filters.expression(kind, level, correlation, own, (123_456, 654_321))
        return attributes.passing(f, self.values)

    def test_every_kind_has_its_selectivity(self):
        for kind in ("match", "range", "in set"):
            for level in (2, 3, 4, 5):
                share = self.passing(kind, level, "any", 0).mean()
                self.assertAlmostEqual(share, filters.SELECTIVITIES[level], delta=1e-3, msg=kind)
        self.assertAlmostEqual(self.passing("ranges", 3, "any", 0).mean(), 0.1, delta=0.02)

    def test_near_filters_pass_nearer_rows_than_far_ones(self):
        for kind in filters.KINDS:
            mean = {}
            for correlation in filters.CORRELATIONS:
                mean[correlation] = np.mean([
                    np.linalg.norm(self.base[self.passing(kind, 3, correlation, q)]
                                   - self.queries[q], axis=1).mean() for q in range(50)])
            self.assertLess(mean["near"], mean["any"], kind)
            self.assertLess(mean["any"], mean["far"], kind)

    def test_a_seed_gives_the_same_set(self):
        again, _ = datasets.generate(4000, 50, 32, seed=5, clusters=50)
        np.testing.assert_array_equal(self.base, again)

    def test_neighbours_are_nearer_than_in_noise(self):
        draw = np.random.default_rng(1)
        noise = draw.standard_normal((4050, 32)).astype(np.float32)

        def nearness(base, asked):
            nearest = datasets.exact_nearest(base, asked, "l2", 1)[1].mean()
            return nearest / ((base - base.mean(axis=0)) ** 2).sum(axis=1).mean()
        self.assertLess(nearness(self.base, self.queries),
                        0.6 * nearness(noise[:4000], noise[4000:]))


if __name__ == "__main__":
    unittest.main()
