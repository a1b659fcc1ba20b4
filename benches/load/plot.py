"""Plots as SVG: bars with the least and the most, and lines. Small on purpose.

Each has a ground of its own and two sets of colours, so that it can be read on a light page and on a
dark one, whichever of the two the page itself is. Nothing is told by colour alone.
"""

import html
import math

STYLE = """
    .card { fill: #ffffff; stroke: #d0d7de }
    text { fill: #1f2328; font-size: 12px }
    .title { font-weight: 600; font-size: 14px }
    .note { fill: #57606a }
    .grid { stroke: #d8dee4 }
    .axis { stroke: #57606a }
    .ours { fill: #0b6e4f }
    .theirs { fill: #8c959f }
    .range { stroke: #1f2328; stroke-width: 1.5 }
    .line-0 { stroke: #0b6e4f } .line-1 { stroke: #9a4c00; stroke-dasharray: 6 3 }
    .dot-0 { fill: #0b6e4f } .dot-1 { fill: #9a4c00 }
    @media (prefers-color-scheme: dark) {
      .card { fill: #0d1117; stroke: #30363d }
      text { fill: #e6edf3 }
      .note { fill: #9198a1 }
      .grid { stroke: #262c36 }
      .axis { stroke: #9198a1 }
      .ours { fill: #2ea37b }
      .theirs { fill: #6e7681 }
      .range { stroke: #e6edf3 }
      .line-0 { stroke: #3fbf92 } .line-1 { stroke: #e3965a }
      .dot-0 { fill: #3fbf92 } .dot-1 { fill: #e3965a }
    }"""
WIDTH, LEFT, RIGHT, TOP, ROW = 760, 210, 110, 62, 28


def bars(file, title, axis, rows, note=""):
    """One bar for each row: name, value (with `median`, `least`, `most`), and whether it is ours.
    The axis begins at nought."""
    most = max(value["most"] for _, value, _ in rows) or 1
    ticks = steps(most)
    scale = (WIDTH - LEFT - RIGHT) / max(ticks[-1], most)
    bottom = TOP + ROW * len(rows)
    parts = [grid(LEFT + tick * scale, TOP - 6, bottom, short(tick)) for tick in ticks]
    for number, (name, value, is_ours) in enumerate(rows):
        top = TOP + ROW * number + 5
        middle, end = top + 9, LEFT + value["median"] * scale
        least, reach = LEFT + value["least"] * scale, LEFT + value["most"] * scale
        parts += [
            text(LEFT - 8, middle + 4, name, "end"),
            f'<rect class="{"ours" if is_ours else "theirs"}" x="{LEFT}" y="{top}" '
            f'width="{max(end - LEFT, 1):.1f}" height="18" rx="2"/>',
            text(max(reach, end) + 8, middle + 4, short(value["median"])),
        ]
        if value["most"] > value["least"]:
            parts.append(
                f'<path class="range" d="M{least:.1f} {middle}H{reach:.1f}'
                f'M{least:.1f} {middle - 4}v8M{reach:.1f} {middle - 4}v8" fill="none"/>'
            )
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, bottom + 36, axis, "middle", "note"))
    write(file, title, note, parts, bottom + 52)


def lines(file, title, x_axis, y_axis, series, note="", y_most=0):
    """Lines through points, x on a scale of tenfolds. `series`: name to points (x, y)."""
    points = [point for values in series.values() for point in values]
    low = math.floor(math.log10(min(x for x, _ in points)))
    high = max(math.ceil(math.log10(max(x for x, _ in points))), low + 1)
    ticks = steps(max(y_most, *(y for _, y in points)))
    left, bottom, height = 80, 330, 330 - TOP

    def across(x):
        return left + (math.log10(x) - low) / (high - low) * (WIDTH - left - 150)

    def up(y):
        return bottom - y / ticks[-1] * height

    parts = [grid(across(10**power), TOP, bottom, short(10**power)) for power in range(low, high + 1)]
    for tick in ticks:
        parts.append(f'<path class="grid" d="M{left} {up(tick):.1f}H{WIDTH - 150}"/>')
        parts.append(text(left - 8, up(tick) + 4, short(tick), "end", "note"))
    for number, (name, values) in enumerate(series.items()):
        way = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in values)
        parts.append(f'<path class="line-{number}" d="M{way}" fill="none" stroke-width="2"/>')
        if len(values) < 20:
            parts += [
                f'<circle class="dot-{number}" cx="{across(x):.1f}" cy="{up(y):.1f}" r="3.5"/>'
                for x, y in values
            ]
        place = up(values[-1][1]) + 4 + 16 * number
        parts.append(text(across(values[-1][0]) + 10, place, name))
    parts.append(text((left + WIDTH - 150) / 2, bottom + 38, x_axis, "middle", "note"))
    turned = f'transform="rotate(-90 22 {(TOP + bottom) / 2})"'
    parts.append(text(22, (TOP + bottom) / 2, y_axis, "middle", "note", turned))
    write(file, title, note, parts, bottom + 54)


def steps(most):
    """Round numbers from nought to the most or a little more."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def short(value):
    """A number as it is read: 1.25, 24 k, 3 M."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def grid(x, top, bottom, label):
    line = f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>'
    return line + text(x, bottom + 16, label, "middle", "note")


def text(x, y, words, anchor="start", kind="", more=""):
    kind = f' class="{kind}"' if kind else ""
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text{kind} {place} {more}>{html.escape(words)}</text>"


def write(file, title, note, parts, height):
    file.write_text(f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" \
aria-labelledby="title" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif">
  <title id="title">{html.escape(title)}</title>
  <style>{STYLE}
  </style>
  <rect class="card" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>
  {text(24, 28, title, kind="title")}
  {text(24, 46, note, kind="note")}
  """ + "\n  ".join(parts) + "\n</svg>\n")
