"""A seat plan as spreadsheets save it: which encoding, which separator, and how big it may be."""

from __future__ import annotations

import io

from django.utils.translation import gettext as _

from ticketing.seat_plan import SeatPlan, Unusable, read_seat_plan

MOST_BYTES = 10 * 1024 * 1024  # twice what the largest plan takes
SEPARATORS = (",", ";", "\t")
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls begin
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decode(data: bytes) -> str:
    """The text of a file. Raises Unusable, saying how to save it, for what is no CSV in Unicode."""
    if len(data) > MOST_BYTES:
        raise Unusable(
            _("The file is larger than {most} MB: split it by area.").format(most=MOST_BYTES >> 20)
        )
    if data.startswith(WORKBOOKS):
        raise Unusable(_("This is a workbook. Save it as “CSV UTF-8” and send that file."))
    try:
        return data.decode("utf-16" if data.startswith(UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable(
            _("Its letters can't be read. In Excel choose “Save as”, then “CSV UTF-8”.")
        ) from None


def read_text(text: str) -> SeatPlan:
    """Read a plan whose columns are parted as its first line parts them."""
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(SEPARATORS, key=first_line.count)
    return read_seat_plan(io.StringIO(text, newline=""), delimiter=delimiter)
