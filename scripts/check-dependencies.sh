#!/usr/bin/env bash
# Holds the dependencies against deny.toml: licences, banned crates, sources, and known vulnerabilities.
#
# The list of vulnerabilities is fetched from GitHub; where that cannot be reached, this part is left out, and that is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PATH=$(scripts/cargo-tool.sh cargo-deny):$PATH
cargo deny --locked check --hide-inclusion-graph licenses bans sources
if cargo deny --locked fetch db >/dev/null 2>&1; then
    cargo deny --locked check --disable-fetch advisories
else
    echo 'dependencies: known vulnerabilities NOT checked, their list cannot be fetched'
fi
