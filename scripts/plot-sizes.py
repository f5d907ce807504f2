"""Draws the table of sizes that `make bench` prints: seconds against rows, both by powers of ten.

usage: make bench | python3 scripts/plot-sizes.py > docs/sizes.svg
"""

import math
import re
import sys

ROW = re.compile(r"^\| (\d+) \| [\d.]+ \| ([\d.]+) \| ([\d.]+) \| [\d.]+ \|$")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 150, 20, 50

points = [tuple(map(float, found.groups())) for found in map(ROW.match, sys.stdin) if found]
if not points:
    sys.exit("no table of sizes in the input")
rows = [point[0] for point in points]
seconds = [value for point in points for value in point[1:]]
low, high = (math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds))))
first, last = math.log10(rows[0]), math.log10(rows[-1])


def x(count):
    return LEFT + (math.log10(count) - first) / (last - first) * (WIDTH - LEFT - RIGHT)


def y(time):
    return HEIGHT - BOTTOM - (math.log10(time) - low) / (high - low) * (HEIGHT - TOP - BOTTOM)


def text(at_x, at_y, words, anchor="middle"):
    return f'<text x="{at_x:.0f}" y="{at_y:.0f}" text-anchor="{anchor}">{words}</text>'


out = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
    "<title>Seconds to load a file into an empty star, by its rows</title>",
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
]
for power in range(low, high + 1):
    time = 10.0**power
    out.append(f'<path d="M{LEFT} {y(time):.0f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
    out.append(text(LEFT - 8, y(time) + 4, f"{time:g} s", "end"))
for count in rows:
    out.append(text(x(count), HEIGHT - BOTTOM + 20, f"{count:,.0f}"))
out.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "rows"))
for column, name, colour in ((1, "usual SQL", "#888"), (2, "stardrop load", "#0b62a4")):
    line = " ".join(f"{x(point[0]):.0f},{y(point[column]):.0f}" for point in points)
    out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
    for point in points:
        out.append(f'<circle cx="{x(point[0]):.0f}" cy="{y(point[column]):.0f}" r="3.5" fill="{colour}"/>')
    end = y(points[-1][column]) + (-4 if column == 1 else 14)
    out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{end:.0f}" fill="{colour}">{name}</text>')
out.append("</svg>")
print("\n".join(out))
