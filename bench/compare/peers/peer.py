"""What a peer is to the comparison: one class per library, a few configurations each."""

import numpy as np


class Peer:
    """One index of one library. `build` is called once, then searches with rising effort.

    Searches use one thread. Where the binding takes many queries in one call and runs them on one
    thread, that call is used, so that no peer pays for Python per query; `per_call` says otherwise.
    """

    per_call = False    # True: the binding has no such batch call
    filter_form = None  # "mask": is given the rows that pass; "expression": evaluates itself

    def build(self, job):
        """job.base (n x dim f32), job.metric ("l2", "ip"), job.params, job.threads, job.folder (for
        files), job.columns (payload, for peers that filter by expressions)."""
        raise NotImplementedError

    def search(self, queries, k, effort):
        """q x k int64 rows, -1 where there were fewer."""
        raise NotImplementedError

    def prepare_filter(self, group):
        """The library's form of a filter. Not timed."""
        raise NotImplementedError

    def search_filtered(self, queries, k, effort, prepared):
        """Rows that pass; all the queries share the one prepared filter."""
        raise NotImplementedError

    def bytes_told(self):
        """Bytes of codes and links as the library tells or writes them; None = it does not."""
        return None


def padded(lists, k):
    """q x k int64 out of rows of any lengths."""
    out = np.full((len(lists), k), -1, np.int64)
    for i, rows in enumerate(lists):
        out[i, :len(rows)] = rows[:k]
    return out


def rerank(base, queries, near, k, metric):
    """The k best of each row of `near` by exact distance."""
    out = np.empty((len(queries), k), np.int64)
    for first in range(0, len(queries), 64):  # so that what is gathered stays in cache
        rows = near[first:first + 64]
        got = base[rows]
        dots = np.einsum("qkd,qd->qk", got, queries[first:first + 64])
        far = -dots if metric == "ip" else np.einsum("qkd,qkd->qk", got, got) - 2 * dots
        out[first:first + 64] = np.take_along_axis(rows, np.argsort(far, axis=1)[:, :k], axis=1)
    return out
