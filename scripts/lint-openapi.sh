#!/usr/bin/env bash
# Holds openapi/*.yaml against the Italian guidelines for interoperability: no error, no warning.
#
# The ruleset (AGPL) is not part of this project: it is looked for in $PONTILE_SHARED, or in ../shared beside the checkout,
# and where it is missing the check is skipped with a message. Spectral comes from npm into a cache outside the checkout.
set -euo pipefail

readonly SPECTRAL='@stoplight/spectral-cli@6.16.3'
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rules=${PONTILE_SHARED:-$root/../shared}/standards/b-oas-checker/rulesets/spectral.yml
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pontile/spectral

skip() { echo "scripts/lint-openapi.sh: skipped: $*"; exit 0; }

[[ -f $rules ]] || skip "no ruleset at $rules (set PONTILE_SHARED)"
command -v npm >/dev/null || skip 'npm is not installed (apt-get install npm)'

mkdir -p "$cache"
# Checks run side by side must not install into the same folder at once.
exec 9>"$cache/.lock"
flock 9
if [[ ! -x $cache/node_modules/.bin/spectral ]]; then
    npm install --prefix "$cache" --no-audit --no-fund --loglevel=error "$SPECTRAL" || skip "npm cannot install $SPECTRAL"
fi
flock -u 9

"$cache/node_modules/.bin/spectral" lint "$root"/openapi/*.yaml --ruleset "$rules" --fail-severity=warn
