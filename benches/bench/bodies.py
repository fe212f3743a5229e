"""Where the bench keeps what it makes, and the questions in it."""

from itertools import islice
from pathlib import Path

from .codes import codes

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "target" / "bench"


def write_bodies():
    """Questions in files, one a line: many people asked about once, and a few asked about again and again."""
    many, few = FOLDER / "many.jsonl", FOLDER / "few.jsonl"
    if not many.exists():
        lines = [f'{{"codice_fiscale":"{code}"}}\n' for code in islice(codes("D416"), 2_000_000)]
        many.write_text("".join(lines))
        few.write_text("".join(lines[:200]))
    return many, few
