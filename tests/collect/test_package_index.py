"""Where pip would look, and what comes from there: real pip, a real index on disk and over HTTP, nothing built."""

import contextlib
import hashlib
import io
import tarfile
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from seal_lsp.collect.package_index import PackageIndex, configured_index, fetch_sdist, index_from
from seal_lsp.core.errors import EnvironmentProblem
from seal_lsp.core.library import LibraryId

ACME = LibraryId("acme-tools", "1.2.0")


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", PackageIndex()),
        ("global.index-url='https://a.example/simple'\n", PackageIndex("https://a.example/simple")),
        (
            "global.index-url='https://a.example/simple'\n:env:.index-url='https://b.example/simple'\n",
            PackageIndex("https://b.example/simple"),
        ),
        (
            "download.index-url='https://d.example/simple'\nglobal.index-url='https://a.example/simple'\n"
            "install.index-url='https://i.example/simple'\n",
            PackageIndex("https://d.example/simple"),
        ),
        (
            "global.extra-index-url='\\nhttps://b.example/simple\\nhttps://c.example/simple'\n",
            PackageIndex(extra_index_urls=("https://b.example/simple", "https://c.example/simple")),
        ),
        (
            ":env:.no-index='1'\n:env:.find-links='/wheels /more'\nglobal.cert='/ca.pem'\n:env:.trusted-host='h:1'\n",
            PackageIndex(find_links=("/wheels", "/more"), trusted_hosts=("h:1",), no_index=True, cert="/ca.pem"),
        ),
        (":env:.no-index='0'\n", PackageIndex()),
        ('what = is no setting\nglobal.index-url="https://a.example/it\'s"\n', PackageIndex("https://a.example/it's")),
    ],
)
def test_pips_settings_are_read_as_pip_download_reads_them(listed, expected):
    assert index_from(listed) == expected


def test_the_real_pip_is_asked(monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/it's/simple")
    monkeypatch.setenv("PIP_NO_INDEX", "no")
    found = configured_index()
    assert (found.index_url, found.no_index) == ("https://index.example/it's/simple", False)


def sdist(name: str, version: str, trace: Path) -> bytes:
    """One whose build would leave a trace."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as file:
        for path, text in (("setup.py", f"open({str(trace)!r}, 'w')\n"), ("tests/test_it.py", f"# {version}\n")):
            entry = tarfile.TarInfo(f"{name}-{version}/{path}")
            entry.size = len(text)
            file.addfile(entry, io.BytesIO(text.encode()))
    return data.getvalue()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A simple index: acme-tools in two versions, one of them with a wheel too; broken-tools with a wrong hash."""
    pages: dict[str, list[tuple[str, bytes, str]]] = {"acme-tools": [], "wheel-only": [], "broken-tools": []}
    for version in ("1.1.0", "1.2.0"):
        data = sdist("acme_tools", version, tmp_path / "built")
        pages["acme-tools"].append((f"acme_tools-{version}.tar.gz", data, hashlib.sha256(data).hexdigest()))
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    for project in ("acme_tools", "wheel_only"):
        data = empty.getvalue()
        name = f"{project}-1.2.0-py3-none-any.whl"
        pages[project.replace("_", "-")].append((name, data, hashlib.sha256(data).hexdigest()))
    pages["broken-tools"].append(
        ("broken_tools-1.2.0.tar.gz", sdist("broken_tools", "1.2.0", tmp_path / "built"), "0" * 64)
    )
    for project, files in pages.items():
        folder = tmp_path / "index" / "simple" / project
        folder.mkdir(parents=True)
        links = "".join(f'<a href="{name}#sha256={digest}">{name}</a>\n' for name, _, digest in files)
        (folder / "index.html").write_text(f"<!DOCTYPE html><html><body>{links}</body></html>")
        for name, data, _ in files:
            (folder / name).write_bytes(data)
    return tmp_path / "index"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Cutting(Quiet):
    """Ends in the middle of a file."""

    def copyfile(self, source, outputfile):
        data = source.read()
        outputfile.write(data[: len(data) // 2] if self.path.endswith(".gz") else data)


class Refusing(Quiet):
    """Has pages, gives no file."""

    def do_GET(self):
        if self.path.endswith(".gz"):
            self.send_error(403)
        else:
            super().do_GET()


@contextlib.contextmanager
def served(site: Path, handler: type[Quiet] = Quiet):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()


def test_exactly_this_version_comes_over_http_and_is_kept(site, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with served(site) as url:
        got = fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url))
    assert got.name == "acme_tools-1.2.0.tar.gz"
    assert got.read_bytes() == (site / "simple/acme-tools/acme_tools-1.2.0.tar.gz").read_bytes()
    assert fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url)) == got  # nobody serves any more
    assert not (tmp_path / "built").exists()


@pytest.mark.parametrize("place", ["find_links", "extra"])
def test_other_places_than_the_index(site, tmp_path, place):
    where = site / "simple" / "acme-tools"
    found = (
        PackageIndex(find_links=(str(where),), no_index=True)
        if place == "find_links"
        else PackageIndex((tmp_path / "empty").as_uri(), ((site / "simple").as_uri(),))
    )
    assert fetch_sdist(ACME, tmp_path / "kept", found).name == "acme_tools-1.2.0.tar.gz"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("wheel-only", "gave a source distribution of wheel-only@1.2.0"),
        ("nowhere", "gave a source distribution of nowhere@1.2.0"),
        ("broken-tools", "could not be fetched"),
    ],
)
def test_what_cannot_be_had_is_said_and_nothing_is_kept(site, tmp_path, name, why):
    with pytest.raises(EnvironmentProblem, match=why):
        fetch_sdist(LibraryId(name, "1.2.0"), tmp_path / "kept", PackageIndex((site / "simple").as_uri()))
    assert not list((tmp_path / "kept").glob("*"))


def test_a_password_in_an_address_is_not_said(site, tmp_path):
    with served(site, Refusing) as url, pytest.raises(EnvironmentProblem, match="403") as error:
        fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url.replace("//", "//someone:secret@")))
    assert "secret" not in str(error.value)


def test_a_download_that_is_cut_leaves_nothing(site, tmp_path):
    with served(site, Cutting) as url, pytest.raises(EnvironmentProblem, match="could not be fetched"):
        fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url))
    assert not list((tmp_path / "kept").glob("*"))
    with served(site) as url:
        assert fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url)).is_file()


def test_where_pip_may_ask_nobody_nobody_is_asked(tmp_path):
    with pytest.raises(EnvironmentProblem, match="no index"):
        fetch_sdist(ACME, tmp_path / "kept", PackageIndex(no_index=True))


def test_an_index_that_does_not_answer(site, tmp_path):
    with served(site) as url:
        pass
    with pytest.raises(EnvironmentProblem, match=r"acme-tools@1\.2\.0"):
        fetch_sdist(ACME, tmp_path / "kept", PackageIndex(url))
