"""The plan is measured where there is a browser, and its absence is told where there is none."""

from __future__ import annotations

from benchmarks.plan_in_browser import Drawing, figures
from benchmarks.report import Report


def test_without_a_browser_the_report_has_a_note_instead_of_figures(monkeypatch, tmp_path):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    report = Report()

    report.add(*figures(machine=None, house=None))

    assert report.lines == []
    assert "there is no Chromium here" in report.table()


def test_frames_are_told_by_their_middle_and_by_what_five_in_a_hundred_exceed():
    drawing = Drawing(first=900, frames=[16.0] * 95 + [50.0] * 5)

    assert drawing.median == 16
    assert 16 <= drawing.slow < 50
