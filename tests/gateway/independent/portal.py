"""What a portal signs under ID_AUTH_REST_02, INTEGRITY_REST and AUDIT_REST, whatever library signs it."""

import base64
import hashlib
import time
import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


def reference(order):
    """How a token says which key signed it."""
    if order["reference"] == "kid":
        return {"kid": Path(order["key"]).stem}
    der = x509.load_pem_x509_certificate(Path(order["certificate"]).read_bytes()).public_bytes(Encoding.DER)
    if order["reference"] == "x5c":
        return {"x5c": [base64.b64encode(der).decode()]}
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest())
    return {"x5t#S256": digest.rstrip(b"=").decode()}


def headers(order, sign):
    """The headers of a request with this body; `sign` takes header and claims and gives a compact token."""
    now = int(time.time())

    def token(besides):
        claims = {"iss": "portale-uno", "aud": order["audience"], "iat": now, "nbf": now, "exp": now + 60}
        return sign({"typ": "JWT"} | reference(order), claims | {"jti": str(uuid.uuid4())} | besides)

    digest = "SHA-256=" + base64.b64encode(hashlib.sha256(order["body"].encode()).digest()).decode()
    evidence = token({"userID": "operatore-0042", "userLocation": "sportello-01", "LoA": "substantial"})
    signed = [{"digest": digest}, {"content-type": "application/json"}, {"agid-jwt-trackingevidence": evidence}]
    return {
        "Authorization": "Bearer " + token({}),
        "Digest": digest,
        "Agid-JWT-Signature": token({"signed_headers": signed}),
        "Agid-JWT-TrackingEvidence": evidence,
    }
