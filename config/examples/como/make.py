#!/usr/bin/env python3
"""Writes enti/*.toml and istanze/*.toml of this example from comuni.csv: `make.py`, run anywhere, without arguments.

Which municipality speaks which dialect is a PROPOSAL by size, nothing that any of them has said: see README.md here. A
dialect whose adapter is not in adapters/ is passed over; an adapter that comes later is an entry in DIALECTS, then this
script again. Every secret is a file named DIALECT-BELFIORE whose content, for the simulators, is DIALECT-prova-BELFIORE
(of D5 filled up with zeros to forty characters).
"""
import csv
import unicodedata
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ADAPTERS = HERE.parents[2] / "adapters"
FILES = ["a-b", "c", "d-g", "i-m", "n-r", "s-z"]

# Pairs of dialects, registry and taxes, that towns of that size may be expected to speak; the last bound is open.
PROPOSAL = [
    (3_000, [("d10a", "d10t"), ("d3", "d3"), ("d7", "d7")]),
    (15_000, [("d3", "d3"), ("d7", "d7"), ("d4", "d6"), ("d2", "d6"), ("d4b", "d6"), ("d3i", "d3i")]),
    (40_000, [("d1", "d5"), ("d2", "d6"), ("d1", "d6"), ("d6", "d6")]),
    (None, [("d9", "d9")]),
]
# Where none of them has its adapter yet.
MEANWHILE = [("d6", "d6"), ("d1", "d6")]
# The towns that the documentation quotes.
FIXED = {"013041": ("d1", "d6"), "013095": ("d6", "d6"), "013075": ("d9", "d9")}
# One account of an associated office, and one instance, for several municipalities (invented).
UNION = {"013025": "Blessagno", "013120": "Laino", "013184": "Pigra"}
# Small ones that answer later: over a product that accepts requests first, or by an officer's hand.
LATER = {"013005": ("d8", "d8"), "013029": ("d8", "d8"), "013098": ("d8", "d8"), "013006": ("mano", "mano")}
# A calendar, where none of the quoted towns would be found closed.
CALENDARS = {"013143": 'calendar = { open = ["lun-sab 6-20"], closed_on_holidays = true, weekly = ["gio 18-19"] }'}

# What an adapter asks for among the ente's values.
OF_THE_ENTE = {"d3": 'codice = "{belfiore}"', "d3i": 'codice = "{belfiore}"', "d4": 'codice = "{belfiore}"', "d7": 'banca_dati = "{account}"', "d8": 'codice_ipa = "c_{account}"'}

# Adapter, end of the instance's name, and what an instance needs beyond its name.
DIALECTS = {
    "d1": ("civilia-soap", "civilia", """address = "http://127.0.0.1:18101"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d1-{account}" }} }}{calendar}

[instance.bounds]
connect_deadline = "1s"
answer_deadline = "5s"
concurrency = 4
"""),
    "d2": ("dataset-due-passi", "dataset", """address = "http://127.0.0.1:18102/{account}"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d2-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d3": ("docarea-token", "docarea", """address = "http://127.0.0.1:18103"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d3-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d3i": ("docarea-delphi", "delphi", """address = "http://127.0.0.1:18103"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d3-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d4": ("sici-rpc", "sici", """address = "http://127.0.0.1:18104"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d4-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 1
"""),
    "d4b": ("richiesta-letterale", "letterale", """address = "http://127.0.0.1:18109/{account}"
values = {{ utente = "gw-{account}" }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 1
"""),
    "d5": ("tributi-impronta", "tributi", """address = "http://127.0.0.1:18105/{account}"
secrets = {{ passphrase = {{ file = "../../../../var/como/segreti/d5-{account}" }} }}{calendar}

[instance.values]
utente                   = "{user}"
intermediario_pec        = "caf.fittizio@pec.example"
operatore_nome           = "PROVINCIA DI COMO"
operatore_codice_fiscale = "00000000000"
operatore_email          = "pontile@pec.example"

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d6": ("civilia-next", "next", """address = "http://127.0.0.1:18106"
values = {{ tenant = "{account}0000-0000-4000-8000-000000{istat}", client_id = "gw-{account}", resource = "http://api.civilianext.example" }}
secrets = {{ client_secret = {{ file = "../../../../var/como/segreti/d6-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
"""),
    "d7": ("schermate-rpc", "schermate", """address = "http://127.0.0.1:18107"
values = {{ utente = "gw" }}
secrets = {{ password = {{ file = "../../../../var/como/segreti/d7-{account}" }} }}{calendar}

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d8": ("richiesta-standard", "standard", """address = "http://127.0.0.1:18108"{calendar}

[instance.deferred]
first = "2s"
least = "2s"
most  = "10s"

[instance.bounds]
answer_deadline = "5s"
concurrency = 4
"""),
    "d10a": ("tracciato-anagrafe", "anagrafe", """# Una cartella per tutti: i nomi dei file dicono di quale comune sono.
address = "folder:../../../../var/como/notturni"

[instance.night]
expected_by = "7:00"

[instance.bounds]
answer_deadline = "3s"
"""),
    "d10t": ("tracciato-tributi", "tributi", """address = "folder:../../../../var/como/notturni"

[instance.night]
expected_by = "7:00"

[instance.bounds]
answer_deadline = "3s"
"""),
    "mano": ("operatore-comunale", "sportello", """address = "operatori:"
"""),
    "d9": ("vista-comune", "vista", """# Viste di sola lettura sulla base dati del gestionale: qui un file SQLite, di solito PostgreSQL o MariaDB.
address = "sqlite:../../../../var/como/como.db"{calendar}

[instance.bounds]
connect_deadline = "1s"
answer_deadline = "3s"
concurrency = 8
"""),
}

HEAD = """# {what} dei comuni della provincia di Como, {file}. Scritto da ../make.py: si corregge quello, non questo file.
# Quale sistema abbia quale comune è una proposta secondo la dimensione: ../README.md. Fonti dei dati: ../ATTRIBUZIONE.md.
"""


def plain(name):
    """A name as instances may have it: small letters, digits, hyphens."""
    letters = unicodedata.normalize("NFD", name.lower())
    letters = "".join(letter if letter.isascii() else "" for letter in letters)
    words = "".join(letter if letter.isalnum() else " " for letter in letters).split()
    return "-".join(words)


def known(pair):
    return all(dialect in DIALECTS and (ADAPTERS / DIALECTS[dialect][0]).is_dir() for dialect in pair)


def dialects_of(comuni):
    """The pair of dialects of each municipality: those of its size in turn."""
    turns = Counter()
    for comune in comuni:
        size = next(size for size, _ in PROPOSAL if size is None or int(comune["abitanti_2011"]) < size)
        pairs = [pair for pair in dict(PROPOSAL)[size] if known(pair)] or MEANWHILE
        fixed = FIXED.get(comune["codice_istat"])
        yield fixed or pairs[turns[size] % len(pairs)]
        turns[size] += fixed is None


def instance(comune, dialect):
    adapter, end, rest = DIALECTS[dialect]
    istat, account, name = comune["codice_istat"], comune["codice_belfiore"].lower(), plain(comune["denominazione"])
    if dialect == "d1" and istat in UNION:
        account, name = "unione", "unione-intelvese"
    if dialect in ("d10a", "d10t"):
        name = "notturni"
    calendar = "\n" + CALENDARS[istat] if istat in CALENDARS else ""
    user = comune["codice_belfiore"].lower().encode().hex().ljust(40, "0")
    text = rest.format(account=account, istat=istat, user=user, calendar=calendar)
    return f"{name}-{end}", f'\n[[instance]]\nname = "{name}-{end}"\nadapter = "{adapter}"\n{text}'


def ente(comune, services):
    belfiore = comune["codice_belfiore"]
    lines = [
        "\n[[ente]]",
        f'codice_istat = "{comune["codice_istat"]}"',
        f'codice_belfiore = "{belfiore}"',
        f'codice_ipa = "c_{belfiore.lower()}"',
        f'denominazione = "{comune["denominazione"]}"',
    ]
    # That every municipality signed for questions to several is a proposal, too; who answers later cannot.
    if comune["codice_istat"] not in LATER:
        lines.append('joins = ["tributi.ricerche-posizione-in-enti"]')
    for domain, dialect, name in services:
        lines.append(f'servizi.{domain}.instance = "{name}"')
        if dialect in OF_THE_ENTE:
            values = OF_THE_ENTE[dialect].format(belfiore=belfiore, account=belfiore.lower())
            lines.append(f"servizi.{domain}.values = {{ {values} }}")
    return "\n".join(lines) + "\n"


def main():
    with open(HERE / "comuni.csv", encoding="utf-8") as file:
        comuni = list(csv.DictReader(file, delimiter=";"))
    enti, instances, written = dict.fromkeys(FILES, ""), dict.fromkeys(FILES, ""), set()
    for comune, pair in zip(comuni, dialects_of(comuni)):
        if comune["codice_istat"] in UNION:
            pair = ("d1", "d6")
        pair = LATER.get(comune["codice_istat"], pair)
        initial = plain(comune["denominazione"])[0]
        file = next(file for file in FILES if file[0] <= initial <= file[-1])
        services = []
        for domain, dialect in zip(["anagrafe", "tributi"], pair):
            name, text = instance(comune, dialect)
            services.append((domain, dialect, name))
            if name not in written:
                written.add(name)
                instances[file] += text
        enti[file] += ente(comune, services)
    for folder, what, texts in [("enti", "Enti", enti), ("istanze", "Istanze", instances)]:
        for old in (HERE / folder).glob("*.toml"):
            old.unlink()
        for file, text in texts.items():
            (HERE / folder / f"{file}.toml").write_text(HEAD.format(what=what, file=file) + text, encoding="utf-8")


if __name__ == "__main__":
    main()
