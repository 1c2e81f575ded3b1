"""The documentation's pictures are those of the table, and small."""

from __future__ import annotations

from sandbox.run import ROOT
from sandbox.screenshots.camera import WIDTHS, file_name
from sandbox.screenshots.pages import SHOTS

FOLDER = ROOT / "docs" / "screenshots"
MEGABYTE = 2**20


def test_each_picture_has_a_name_of_its_own():
    names = [shot.name for shot in SHOTS]

    assert len(set(names)) == len(names)


def test_the_folder_holds_what_the_table_lists_and_the_index_shows_it():
    wanted = {file_name(shot, width) for shot in SHOTS for width in WIDTHS}
    index = (FOLDER / "README.md").read_text()

    assert {path.name for path in FOLDER.glob("*.webp")} == wanted
    assert [name for name in sorted(wanted) if name not in index] == []


def test_the_pictures_do_not_weigh_the_repository_down():
    assert sum(path.stat().st_size for path in FOLDER.glob("*.webp")) < 3 * MEGABYTE
