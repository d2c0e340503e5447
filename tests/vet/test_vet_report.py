"""`seal-lsp vet-report` on an installed folder: the numbers add up, wrong words end with a hint."""

from __future__ import annotations

import json

import pytest
from acme_library import install

from seal_lsp.cli.app import run


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report") / "site-packages"
    install(folder)
    return folder


def test_report_counts_every_snippet_once(site, capsys):
    assert run(["vet-report", "acme==2.0", "--site", str(site), "--characters", "20000", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    [row] = told["libraries"]
    assert row["library"] == "acme@2.0"
    assert row["written"] > 20
    assert row["kept"] + sum(r["count"] for r in row["rejected"].values()) == row["written"]
    assert sum(f["written"] for f in row["by_format"].values()) == row["written"]
    assert told["total"]["rejected"] == row["rejected"]
    assert list(row["rejected"])[:2] == ["unicode", "syntax"]


def test_report_as_a_table(site, capsys):
    assert run(["vet-report", "--site", str(site), "--characters", "5000"]) == 0
    out = capsys.readouterr().out
    assert "acme@2.0" in out
    assert "signatures" in out


@pytest.mark.parametrize("words", [["acme==1.0"], ["nothing"]])
def test_what_is_not_installed_is_named(site, words, capsys):
    assert run(["vet-report", *words, "--site", str(site)]) == 2
    assert "acme@2.0" in capsys.readouterr().err
