"""The findings as a page to look at: one HTML file with its charts inside, nothing to load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from benchmarks.onsale.findings import Findings

WIDTH, HEIGHT, MARGIN = 640, 220, 44

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>On-sale</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  color: #1f2937; }}
h1 {{ font-size: 1.6rem }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: right; padding: .3rem .6rem; border-bottom: 1px solid #e5e7eb }}
th:first-child, td:first-child {{ text-align: left }}
svg {{ width: 100%; height: auto }} .line {{ fill: none; stroke: #2563eb; stroke-width: 2 }}
.bar {{ fill: #2563eb }} .axis {{ stroke: #9ca3af }} text {{ font-size: 11px; fill: #4b5563 }}
.good {{ color: #15803d }} .bad {{ color: #b91c1c }}
</style></head><body>
<h1>On-sale: {buyers:,} buyers, {places:,} places</h1>
{verdict}
{sections}
</body></html>
"""


def page(findings: Findings) -> str:
    """The whole report."""
    sections = [
        _section("In figures", _table(("", ""), findings.figures.items())),
        _section("Orders per minute", _line_chart(findings.per_minute)),
        _section("Orders paid, added up", _line_chart(findings.sold)),
        _section(
            "Served of a hundred, by order of arrival",
            _bar_chart([(f"{group}0 %", share) for group, share in findings.served_by_arrival]),
        ),
        _section("Places bought, by kind of buyer", _bar_chart(findings.places_by_kind.items())),
        _section("Waiting for an answer (ms)", _waits(findings)),
        _section("Refusals", _table(("asked: code", "times"), findings.refusals.items())),
    ]
    return PAGE.format(
        buyers=findings.figures["buyers"],
        places=findings.figures["places"],
        verdict=_verdict(findings.broken),
        sections="\n".join(sections),
    )


def _verdict(broken: Sequence[str]) -> str:
    if not broken:
        return '<p class="good">Nothing was sold twice, nothing is lost, every rule holds.</p>'
    items = "".join(f"<li>{escape(text)}</li>" for text in broken)
    return f'<p class="bad">Broken:</p><ul class="bad">{items}</ul>'


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{content}"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(text)}</th>" for text in headings)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"


def _cell(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int | float) else escape(str(cell))


def _waits(findings: Findings) -> str:
    names = next(iter(findings.waits.values()), {})
    rows = [(what, *spread.values()) for what, spread in findings.waits.items()]
    return _table(("", *names), rows)


def _line_chart(points: Sequence[tuple[float, float]]) -> str:
    if not points:
        return "<p>Nothing happened.</p>"
    right, top = max(x for x, _y in points) or 1, max(y for _x, y in points) or 1
    places = " ".join(f"{_x(x / right):.1f},{_y(y / top):.1f}" for x, y in points)
    return _chart(f'<polyline class="line" points="{places}"/>', f"{right:,.0f} s", f"{top:,}")


def _bar_chart(bars: Iterable[tuple[str, float]]) -> str:
    bars = list(bars)
    top = max((value for _name, value in bars), default=0) or 1
    width = (WIDTH - 2 * MARGIN) / max(len(bars), 1)
    drawn = []
    for place, (name, value) in enumerate(bars):
        left, high = MARGIN + place * width, _y(value / top)
        height = HEIGHT - MARGIN - high
        drawn.append(
            f'<rect class="bar" x="{left + 4:.1f}" y="{high:.1f}" width="{width - 8:.1f}" '
            f'height="{height:.1f}"/>'
            f'<text x="{left + width / 2:.1f}" y="{HEIGHT - MARGIN + 16}" text-anchor="middle">'
            f"{escape(name)}</text>"
            f'<text x="{left + width / 2:.1f}" y="{high - 4:.1f}" text-anchor="middle">'
            f"{value:,}</text>"
        )
    return _chart("".join(drawn), "", "")


def _chart(content: str, right: str, top: str) -> str:
    base = HEIGHT - MARGIN
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f'<line class="axis" x1="{MARGIN}" y1="{base}" x2="{WIDTH - MARGIN}" y2="{base}"/>'
        f'<text x="{WIDTH - MARGIN}" y="{base + 16}" text-anchor="end">{right}</text>'
        f'<text x="{MARGIN}" y="{MARGIN / 2 - 6}">{top}</text>{content}</svg>'
    )


def _x(share: float) -> float:
    return MARGIN + share * (WIDTH - 2 * MARGIN)


def _y(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - MARGIN - MARGIN / 2)
