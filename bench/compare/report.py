"""Tables in markdown out of what was measured. Standard library only."""

import statistics

import measure
from peers.catalog import BATCHES

TARGETS = (0.95, 0.99)


def speeds(result):
    return {target: measure.qps_at(result["points"], target) for target in TARGETS}


def baseline(results):
    """Per target the better of hnswlib's builds, or None."""
    ours = [speeds(r) for r in results if r["name"].startswith("hnswlib")]
    return {t: max((s[t] for s in ours if s[t]), default=None) for t in TARGETS}


def ratio(value, base):
    return "" if value is None or base is None else f"{value / base:.2f} x"


def number(value, text="{:,.0f}"):
    return "not reached" if value is None else text.format(value)


def effort_text(effort):
    return "" if effort is None else ", ".join(f"{k} {v}" for k, v in effort.items())


def unfiltered_table(part):
    """One set's contestants, fastest at 0.95 first."""
    base = baseline(part["results"])
    base_build = min((r["build_seconds"] for r in part["results"]
                      if r["name"].startswith("hnswlib")), default=None)
    lines = [f"### {part['set']}: {part['rows']:,} x {part['dim']}, {part['metric']}, "
             f"{part['queries']:,} queries", "",
             "| index | queries/s at 0.95 | of hnswlib | queries/s at 0.99 | of hnswlib "
             "| effort at 0.95; 0.99 | build, s | of hnswlib | bytes/row |",
             "|---|---|---|---|---|---|---|---|---|"]
    for r in sorted(part["results"], key=lambda r: -(speeds(r)[TARGETS[0]] or 0)):
        s = speeds(r)
        efforts = "; ".join(effort_text(measure.effort_at(r["points"], t)) for t in TARGETS)
        lines.append(
            f"| {r['name']}{' *' if r['per_call'] else ''} "
            + "".join(f"| {number(s[t])} | {ratio(s[t], base[t])} " for t in TARGETS)
            + f"| {efforts} | {r['build_seconds']:.1f} | {ratio(r['build_seconds'], base_build)} "
            f"| {r['bytes_per_row']:,.0f} |")
    lines.append("")
    if any(r["per_call"] for r in part["results"]):
        lines += ["\\* its binding takes one query per call, so a few microseconds of each query "
                  "are Python's.", ""]
    lines += [f"Skipped: {name}: {why}" for name, why in part["skipped"].items()]
    return "\n".join(lines + [""] + best_peers(part))


def best_peers(part):
    """The sentence that says who has to be beaten."""
    lines = []
    for target in TARGETS:
        peers = [(speeds(r)[target], r["name"]) for r in part["results"]
                 if speeds(r)[target] and not r["name"].startswith("sagitta")]
        ours = [(speeds(r)[target], r["name"]) for r in part["results"]
                if speeds(r)[target] and r["name"].startswith("sagitta")]
        if not peers:
            continue
        best = max(peers)
        lines.append(f"At {target} the fastest peer is {best[1]} with {best[0]:,.0f} queries/s"
                     + (f"; {max(ours)[1]} has {ratio(max(ours)[0], best[0])}." if ours else "."))
    return lines + [""]


def codes_table(part):
    """Scans of codes, by bytes of a code: recall and speed; and each peer against Sagitta's fastest
    that finds no less in no more bytes."""
    lines = [f"### {part['set']}, scans of codes: {part['rows']:,} x {part['dim']}, "
             f"{part['metric']}, {part['queries']:,} queries", "",
             "| codes | bytes | recall@10 | queries/s | sagitta's fastest, in as many bytes, that "
             "finds as much |", "|---|---|---|---|---|"]
    for r in sorted(part["results"], key=lambda r: (round(r["code_bytes"], -1), -best(r)["qps"])):
        lines.append(f"| {r['name']} | {r['code_bytes']:.0f} | {best(r)['recall']:.3f} "
                     f"| {best(r)['qps']:,.0f} | {matched(r, part['results'])} |")
    lines.append("")
    return "\n".join(lines + [f"Skipped: {name}: {why}" for name, why in part["skipped"].items()])


def best(result):
    return max(result["points"], key=lambda p: p["qps"])


def matched(peer, results):
    if peer["name"].startswith("sagitta"):
        return ""
    room = 1.08  # a number or two of a row, or a model of all of them
    batches = peer["name"].endswith(BATCHES)
    able = [best(r)["qps"] for r in results if r["name"].startswith("sagitta")
            and r["name"].endswith(BATCHES) == batches
            and best(r)["recall"] >= best(peer)["recall"]
            and r["code_bytes"] <= room * peer["code_bytes"]]
    return ratio(max(able), best(peer)["qps"]) if able else "none"


def filtered_table(part):
    """One set's filters: each contestant at the least effort with recall 0.95."""
    names = list(dict.fromkeys(cell["name"] for cell in part["cells"]))
    lines = [f"### {part['set']} with filters: {part['rows']:,} x {part['dim']}, "
             f"{part['queries']:,} queries per cell", "",
             "Queries/s at the least effort with recall@10 of 0.95; in brackets the best recall "
             "where that was not reached.", "",
             "| filter | selectivity | with the query | " + " | ".join(names) + " |",
             "|---" * (3 + len(names)) + "|"]
    keys = list(dict.fromkeys((c["kind"], c["selectivity"], c["correlation"])
                              for c in part["cells"]))
    for kind, selectivity, correlation in keys:
        row = {c["name"]: c for c in part["cells"]
               if (c["kind"], c["selectivity"], c["correlation"]) == (kind, selectivity,
                                                                     correlation)}
        lines.append(f"| {kind} | {100 * selectivity:g} % | {correlation} | "
                     + " | ".join(cell_text(row.get(name)) for name in names) + " |")
    lines.append("")
    lines += [f"Skipped: {name}: {why}" for name, why in part["skipped"].items()]
    return "\n".join(lines + [""] + filtered_summary(part, names[0]))


def filtered_summary(part, ours):
    """Per selectivity, `ours` against the fastest peer of each cell and against the references."""
    lines = [f"Of {ours}, by selectivity; cells are kinds x relations to the query; a peer counts "
             "where it reached a recall of 0.95:", "",
             "| selectivity | least recall | of the fastest peer: least | median | most "
             "| of the better reference: least | median |", "|---" * 7 + "|"]
    for selectivity in dict.fromkeys(c["selectivity"] for c in part["cells"]):
        cells = {}
        for c in part["cells"]:
            if c["selectivity"] == selectivity:
                cells.setdefault((c["kind"], c["correlation"]), {})[c["name"]] = c
        peers, references = [], []
        for row in cells.values():
            others = [c for name, c in row.items() if name != ours and c["qps"]]
            fastest = max((c["qps"] for c in others
                           if not c["name"].startswith("sagitta") and c["recall"] >= 0.95),
                          default=None)
            peers += [row[ours]["qps"] / fastest] if fastest else []
            # Both there are where an index was built over the rows that pass.
            both = [c["qps"] for c in others if c["name"].startswith("sagitta")]
            known = any(c["name"].startswith("sagitta, ") for c in others)
            reference = max(both) if known else None
            references += [row[ours]["qps"] / reference] if reference else []
        recall = min(row[ours]["recall"] for row in cells.values())
        lines.append(f"| {100 * selectivity:g} % | {recall:.3f} | " + " | ".join(
            number(f(values) if values else None, "{:.2f} x")
            for values, some in ((peers, (min, statistics.median, max)),
                                 (references, (min, statistics.median)))
            for f in some) + " |")
    return lines + [""]


def cell_text(cell):
    if cell is None:
        return ""
    if cell["recall"] >= 0.95:
        return f"{cell['qps']:,.0f}"
    return f"{cell['qps']:,.0f} ({cell['recall']:.2f})"


def growth_table(part):
    lines = [f"### {part['set']}: growth", "",
             "| index | " + " | ".join(f"{n:,}" for n in part["sizes"])
             + " | exponent of time |", "|---" * (2 + len(part["sizes"])) + "|"]
    for name, qps in part["qps"].items():
        known = [(n, v) for n, v in zip(part["sizes"], qps) if v]
        slope = measure.growth_exponent(*zip(*known)) if len(known) > 1 else None
        lines.append(f"| {name} | " + " | ".join(number(v) for v in qps)
                     + f" | {number(slope, '{:.2f}')} |")
    return "\n".join(lines + ["", "Queries/s at recall 0.95.", ""])


def serving_table(part):
    lines = [f"### {part['set']}: in process and through gRPC", "",
             "| index | ef | callers | in process, queries/s | gRPC, queries/s | share "
             "| gRPC p50 / p99, us | p50 / p99 while the index is built anew, us |",
             "|---|---|---|---|---|---|---|---|"]
    for row in part["rows"]:
        lines.append(f"| {row['name']} | {row['ef']} | {row['callers']} | {row['direct_qps']:,.0f} "
                     f"| {row['grpc_qps']:,.0f} | {row['grpc_qps'] / row['direct_qps']:.0%} "
                     f"| {row['p50_us']:,.0f} / {row['p99_us']:,.0f} "
                     f"| {rebuilding_text(row)} |")
    return "\n".join(lines + [""])


def rebuilding_text(row):
    if "rebuilding_p50_us" not in row:
        return ""
    p50, p99 = row["rebuilding_p50_us"], row["rebuilding_p99_us"]
    return f"{p50:,.0f} / {p99:,.0f} = {ratio(p99, p50)}"


def markdown(measured):
    machine = measured["machine"]
    head = ["# Comparison", "",
            f"{machine['cpu']}, {machine['cores']} cores, {machine['simd']}; Sagitta "
            f"{measured['sagitta']['version']} ({measured['sagitta']['commit']}, kernels "
            f"{measured['sagitta']['simd']}); one thread per search; {measured['rounds']} "
            "interleaved rounds, the best counts.", "",
            "Peers: " + ", ".join(f"{k} {v}" for k, v in measured["versions"].items()) + ".", ""]
    tables = {"unfiltered": unfiltered_table, "codes": codes_table, "filtered": filtered_table,
              "growth": growth_table, "serving": serving_table}
    parts = [tables[kind](part) for kind in tables for part in measured.get(kind, [])]
    return "\n".join(head + parts)
