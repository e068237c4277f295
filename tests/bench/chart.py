# SPDX-License-Identifier: GPL-2.0-or-later
"""A bar chart of times on a logarithmic scale, as SVG."""

import html
import math

WIDTH, LEFT, RIGHT, ROW, TOP = 860, 190, 70, 22, 56
OURS, OTHERS, LINE = "#1f6f8b", "#9aa5ad", "#444444"


def svg(title, rows):
    """@rows: name: {"median", "p99"}; those whose name begins with "bailiff" stand out."""
    low = 10 ** math.floor(math.log10(min(row["median"] for row in rows.values())))
    high = max(row["p99"] for row in rows.values())
    place = lambda value: LEFT + (WIDTH - LEFT - RIGHT) * math.log10(max(value, low) / low) / math.log10(high / low)
    height = TOP + ROW * len(rows) + 12
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
           f'font-family="sans-serif" font-size="12">', f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="8" y="18" font-size="14">{html.escape(title)}</text>']
    tick = low
    while tick <= high:
        out += [f'<line x1="{place(tick):.1f}" x2="{place(tick):.1f}" y1="{TOP - 8}" y2="{height - 8}" stroke="#dddddd"/>',
                f'<text x="{place(tick):.1f}" y="{TOP - 14}" text-anchor="middle" fill="{LINE}">{tick:,.0f}</text>']
        tick *= 10
    for n, (name, row) in enumerate(rows.items()):
        y, colour = TOP + ROW * n, OURS if name.startswith("bailiff") else OTHERS
        out += [f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{html.escape(name)}</text>',
                f'<rect x="{LEFT}" y="{y}" width="{place(row["median"]) - LEFT:.1f}" height="{ROW - 7}" fill="{colour}"/>',
                f'<line x1="{place(row["median"]):.1f}" x2="{place(row["p99"]):.1f}" y1="{y + 7}" y2="{y + 7}" stroke="{LINE}"/>',
                f'<text x="{place(row["p99"]) + 5:.1f}" y="{y + 12}">{row["median"]:,.0f}</text>']
    return "\n".join([*out, "</svg>"]) + "\n"
