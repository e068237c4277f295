# SPDX-License-Identifier: GPL-2.0-or-later
"""What this project set itself, and what was measured of it. A goal whose part was not measured, or whose peer is not
there, says so."""

import report

BUS, DIRECT = "bailiff, dbus-daemon", "bailiff, direct"
WARM_BUS, WARM_DIRECT = "bailiff warm, dbus-daemon", "bailiff warm, direct"
# peer: how much faster warm and cold launches have to be
FASTER = (("minijail0", 10, 6), ("bubblewrap", 13, 8), ("StartTransientUnit", 95, 60))
MINIJAIL = "minijail0"


def row(number, what, values, good, unit=""):
    """One line; @values of each run, @good says of one whether it is."""
    known = [v for v in values if v is not None]
    if not known:
        return f"| {number} | {what} | not measured | |"
    digits = 0 if all(abs(v) >= 100 for v in known) else 2 if all(abs(v) < 2 for v in known) else 1
    verdict = "yes" if all(good(v) for v in known) else "no" if not any(good(v) for v in known) else "not in each run"
    return f"| {number} | {what} | {', '.join(f'{v:,.{digits}f}{unit}' for v in known)} | {verdict} |"


def launches(runs):
    at_most = lambda limit: lambda v: v <= limit
    over = lambda mode, name: [report.ratio(run, mode, name) for run in runs]
    rows = [row("B1", f"warm, 4 ms apart, over {via}: at most {limit} × vfork+exec", over("spaced", name), at_most(limit))
            for via, name, limit in (("dbus-daemon", WARM_BUS, 2.4), ("the direct socket", WARM_DIRECT, 1.3))]
    rows += [row("B2", f"cold, {mode}, over {via}: at most {limit} × vfork+exec", over(mode, name), at_most(limit))
             for mode, via, name, limit in (("spaced", "dbus-daemon", BUS, 4), ("spaced", "the direct socket", DIRECT, 3),
                                            ("back to back", "dbus-daemon", BUS, 10), ("back to back", "the direct socket", DIRECT, 7))]
    rows += [row("P6", f"bailiffctl run, {via}, 4 ms apart: at most 2 × the launch alone", [
        report.ratio(run, "spaced", f"bailiffctl run, {via}", over=f"bailiff, {via}") for run in runs], at_most(2))
             for via in ("dbus-daemon", "direct")]
    for peer, warm, cold in FASTER:
        for kind, name, limit in (("warm", WARM_BUS, warm), ("cold", BUS, cold)):
            rows.append(row("B3", f"{kind}, over dbus-daemon: {limit} times as fast as {peer}, or more",
                            [report.ratio(run, "spaced", peer, over=name) for run in runs], lambda v, limit=limit: v >= limit))
    for peer, _, _ in FASTER:
        for kind, name in (("warm", WARM_BUS), ("cold", BUS)):
            rows.append(row("B3", f"{kind}: p99 of ours in medians of {peer}, below 1",
                            [report.ratio(run, "spaced", name, over=peer, what="p99") for run in runs], lambda v: v < 1))
    return rows


def throughput(found):
    cells = found["cells"]
    rate = lambda name, clients: report.rate_of(cells.get(name, {}).get(clients)) or None
    share = lambda a, b: a / b if a and b else None
    rows = []
    for kind, via, name, limit in (("cold", "dbus-daemon", BUS, 4), ("cold", "direct", DIRECT, 6),
                                   ("warm", "dbus-daemon", WARM_BUS, 4), ("warm", "direct", WARM_DIRECT, 6)):
        if name not in cells:
            continue
        rows.append(row("B4", f"{kind}, {via}, {', '.join(cells[name])} clients: {limit} times the launches a second of minijail0",
                        [share(rate(name, n), rate(MINIJAIL, n)) for n in cells[name]], lambda v, limit=limit: v >= limit))
        rows.append(row("B4", f"{kind}, {via}: 32 clients in relation to 2, at least 0.9", [share(rate(name, "32"), rate(name, "2"))],
                        lambda v: v >= 0.9))
    failed = sum(c["failed"] for name, cell in cells.items() if name.startswith("bailiff") for c in cell.values())
    return rows + [row("B4", "launches that failed: none", [failed], lambda v: v == 0)]


def scale(levels):
    low, high = levels[0], levels[-1]
    of = lambda level: sum(kb for name, kb in level["pss"].items() if name != "stub")
    rows = []
    for name in high["ways"]:
        if name.startswith("bailiff") and name in low["ways"] and high is not low:
            rows.append(row("B5", f"{name}: {high['live']:,} live sandboxes in relation to {low['live']:,}, at most 1.2",
                            [high["ways"][name]["first"]["median"] / low["ways"][name]["first"]["median"]], lambda v: v <= 1.2))
    rows.append(row("B5", f"PSS of keeper, launcher and broker with {high['live']:,}, kB: at most 12,288", [of(high)],
                    lambda v: v <= 12288))
    if high["live"] > low["live"]:
        rows.append(row("B5", "of which for each sandbox, kB: at most 4", [(of(high) - of(low)) / (high["live"] - low["live"])],
                        lambda v: v <= 4))
    return rows


def queries(found):
    """Of each way the first is the empty one, and the second sd-bus' own, by way of the broker."""
    rows = []
    for way, took in found.items():
        empty, _, *names = took
        rows += [row("B6", f"{way}, {name}: rate in relation to {empty}, at least 0.8", [took[empty]["median"] / took[name]["median"]],
                     lambda v: v >= 0.8) for name in names]
    return rows


def reload(found):
    return [row("B7", f"{found['profiles']} profiles compiled and in force, ms: at most 300", [found["usec"]["median"] / 1000],
                lambda v: v <= 300),
            row("B7", "p99 of launches meanwhile in relation to without: at most 2",
                [found["beside"]["first"]["p99"] / found["alone"]["first"]["p99"]], lambda v: v <= 2)]


def policy(found):
    rows = []
    for size in found["policies"]:
        took = {name: size["compilers"][name]["nanoseconds"] for name in ("bailiff", "none")}
        for call, limit in (("allowed", 1.05), ("filtered", 1.6)):
            rows.append(row("B8", f"{size['calls']} rules, a call that is {call}: at most {limit} × without a filter",
                            [took["bailiff"][call]["median"] / took["none"][call]["median"]], lambda v, limit=limit: v <= limit))
    return rows


def idle(found):
    return [row("B9", f"context switches of all processes in {found['seconds']:.0f} idle seconds: none", [sum(found["switches"].values())],
                lambda v: v == 0)]


def table(results):
    what = results["what"]
    rows = launches(what["launch"]["runs"]) if "launch" in what else []
    for name, make in (("throughput", throughput), ("scale", scale), ("queries", queries), ("reload", reload),
                       ("policy", policy), ("idle", idle)):
        if name in what:
            rows += make(what[name])
    return ["| goal | what | measured | met |", "| --- | --- | ---: | --- |", *rows, ""]
