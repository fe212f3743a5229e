"""Fiscal codes that no person has and that are formally valid, as many as a run needs."""

import itertools

_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
_MONTHS = "ABCDEHLMPRST"
_CONSONANTS = "BCDFGLMNPRSTVZ"


def _check(code):
    total = 0
    for place, character in enumerate(code):
        value = int(character) if character.isdigit() else ord(character) - ord("A")
        total += _ODD[value] if place % 2 == 0 else value
    return chr(ord("A") + total % 26)


def codes(place):
    """Codes of people born in the place with this Belfiore code, all different."""
    # The X in the surname is what real codes have only for surnames of two letters.
    names = itertools.product(_CONSONANTS, repeat=4)
    for first, second, third, fourth in names:
        for year, month, day in itertools.product(range(50, 100), _MONTHS, range(1, 29)):
            code = f"{first}{second}X{third}{fourth}X{year:02}{month}{day:02}{place}"
            yield code + _check(code)
