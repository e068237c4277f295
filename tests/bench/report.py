# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables for people, from the figures of bench.py: on the terminal, in Markdown, and a chart.

usage: report.py JSON MARKDOWN, to write a report once more"""

import json
import os
import sys

import chart
import goals

BEGIN, END = "<!-- what ./dev bench all wrote begins -->", "<!-- and ends -->"


def print_launch(run, ways):
    for name, mode in run.items():
        floor = mode["ways"]["vfork+exec"]["first"]["median"]
        print(f"\n{name}; load {mode['load'][0]} to {mode['load'][1]}; microseconds")
        print(f"{'':26} {'median':>8} {'p99':>8} {'minimum':>8} {'ratio':>7} {'to end':>8}  what it is")
        for way in ways:
            row = mode["ways"].get(way.name)
            if not row:
                print(f"{way.name:26} does not work here")
                continue
            first = row["first"]
            print(f"{way.name:26} {first['median']:8.0f} {first['p99']:8.0f} {first['min']:8.0f} "
                  f"{first['median'] / floor:7.1f} {row['end']['median']:8.0f}  {way.what}"
                  + (f" ({way.less})" if way.less else ""))
    print("from the request to the payload's first instruction; ratio: of the medians, to vfork+exec; "
          "to end: until the end was seen", flush=True)


def rate_of(cell):
    return cell["done"] / cell["seconds"] if cell and cell["seconds"] else 0.0


def print_throughput(found):
    print(f"\nlaunches a second, from the request to the end; load {found['load'][0]} to {found['load'][1]}")
    clients = list(next(iter(found["cells"].values())))
    print(f"{'clients':26}" + "".join(f" {n:>9}" for n in clients) + "   failed")
    for name, row in found["cells"].items():
        failed = sum(cell["failed"] for cell in row.values())
        print(f"{name:26}" + "".join(f" {rate_of(row.get(n)):9.0f}" for n in clients) + f" {failed:8}")
    if found["soak"]:
        print(f"and {found['soak']['launches']} launches in {found['soak']['seconds']} seconds without a pause")
    print("what is left: " + ", ".join(f"{k} {found['before'][k]} > {v}" for k, v in found["after"].items()), flush=True)


def print_scale(found):
    names = list(found[0]["ways"])
    print(f"\n{'live sandboxes':>14} " + "".join(f"{n:>24}" for n in names) + f" {'PSS, kB':>9}")
    for level in found:
        cells = [level["ways"].get(n, {}).get("first", {}) for n in names]
        print(f"{level['live']:14} " + "".join(f"{c.get('median', 0):17.0f} /{c.get('p99', 0):5.0f}" for c in cells)
              + f" {sum(level['pss'].values()):9}  " + ", ".join(f"{k} {v}" for k, v in level["pss"].items()))
    print("median / 99th percentile, microseconds to the first instruction, 4 ms apart", flush=True)


def print_reload(found):
    print(f"\nreload of {found['profiles']} profiles: median {found['usec']['median'] / 1000:.1f} ms, "
          f"worst {found['usec']['p99'] / 1000:.1f} ms (few profiles: {found['few_usec']['median'] / 1000:.1f} ms)")
    for name in ("idle", "alone", "beside"):
        first = found[name]["first"]
        what = {"idle": "few profiles", "alone": f"{found['profiles']} profiles",
                "beside": f"{found['profiles']} profiles, reloads without end"}[name]
        print(f"launches, {what:40} median {first['median']:8.0f} p99 {first['p99']:8.0f}")
    print(end="", flush=True)


def print_idle(found):
    print(f"\n{found['daemons']} daemon(s) idle for {found['seconds']} seconds; context switches: "
          + ", ".join(f"{k} {v}" for k, v in found["switches"].items())
          + (f"; system calls that strace saw: {found['n_calls']}" if found["strace"] else "; no strace here"))
    for line in found["calls"][:10]:
        print("   ", line[:120])
    print(end="", flush=True)


def typical(launch):
    """The run in which ours is in the middle; of three, two are left aside."""
    runs = sorted(launch["runs"], key=lambda run: ratio(run, "spaced", "bailiff, dbus-daemon"))
    return runs[len(runs) // 2]


def first(run, mode, name, what="median"):
    row = run[mode]["ways"].get(name)
    return row["first"][what] if row else None


def ratio(run, mode, name, over="vfork+exec", what="median"):
    above, below = first(run, mode, name, what), first(run, mode, over)
    return above / below if above and below else None


def markdown(results):
    lines, what, at = [], results["what"], results["machine"]
    lines += [f"Measured {at['date']} UTC: {at['processor']}, {at['cores']} processors" + (" of a virtual machine" if at["virtual"] else "")
              + f", Linux {at['kernel']}, {at['system']}, load {at['load']} at the start.", ""]
    lines += goals.table(results)
    if "launch" in what:
        lines += launch_tables(what["launch"])
    if "throughput" in what:
        lines += throughput_table(what["throughput"])
    if "scale" in what:
        lines += scale_table(what["scale"])
    if results.get("versions"):
        lines += ["Versions: " + ", ".join(results["versions"].values()) + ".", ""]
    return lines


def launch_tables(launch):
    run, lines = typical(launch), ["![Medians of launches, 4 ms apart](benchmarks.svg)", ""]
    for mode, words in run.items():
        lines += [f"### Launches: {mode}", "", f"Load {words['load'][0]} to {words['load'][1]}. "
                  "Microseconds from the request to the payload's first instruction; the last column to the end that was seen.", "",
                  "| | median | p99 | minimum | × vfork+exec | end |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
        for name, row in words["ways"].items():
            bold = "**" if name.startswith("bailiff") else ""
            less = launch["ways"][name]["less"]
            lines.append(f"| {bold}{name}{bold}{' (' + less + ')' if less and mode == 'spaced' else ''} | "
                         + " | ".join(f"{row['first'][k]:,.0f}" for k in ("median", "p99", "min"))
                         + f" | {ratio(run, mode, name):.1f} | {row['end']['median']:,.0f} |")
        lines.append("")
    return lines


def throughput_table(found):
    clients = list(next(iter(found["cells"].values())))
    lines = ["### Launches a second", "", f"From the request to the end, on both processors, which the clients use too. Load "
             f"{found['load'][0]} before.", "", "| clients | " + " | ".join(clients) + " | failed |",
             "| --- |" + " ---: |" * (len(clients) + 1)]
    for name, row in found["cells"].items():
        lines.append(f"| {name} | " + " | ".join(f"{rate_of(row.get(n)):,.0f}" for n in clients)
                     + f" | {sum(cell['failed'] for cell in row.values())} |")
    total = sum(cell["done"] for name, row in found["cells"].items() if name.startswith("bailiff") for cell in row.values())
    soak = found["soak"]
    lines += ["", "What there was before and after " + (f"these and {soak['launches']:,} more launches without a pause "
                                                        f"({soak['launches'] / soak['seconds']:,.0f} a second)" if soak else "them")
              + f" ({total:,} in the table): " + ", ".join(f"{k} {found['before'][k]:,} and {v:,}" for k, v in found["after"].items())
              + ".", ""]
    return lines


def scale_table(found):
    names = list(found[0]["ways"])
    lines = ["### Beside live sandboxes", "", "Median and 99th percentile in microseconds, 4 ms apart, and memory (PSS) in kB.", "",
             "| live | " + " | ".join(names) + " | " + " | ".join(found[0]["pss"]) + " |",
             "| ---: |" + " ---: |" * (len(names) + len(found[0]["pss"]))]
    for level in found:
        cells = [level["ways"].get(n, {}).get("first") for n in names]
        lines.append(f"| {level['live']:,} | " + " | ".join(f"{c['median']:,.0f} / {c['p99']:,.0f}" if c else "failed" for c in cells)
                     + " | "
                     + " | ".join(f"{n:,}" for n in level["pss"].values()) + " |")
    return lines + [""]


def write(results, path):
    with open(path, encoding="utf-8") as f:
        text = f.read()
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{path} has no place for the report: two lines, {BEGIN} and {END}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + BEGIN + "\n\n" + "\n".join(markdown(results)) + "\n" + END + after)
    if "launch" in results["what"]:
        run = typical(results["what"]["launch"])
        with open(os.path.join(os.path.dirname(path), "benchmarks.svg"), "w", encoding="utf-8") as f:
            f.write(chart.svg("Launch to first instruction, µs (logarithmic): median, and the line to the 99th percentile",
                              {name: row["first"] for name, row in run["spaced"]["ways"].items() if not name.startswith("call")}))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as figures:
        write(json.load(figures), sys.argv[2])
