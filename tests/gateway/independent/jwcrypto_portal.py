"""A portal's tokens by jwcrypto: reads the order on standard input, prints the headers of the request as JSON.

With `--keys FILE…` it prints the JWK set of these public keys (PEM) instead, each under the name of its file.
"""

import json
import sys
from pathlib import Path

from jwcrypto import jwk, jwt
from portal import headers

if sys.argv[1:2] == ["--keys"]:
    keys = []
    for file in map(Path, sys.argv[2:]):
        key = jwk.JWK.from_pem(file.read_bytes())
        keys.append(json.loads(key.export_public()) | {"kid": file.stem, "use": "sig"})
    print(json.dumps({"keys": keys}))
    sys.exit()

order = json.load(sys.stdin)
key = jwk.JWK.from_pem(Path(order["key"]).read_bytes())


def sign(header, claims):
    token = jwt.JWT(header=header | {"alg": order["algorithm"]}, claims=claims)
    token.make_signed_token(key)
    return token.serialize()


print(json.dumps(headers(order, sign)))
