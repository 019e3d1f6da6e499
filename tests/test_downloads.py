"""Published files: where they are looked for, and what happens to one that is not the right one."""

import functools
import gzip
import hashlib
import subprocess
import sys
import threading
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pooch
import pytest

from mtl_course import downloads

CONTENT = b"1 2 3\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def web(tmp_path):
    """A folder, and the address at which this machine serves it to itself."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """An empty cache, and no MTL_COURSE_DATA."""
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("MTL_COURSE_DATA", raising=False)
    return tmp_path


def test_reading_what_is_shipped_needs_nothing_that_fetches():
    code = "import sys; sys.modules['pooch'] = None; import mtl_course.datasets"
    subprocess.run([sys.executable, "-c", code], check=True)


def member(*urls, name="some.txt"):
    return (downloads.Member(name, SHA256, urls),)


def test_the_given_folder_comes_first_and_nothing_is_fetched(places, monkeypatch):
    (places / "given" / "shop").mkdir(parents=True)
    (places / "given" / "shop" / "some.txt").write_bytes(CONTENT)
    monkeypatch.setenv("MTL_COURSE_DATA", str(places / "given"))
    monkeypatch.setattr(pooch, "retrieve", None)

    assert downloads.contents("shop", member("http://127.0.0.1:9/")) == {"some.txt": CONTENT}


def test_a_spoilt_file_in_the_given_folder_is_named_and_left_there(places, monkeypatch):
    spoilt = places / "shop" / "some.txt"
    spoilt.parent.mkdir()
    spoilt.write_bytes(CONTENT + b"4\n")
    monkeypatch.setenv("MTL_COURSE_DATA", str(places))

    with pytest.raises(ValueError, match=rf"{spoilt}` must hold some.txt .* in 8 bytes\. Delete"):
        downloads.contents("shop", member("http://127.0.0.1:9/"))
    assert spoilt.exists()


@pytest.mark.parametrize("given", [None, "elsewhere"])
def test_what_is_in_no_folder_is_fetched_once_and_then_found_in_the_cache(
    web, places, monkeypatch, given
):
    folder, address = web
    (folder / "some.txt").write_bytes(CONTENT)
    if given is not None:
        monkeypatch.setenv("MTL_COURSE_DATA", str(places / given))

    first = downloads.contents("shop", member(f"{address}some.txt"))
    (folder / "some.txt").unlink()
    second = downloads.contents("shop", member(f"{address}some.txt"))

    assert first == second == {"some.txt": CONTENT}
    assert (downloads.cache() / "shop" / "some.txt").read_bytes() == CONTENT


def test_a_packed_member_is_verified_by_what_is_in_it(web):
    folder, address = web
    (folder / "other-name.gz").write_bytes(gzip.compress(CONTENT, mtime=12345))
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("shop/readme", "not this one")
        archive.writestr("shop/some.txt", CONTENT)

    packed = member(f"{address}other-name.gz", name="some.txt.gz")
    assert downloads.contents("shop", packed) == {"some.txt.gz": CONTENT}
    assert downloads.contents("shop", member(f"{address}all.zip")) == {"some.txt": CONTENT}


@pytest.mark.parametrize("wrong", [b"", b"<html>moved</html>"])
@pytest.mark.parametrize("name", ["some.txt", "some.txt.gz", "all.zip"])
def test_a_page_of_apology_is_thrown_away_and_the_next_address_asked(web, wrong, name):
    folder, address = web
    for place in ("moved", "right"):
        (folder / place).mkdir()
    (folder / "moved" / name).write_bytes(wrong)
    (folder / "right" / name).write_bytes(packed_as(name))
    wanted = "some.txt" if name == "all.zip" else name

    members = member(
        f"{address}gone/{name}", f"{address}moved/{name}", f"{address}right/{name}", name=wanted
    )

    assert downloads.contents("shop", members) == {wanted: CONTENT}


def test_a_spoilt_file_in_the_cache_is_replaced(web):
    folder, address = web
    (folder / "some.txt").write_bytes(CONTENT)
    cached = downloads.cache() / "shop" / "some.txt"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half")

    with pytest.raises(ValueError, match="Delete it, and the next call fetches it"):
        downloads.contents("shop", member(f"{address}some.txt"))

    assert downloads.contents("shop", member(f"{address}some.txt")) == {"some.txt": CONTENT}


@pytest.mark.parametrize("given", [None, "/nowhere"])
def test_without_a_network_one_sentence_says_what_to_do(web, monkeypatch, given):
    _, address = web  # it is there, but has nothing
    if given is not None:
        monkeypatch.setenv("MTL_COURSE_DATA", given)
    expected = (
        rf"'shop/some.txt' must lie in the folder that MTL_COURSE_DATA names \(found "
        rf"{given or 'no such variable'}\) or be downloaded: connect to the network and call "
        rf"again, or put it there \(http\S+some.txt: 404 .*\)\.$"
    )
    with pytest.raises(ValueError, match=expected):
        downloads.contents("shop", member(f"{address}some.txt"))


def test_a_zip_without_the_member_is_refused(web):
    folder, address = web
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        archive.writestr("shop/other.txt", CONTENT)
    with pytest.raises(ValueError, match=r"must be a \.zip that holds some.txt"):
        downloads.contents("shop", member(f"{address}all.zip"))


def packed_as(name):
    if name.endswith(".gz"):
        return gzip.compress(CONTENT)
    if not name.endswith(".zip"):
        return CONTENT
    memory = BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("shop/some.txt", CONTENT)
    return memory.getvalue()
