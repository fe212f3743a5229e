#!/usr/bin/env python3
"""Writes the first corpora from the adapters' examples, in the form that each target reads.

    fuzz/seeds.py

`charset`, `xml` and `json` get the bodies of the back ends' answers after a byte that chooses a declaration or a shape;
`mapping` gets whole answers after three bytes that choose adapter, example and exchange.
"""

import hashlib
import pathlib

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
