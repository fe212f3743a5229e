#!/usr/bin/env bash
# Holds openapi/*.yaml against the Italian guidelines for interoperability: no error, no warning.
#
# The rule set (AGPL) is not part of this project: it is looked for in $PONTILE_SHARED, or in ../shared beside the checkout,
# and where it is missing the check is left out, and that is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SPECTRAL=6.16.3
readonly RULES=${PONTILE_SHARED:-../shared}/standards/b-oas-checker/rulesets/spectral.yml

if [[ ! -r $RULES ]]; then
    echo "openapi/: style NOT checked, no $RULES (PONTILE_SHARED names its folder)"
    exit 0
fi
exec npx --yes "@stoplight/spectral-cli@$SPECTRAL" lint --ruleset "$RULES" --fail-severity warn openapi/*.yaml
