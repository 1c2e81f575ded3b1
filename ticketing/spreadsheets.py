"""Excel files, written row by row: however many rows there are, memory holds one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHEET_ROWS = 1_000_000  # Excel opens 1,048,576
WIDTH = 20


def spreadsheet(
    filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> FileResponse:
    """An answer with these rows as an Excel file; it is complete before the answer begins.

    Numbers and local times are cells of their kind. Texts are never formulas.
    """
    file = NamedTemporaryFile(suffix=".xlsx")  # noqa: SIM115  # the answer closes it
    write_workbook(file, header, rows)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=filename, content_type=TYPE)


def write_workbook(
    file: IO[bytes],
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    rows_per_sheet: int = SHEET_ROWS,
) -> None:
    """Write rows below a frozen header, on as many sheets as they need."""
    with TemporaryDirectory() as drafts:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": drafts})
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            Decimal: book.add_format({"num_format": "#,##0.##"}),
        }
        bold = book.add_format({"bold": True})
        for page in _pages(rows, rows_per_sheet):
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(header) - 1, WIDTH)
            for column, title in enumerate(header):
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(page, start=1):
                _write(sheet, number, row, formats)
        book.close()


def _pages(rows: Iterable[Sequence[object]], size: int) -> Iterator[Iterator[Sequence[object]]]:
    """The rows of each sheet; one empty sheet if there are none."""
    left = iter(rows)
    yield islice(left, size)
    for first in left:
        yield chain([first], islice(left, size - 1))


def _write(sheet: Any, number: int, row: Sequence[object], formats: dict[type, Any]) -> None:
    for column, value in enumerate(row):
        match value:
            case None | "":
                pass
            case datetime():
                sheet.write_datetime(number, column, value, formats[datetime])
            case Decimal():
                sheet.write_number(number, column, float(value), formats[Decimal])
            case int() | float():
                sheet.write_number(number, column, value)
            case _:
                sheet.write_string(number, column, str(value))
