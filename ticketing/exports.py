"""CSV files for spreadsheets, written row by row however many there are."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from django.http import StreamingHttpResponse

# Without it Excel takes UTF-8 for something else.
BYTE_ORDER_MARK = "\ufeff"

# Spreadsheets run a cell that begins so as a formula, some after dropping blanks before it.
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
# Where lists are parted by semicolons, they open our files so, and a cell may begin within a text.
NEXT_CELL = re.compile(rf"(\r\n|[;\r\n])(?=[\s\"]*[{re.escape(''.join(FORMULA_STARTS))}])")


LINES_AT_ONCE = 500  # in one part of an answer


class _Line:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def harmless(text: str) -> str:
    """What people have named, as a cell that no spreadsheet runs as a formula."""
    safe = NEXT_CELL.sub(r"\1'", text)
    return f"'{safe}" if begins_like_formula(text) else safe


def begins_like_formula(text: str) -> bool:
    """Whether some spreadsheet runs a cell with this text."""
    return text[:1] in ("\t", "\r", "\n") or text.lstrip().startswith(FORMULA_STARTS)


def stream_csv(
    filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """An answer with these rows as a file. Texts that people chose must be `harmless`."""
    return StreamingHttpResponse(
        _in_parts(csv_lines(header, rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The same as text, line by line. Texts that people chose must be `harmless`."""
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK
    for row in chain([header], rows):
        yield writer.writerow(row)


def _in_parts(lines: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(lines, LINES_AT_ONCE)):
        yield part
