"""Excel files, written row by row: however many rows there are, memory holds one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import IO, Any

import xlsxwriter
from django.http import FileResponse

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    file: IO[bytes], header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Write rows below a header that stays in sight."""
    with TemporaryDirectory() as drafts:
        # Each row goes to a draft as soon as the next one begins. Drafts of a file that breaks off
        # go with their folder.
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": drafts})
        formats = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
            Decimal: book.add_format({"num_format": "#,##0.##"}),
        }
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, WIDTH)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            _write(sheet, number, row, formats)
        book.close()


def _write(sheet: Any, number: int, row: Sequence[object], formats: dict[type, Any]) -> None:
    for column, value in enumerate(row):
        # Never plain `write`, which makes formulas and links of texts.
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
