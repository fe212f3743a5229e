#!/usr/bin/env python3
"""A small portal: citizens log in with their card and see what their municipality has on record about them.

It is an example, not a product: one process, sessions in memory, no style. What it shows is all that a portal needs: an OpenID
Connect client (Authlib), the portal's certificate, and the Citizen-Token with every question.

    examples/portal/portal.py --gateway https://localhost:8443 --issuer https://localhost:7443 --ca root.pem \
        --certificate portale-uno.pem --key portale-uno.key --client portale-uno --ente 013041 --purpose prova --port 8080
"""

import argparse
import html
import json
import secrets
from datetime import date
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

SESSION = "sessione"


class Gateway:
    """The gateway as this portal knows it: where citizens log in, and where questions are asked."""

    def __init__(self, options):
        self.options = options
        # Discovery and keys are read without the portal's certificate: the login host asks for citizens' cards.
        self.metadata = self.read(f"{options.issuer}/.well-known/openid-configuration")
        if self.metadata["issuer"] != options.issuer:
            raise SystemExit(f"{options.issuer} calls itself {self.metadata['issuer']}")

    def read(self, address):
        answer = requests.get(address, verify=self.options.ca, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def client(self, redirect_uri):
        """The certificate is the client's authentication: no secret exists."""
        return OAuth2Session(
            self.options.client,
            redirect_uri=redirect_uri,
            scope="openid",
            code_challenge_method="S256",
            token_endpoint_auth_method="none",
        )

    def log_in(self, redirect_uri):
        """Where the citizen goes to show the card, and what must be remembered until they come back."""
        pending = {"nonce": secrets.token_urlsafe(24), "code_verifier": secrets.token_urlsafe(48)}
        address, pending["state"] = self.client(redirect_uri).create_authorization_url(
            self.metadata["authorization_endpoint"], **pending
        )
        return address, pending

    def logged_in(self, redirect_uri, returned, pending):
        """The citizen's claims and Citizen-Token for what came back; `ValueError` where it is not what was asked for."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(returned).query).items()}
        if not secrets.compare_digest(query.get("state", ""), pending["state"]) or query.get("iss") != self.options.issuer:
            raise ValueError("the answer is not to our request")
        if "code" not in query:
            raise ValueError(query.get("error", "no code"))
        token = self.client(redirect_uri).fetch_token(
            self.metadata["token_endpoint"],
            code=query["code"],
            code_verifier=pending["code_verifier"],
            verify=self.options.ca,
            cert=(self.options.certificate, self.options.key),
        )
        keys = KeySet.import_key_set(self.read(self.metadata["jwks_uri"]))
        claims = jwt.decode(token["id_token"], keys, self.metadata["id_token_signing_alg_values_supported"]).claims
        demanded = {"iss": self.options.issuer, "aud": self.options.client, "nonce": pending["nonce"]}
        demanded = {name: {"essential": True, "value": value} for name, value in demanded.items()}
        jwt.JWTClaimsRegistry(leeway=5, exp={"essential": True}, **demanded).validate(claims)
        return claims, token["access_token"]

    def ask(self, path, question, citizen_token):
        answer = requests.post(
            f"{self.options.gateway}{path}",
            json=question,
            headers={"Purpose-Id": self.options.purpose, "Citizen-Token": citizen_token},
            verify=self.options.ca,
            cert=(self.options.certificate, self.options.key),
            timeout=35,
        )
        return answer.status_code, answer.json()


class Portal(BaseHTTPRequestHandler):
    """The portal's pages."""

    gateway = None
    sessions = {}

    def do_GET(self):
        page = {"/": self.begin, "/entra": self.leave, "/ritorno": self.come_back}.get(urlsplit(self.path).path)
        if page is None:
            return self.show(404, "Pagina inesistente", "")
        return page()

    def begin(self):
        self.show(200, "I miei dati", '<p><a href="/entra">Entra con la carta (TS-CNS, CIE)</a></p>')

    def leave(self):
        session = secrets.token_urlsafe(24)
        address, self.sessions[session] = self.gateway.log_in(self.redirect_uri())
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Set-Cookie", f"{SESSION}={session}; HttpOnly; SameSite=Lax; Path=/")
        self.end_headers()

    def come_back(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(SESSION)
        pending = self.sessions.pop(cookie.value, None) if cookie else None
        if pending is None:
            return self.show(400, "Accesso non iniziato qui", "")
        try:
            citizen, token = self.gateway.logged_in(self.redirect_uri(), self.path, pending)
        except Exception as error:  # Whatever is wrong with a log-in, the citizen begins again.
            self.log_error("log-in refused: %s", type(error).__name__)
            return self.show(403, "Accesso non riuscito", '<p><a href="/">Ricomincia</a></p>')
        ente, code = self.gateway.options.ente, citizen["codice_fiscale"]
        questions = [
            ("Scheda anagrafica", f"/rest/anagrafe/v1/enti/{ente}/ricerche-persona", {"codice_fiscale": code}),
            (
                "Posizione IMU",
                f"/rest/tributi/v1/enti/{ente}/ricerche-posizione",
                {"codice_fiscale": code, "tributo": "IMU", "anno": date.today().year - 1},
            ),
        ]
        body = f"<p>{html.escape(citizen.get('given_name', ''))} {html.escape(citizen.get('family_name', ''))}, {html.escape(code)}</p>"
        for title, path, question in questions:
            status, answer = self.gateway.ask(path, question, token)
            written = html.escape(json.dumps(answer, ensure_ascii=False, indent=2))
            body += f"<h2>{title}</h2><p>HTTP {status}</p><pre>{written}</pre>"
        return self.show(200, "I miei dati", body)

    def redirect_uri(self):
        return f"http://localhost:{self.server.server_port}/ritorno"

    def show(self, status, title, body):
        page = f'<!doctype html><html lang="it"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format, *arguments):
        """Addresses hold codes: nothing is logged but errors."""

    def log_error(self, format, *arguments):
        print(format % arguments, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["gateway", "issuer", "ca", "certificate", "key", "client", "ente", "purpose"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    Portal.gateway = Gateway(options)
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Portal)
    print(f"http://localhost:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
