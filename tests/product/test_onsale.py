"""A small rush, with everything in it that a big one has."""

from __future__ import annotations

import json


def test_a_rush_sells_every_place_once_and_says_how_it_went(new_product, tmp_path):
    product = new_product()
    report = tmp_path / "report"

    rush = product.run(
        "manage.py", "simulate_onsale", "--buyers=60", "--places=40", "--seconds=5",
        "--pace=0.2", f"--report={report}",
    )  # fmt: skip

    assert rush.returncode == 0, rush.stdout + rush.stderr
    told = json.loads((report / "onsale.json").read_text())
    assert told["broken"] == []
    assert 20 < told["figures"]["places sold"] <= 40
    assert "60 came, 60 left" in rush.stdout
    page = (report / "onsale.html").read_text()
    assert "Nothing was sold twice, nothing is lost, every rule holds." in page
    assert page.count("<svg") == 4
