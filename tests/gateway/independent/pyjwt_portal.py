"""A portal's tokens by PyJWT: reads the order on standard input, prints the headers of the request as JSON."""

import json
import sys
from pathlib import Path

import jwt
from portal import headers

order = json.load(sys.stdin)
key = Path(order["key"]).read_text()
print(json.dumps(headers(order, lambda header, claims: jwt.encode(claims, key, order["algorithm"], headers=header))))
