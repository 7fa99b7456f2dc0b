"""Which configurations of which peers run on which sets, with the efforts of their sweeps.

Build parameters are the libraries' recommended ones where they recommend any, else what hnswlib
has (M 16, efConstruction 200). A sweep goes on with rising effort until its recall is past what the
report needs.
"""

from types import SimpleNamespace

BATCHES = " in batches"  # ends the names of those that take many queries a call
EFS = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896]


def sweep(**fixed):
    return [{"ef": ef, **fixed} for ef in EFS]


def kept(keep):
    return [{"ef": ef, "keep": keep} for ef in EFS]


def lists(k_factor):
    return [{"nprobe": n, "k_factor": k_factor} for n in (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)]


def config(name, package, cls, params, efforts=None, **other):
    return SimpleNamespace(name=name, package=package, cls=cls, params=params,
                           efforts=efforts or sweep(), **{"site": None, "only": None, **other})


HNSW = {"m": 16, "ef_construction": 200}


def hnswlib():
    """Twice the same source: as built for any x86-64, and with -march=native."""
    return [config(f"hnswlib {build}", "hnswlib", "hnswlib_peer.Hnswlib", HNSW,
                   site=f"hnswlib-{build}") for build in ("portable", "native")]


def faiss(dim):
    def made(name, factory, efforts=None, **other):
        return config(f"faiss {name}", "faiss-cpu", "faiss_peer.Faiss", {"factory": factory},
                      efforts, **other)
    codes = dim // 4 if dim % 8 == 0 else dim // 2
    return [made("HNSW16 f32", "HNSW16,Flat"),
            made("HNSW16 SQ8", "HNSW16,SQ8"),
            made("HNSW16 SQ8_direct", "HNSW16,SQ8_direct", only="integral"),
            made("HNSW32 SQ8_direct", "HNSW32,SQ8_direct", only="integral"),
            made("HNSW16 SQ8 refine", "HNSW16,SQ8,RFlat", sweep(k_factor=2)),
            made("IVF256 PQ4fs refine", f"IVF256,PQ{codes}x4fs,RFlat", lists(20)),
            config("faiss HNSW16 SQ8_uniform refine", "faiss-cpu", "faiss_peer.Faiss",
                   {"scalar": "QT_8bit_uniform", "m": 16}, sweep(k_factor=2))]


def usearch():
    def made(dtype, efforts=None, only=None, **more):
        name = f"usearch {dtype}" + (" rerank" if more else "")
        return config(name, "usearch", "usearch_peer.Usearch", {**HNSW, "dtype": dtype, **more},
                      efforts, only=only)
    return [made("f32"), made("f16"), made("bf16"), made("i8"),
            made("i8", kept(20), only="unit", rerank=True)]


def svs():
    def made(data, degree, efforts=None, only=None):
        return config(f"svs Vamana{degree} {data}", "scalable-vs", "svs_peer.Svs",
                      {"data": data, "degree": degree, "window": 200}, efforts, only=only)
    exact = [made("u8", degree, only="integral") for degree in (16, 24, 32, 48)]
    scaled = [made("i8", degree, kept(20), only="unit") for degree in (24, 32, 48, 64)]
    return exact + scaled + [made("f16", 32), made("lvq8", 32), made("lvq4x8", 32),
                             made("leanvec160", 32)]


def vsag():
    def made(codes, degree, precise):
        return config(f"vsag HGraph{degree} {codes}" + (f"+{precise}" if precise else ""), "pyvsag",
                      "vsag_peer.Vsag", {"codes": codes, "degree": degree, "precise": precise,
                                         "ef_construction": 300})
    return [made("sq8_uniform", 32, "fp32"), made("sq8_uniform", 64, "fp32"),
            made("sq8_uniform", 32, None), made("sq4", 32, "fp32")]


def zvec():
    def made(codes, efforts=None):
        return config(f"zvec HNSW {codes}", "zvec", "zvec_peer.Zvec", {**HNSW, "codes": codes},
                      efforts)
    return [made("f32"), made("int8", sweep(scale=2.0)), made("uint8", sweep(scale=2.0))]


def qdrant():
    return [config("qdrant-edge int8", "qdrant-edge-py", "qdrant_peer.Qdrant",
                   {**HNSW, "codes": "int8"}, sweep(oversampling=2.0))]


def lancedb():
    return [config("lancedb IVF_HNSW_SQ", "lancedb", "lancedb_peer.Lancedb",
                   {**HNSW, "index": "IVF_HNSW_SQ"}, sweep(refine=3))]


def codes(dataset, bits):
    """Scans of codes of so many bits an element: 4-bit fast scans, of a query alone and of all of
    them together, for which each block of codes is read once for several; and RaBitQ."""
    once = [{}]
    pieces = dataset.dim * bits // 4
    def fast_scan(name, **more):
        return config(f"faiss PQ{pieces}x4fs{name}", "faiss-cpu", "faiss_peer.Faiss",
                      {"factory": f"PQ{pieces}x4fs", **more}, once)
    return [fast_scan("", one_a_call=True), fast_scan(BATCHES),
            config(f"rabitqlib {bits} bit", "rabitqlib", "rabitq_peer.Rabitq", {"bits": bits},
                   once)]


def unfiltered(dataset, integral):
    """All that the set `dataset` allows."""
    every = hnswlib() + faiss(dataset.dim) + usearch() + svs() + vsag() + zvec() + qdrant()
    kinds = {None, "unit" if dataset.metric == "ip" else None, "integral" if integral else None}
    return [c for c in every if c.only in kinds]


def filtered(dataset):
    """Peers that filter while they search, one good configuration each."""
    by_mask = [c for c in hnswlib() if "native" in c.name]
    by_mask += [c for c in faiss(dataset.dim) if c.name in ("faiss HNSW16 f32",
                                                            "faiss IVF256 PQ4fs refine")]
    by_expression = [c for c in zvec() if c.name in ("zvec HNSW f32", "zvec HNSW int8")]
    acorn = qdrant()[0]
    acorn.efforts = sweep(oversampling=2.0, acorn=True)
    return by_mask + by_expression + [acorn] + lancedb()


REFERENCE = "hnswlib native"  # what an index over the passing rows alone is made with
