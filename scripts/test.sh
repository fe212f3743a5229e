#!/usr/bin/env bash
# Sets up and runs all tests: Debian packages, certificates, build, lints, every test of the workspace, the published documents' style,
# the Debian package.
#
#   make test                      or scripts/test.sh [ARGUMENTS FOR cargo test]
#
# The style check needs the national rule set, which is not part of this project: PONTILE_SHARED names the folder that holds
# standards/b-oas-checker (../shared unless told); without it the check is left out, and that is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly SHARED=${PONTILE_SHARED:-../shared}
readonly SCHEMATHESIS=4.32.5 PYJWT=2.10.1 JWCRYPTO=1.5.6 JOSE=5.10.0
readonly SUMMARY=var/test/cargo-test.txt

fail() { printf 'make test: %s\n' "$*" >&2; exit 1; }
step() { printf -- '── %s\n' "$*"; }

# schemathesis lives in a virtual environment of its own below target/.
prepare_schemathesis() {
    local folder=target/schemathesis-$SCHEMATHESIS
    if [[ ! -x $folder/bin/schemathesis ]]; then
        step 'schemathesis'
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" --quiet --disable-pip-version-check install "schemathesis==$SCHEMATHESIS"
    fi
    PONTILE_SCHEMATHESIS=$(realpath "$folder/bin/schemathesis")
    export PONTILE_SCHEMATHESIS
}

# Libraries by which tests make tokens as portals would, apart from the system's own.
prepare_tokens() {
    local example
    example=$(cksum <examples/portal/requirements.txt)
    PONTILE_TOKENS=$PWD/target/tokens-$PYJWT-$JWCRYPTO-$JOSE-${example%% *}
    export PONTILE_TOKENS
    [[ ! -e $PONTILE_TOKENS/complete ]] || return 0
    step 'libraries for tokens'
    rm -rf "$PONTILE_TOKENS"
    python3 -m venv "$PONTILE_TOKENS"
    "$PONTILE_TOKENS/bin/pip" --quiet --disable-pip-version-check install "PyJWT[crypto]==$PYJWT" "jwcrypto==$JWCRYPTO" \
        --requirement examples/portal/requirements.txt
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$PONTILE_TOKENS/npm" "jose@$JOSE"
    touch "$PONTILE_TOKENS/complete"
}

scripts/install-debian-packages.sh build test
command -v cargo >/dev/null || fail 'cargo is missing: install Rust from https://rustup.rs, then run this again'
# The servers that tests start live where the PATH of an ordinary user does not reach.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
if [[ -d $SHARED ]]; then export PONTILE_SHARED=$(realpath "$SHARED"); fi
step 'certificates'
certs/make.sh
prepare_schemathesis
prepare_tokens
step 'build'
# Tests start the programs themselves as processes.
cargo build --locked --workspace --bins
cargo test --locked --workspace --no-run
step 'lints'
cargo fmt --all --check || failed=yes
cargo clippy --locked --quiet --workspace --all-targets -- -D warnings || failed=yes
step 'tests'
mkdir -p "${SUMMARY%/*}"
cargo test --locked --workspace --no-fail-fast "$@" 2>&1 | tee "$SUMMARY" || failed=yes
step 'openapi/: style'
scripts/lint-openapi.sh
# Who asks for certain tests does not wait for this one.
if (($# == 0)); then packaging/test/run.sh || failed=yes; fi
step 'closing lines of cargo test'
grep -E '^(test result|error: |test .*FAILED)|Running|Doc-tests' "$SUMMARY"
[[ ${failed:-no} == no ]] || fail 'some tests failed'
