"""Bar charts as SVG, readable on a light and a dark page."""

from html import escape

WIDTH, LEFT, ROW, BAR = 760, 330, 26, 16
COLOURS = ["#1d9bf0", "#f5a623", "#d0021b"]
STYLE = "text{font:13px sans-serif;fill:#808890}"


def bars(title, rows, series, unit, ours=1):
    """`rows` has (name, values), a bar for each value, named by `series`. Of one series the first rows, `ours`, stand out."""
    top = max(max(values) for _, values in rows)
    scale = (WIDTH - LEFT - 90) / top
    parts = [f'<text x="0" y="16" font-weight="bold">{escape(title)}</text>']
    y = 30
    if len(series) > 1:
        for n, name in enumerate(series):
            parts.append(f'<rect x="{LEFT + 90 * n}" y="{y}" width="12" height="12" fill="{COLOURS[n]}"/>')
            parts.append(f'<text x="{LEFT + 90 * n + 17}" y="{y + 11}">{escape(name)}</text>')
        y += ROW
    for number, (name, values) in enumerate(rows):
        parts.append(f'<text x="{LEFT - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        for n, value in enumerate(values):
            plain = "#9aa5b1" if number >= ours else COLOURS[0]
            parts.append(bar(y, value, value * scale, COLOURS[n] if len(series) > 1 else plain, unit))
            y += BAR + 2
        y += ROW - BAR - 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}">'
        f"<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def bar(y, value, width, colour, unit):
    label = f"{value:.2f}" if unit == "×" else f"{value:.1f}"
    return (
        f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{colour}"/>'
        f'<text x="{LEFT + width + 6:.1f}" y="{y + 13}">{label} {unit}</text>'
    )
