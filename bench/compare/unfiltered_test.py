"""Unit tests of how a contestant's death is taken. Skipped without NumPy, which it runs with."""

import unittest
from types import SimpleNamespace

try:
    import unfiltered
except ImportError:
    unfiltered = None


@unittest.skipUnless(unfiltered, "NumPy is not installed: rounds are not tested")
class PlayTest(unittest.TestCase):
    def test_a_death_keeps_earlier_rounds_and_says_so(self):
        contestant = SimpleNamespace(name="x", rounds=[["one"]])
        skipped, said = {}, []

        def dies(_contestant, _searches):
            raise unfiltered.workers.Failed("x died: exit code -9")
        unfiltered.play(contestant, None, dies, skipped, said.append)
        self.assertEqual(contestant.rounds, [["one"]])
        self.assertEqual(skipped, {"x": "after 1 rounds: x died: exit code -9"})
        self.assertIn("SKIPPED x", said[0])


if __name__ == "__main__":
    unittest.main()
