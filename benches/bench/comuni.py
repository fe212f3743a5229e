"""More municipalities for a configuration: those of Italy that exist today, each with an instance of its own."""

from pathlib import Path

PLACES = Path(__file__).resolve().parents[2] / "adapters" / "_places" / "comuni.csv"
# What the configuration has anyway.
ALREADY = {"D416", "B639"}

ENTE = """
[[ente]]
codice_istat = "{istat}"
codice_belfiore = "{belfiore}"
codice_ipa = "c_{small}"
denominazione = "{name}"
servizi.anagrafe.instance = "next-{small}"

[[instance]]
name = "next-{small}"
adapter = "civilia-next"
address = "http://{back_end}"
values = {{ tenant = "{small}0000-0000-4000-8000-000000{istat}", client_id = "bench", resource = "http://api.civilianext.example" }}
secrets = {{ client_secret = {{ file = "{folder}/secret" }} }}
"""


def today():
    """Codes and names of today's municipalities: an empty last day, and both codes."""
    with open(PLACES, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(";") for line in file][1:]
    return [(belfiore, istat, name) for belfiore, istat, name, _, last in rows if belfiore and istat and not last]


def added(enti):
    """Codes and names of those that are to be added so that there are so many enti in all."""
    more = enti - len(ALREADY)
    known = [row for row in today() if row[0] not in ALREADY]
    # The table lacks some two hundred of today's: invented codes make up for them.
    invented = [(f"Y{number:03}", f"{900_000 + number}", f"Comune {number}") for number in range(max(0, more - len(known)))]
    return (known + invented)[:more]


def istat_codes(enti):
    return [istat for _, istat, _ in added(enti)]


def configuration(enti, back_end, folder):
    """What is to be added to the configuration for them."""
    return "".join(
        ENTE.format(istat=istat, belfiore=belfiore, small=belfiore.lower(), name=name, back_end=back_end, folder=folder)
        for belfiore, istat, name in added(enti)
    )
