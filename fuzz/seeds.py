#!/usr/bin/env python3
"""Writes the first corpora from the adapters' examples, in the form that each target reads.

    fuzz/seeds.py

`charset`, `xml` and `json` get the bodies of the back ends' answers after a byte that chooses a declaration or a shape;
`mapping` gets whole answers after three bytes that choose adapter, example and exchange; `fixed` and `delimited` get nightly files
of the rows of examples, written as each layout says, after two bytes that choose the layout and the size of a buffer. `signed` gets
messages that `openssl cms` signs with a key made for it, after a byte that chooses whether a content is at hand.
"""

import hashlib
import json
import pathlib
import subprocess
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ADAPTERS = HERE.parent / "adapters"
# More than there are shapes of a format: the targets take the choice modulo their number.
SHAPES = 32


def main() -> None:
    folders = sorted(f for f in ADAPTERS.iterdir() if not f.name.startswith("_") and (f / "adapter.toml").is_file())
    for number, folder in enumerate(folders):
        cases = sorted(c for c in folder.glob("examples/*/*") if c.is_dir() and c.parent.name != "_login")
        for place, case in enumerate(cases):
            for exchange, answer in enumerate(sorted(case.glob("3-back-end-response.*"))):
                text = answer.read_bytes()
                seed("mapping", bytes([number, place % 256, exchange]) + text)
                bodies(text)
    nightly(folders)
    signed()


def signed() -> None:
    with tempfile.TemporaryDirectory() as folder:
        def openssl(*arguments: str) -> None:
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

        place = pathlib.Path(folder)
        (place / "content").write_bytes(b"contenuto")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out", "certificate"]
        openssl("req", "-x509", *key, "-subj", "/CN=Prova")
        by = ["-signer", "certificate", "-inkey", "key", "-in", "content", "-out", "signed"]
        for form in (["DER"], ["DER", "-nodetach"], ["DER", "-nodetach", "-stream"], ["PEM", "-nodetach"]):
            openssl("cms", "-sign", "-binary", "-cades", *by, "-outform", *form)
            message = (place / "signed").read_bytes()
            for choice in range(2):
                seed("signed", bytes([choice]) + message)
            (place / "content").write_bytes(message if form[1:] == ["-nodetach"] else b"contenuto")


def nightly(folders: list[pathlib.Path]) -> None:
    """The targets count layouts in the order of adapters and of their files."""
    seen = {"fixed": 0, "delimited": 0}
    for folder in folders:
        files = tomllib.loads((folder / "adapter.toml").read_text())["connector"].get("files", {}).get("file", [])
        texts = [path.read_text() for path in sorted(folder.glob("examples/*/*/3-back-end-response.*.jsonl"))]
        rows = [json.loads(line) for text in texts for line in text.splitlines() if line.strip()]
        for file in files:
            layout = tomllib.loads((folder / file["layout"]).read_text())
            lines = [line for row in rows for line in versions(layout, row)]
            for text in night(lines):
                for buffer in range(4):
                    seed(layout["form"], bytes([seen[layout["form"]], buffer]) + text)
            seen[layout["form"]] += 1


def versions(layout: dict, row: dict) -> list[str]:
    """The row as a line of the layout, in each version of it."""
    if layout["form"] == "fixed":
        line = [" "] * layout["length"]
        for name, place in layout["fields"].items():
            start, length = map(int, place.split(":"))
            line[start : start + length] = (row.get(name) or "").ljust(length)[:length]
        return ["".join(line), "".join(line).rstrip()]
    values = {**row, layout["fields"][0]: layout["record"]}
    lacks = [set(), *map(set, layout.get("lacking", []))]
    fields = ([name for name in layout["fields"] if name not in lack] for lack in lacks)
    return [layout["separator"].join(values.get(name) or "" for name in names) for names in fields]


def night(lines: list[str]) -> list[bytes]:
    """Files of these lines in both charsets, whole and not, with the marks that senders leave."""
    text = "\n".join(lines)
    windows = text.replace("\n", "\r\n").encode("cp1252", "replace")
    whole = [text.encode() + b"\n", b"\xef\xbb\xbf" + text.encode(), windows + b"\r\n", windows[:-7]]
    return whole + [line.encode(charset) + b"\n" for line in lines for charset in ("utf-8", "cp1252")]


def bodies(text: bytes) -> None:
    body = text.partition(b"\n\n")[2].strip()
    if not body:
        return
    for choice in range(18):
        seed("charset", bytes([choice]) + body)
    target = "xml" if body.startswith(b"<") else "json"
    for choice in range(SHAPES):
        seed(target, bytes([choice]) + body)


def seed(target: str, data: bytes) -> None:
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    main()
