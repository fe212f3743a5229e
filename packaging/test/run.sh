#!/usr/bin/env bash
# Tries the Debian package on a Debian of its own, with systemd as process 1: install, start, upgrade, remove, purge.
#
#   packaging/test/run.sh          packs target/debug/pontile, which `make test` has built
#
# The trial (trial.sh) runs in namespaces of its own: files in memory, no network but its own loopback, its own processes.
# Nothing of it stays. It needs root, or sudo without a password; where it lacks that, it says so and is left out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly TARGET=${CARGO_TARGET_DIR:-target}
readonly FOLDER=$TARGET/package-test
readonly OLDER=0.0.1-1 NEWER=0.0.2-1
readonly LONGEST_SECONDS=300

step() { printf -- '── %s\n' "$*"; }
leave_out() { printf 'package: installation NOT tested: %s\n' "$*"; exit 0; }

as_root=()
if ((EUID != 0)); then
    sudo -n true 2>/dev/null || leave_out 'it needs root, or sudo without a password'
    as_root=(sudo -n)
fi
. /etc/os-release
[[ ${ID:-} == debian && -n ${VERSION_CODENAME:-} ]] || leave_out 'the program was built on another system than Debian'
"${as_root[@]}" packaging/test/machine.sh --possible 2>/dev/null || leave_out 'this machine allows no new namespaces or control groups'
scripts/install-debian-packages.sh package
mkdir -p "$FOLDER"

step "package: versions $OLDER and $NEWER"
PATH=$(scripts/cargo-tool.sh cargo-deb):$PATH
for version in "$OLDER" "$NEWER"; do
    cargo deb --locked --quiet --no-build --profile dev --fast --no-dbgsym --deb-version "$version" --output "$FOLDER/pontile_$version.deb" >/dev/null
done

readonly DEBIAN=$FOLDER/$VERSION_CODENAME.tar
if [[ ! -s $DEBIAN ]]; then
    step "package: a Debian $VERSION_CODENAME to try it on"
    "${as_root[@]}" mmdebstrap --quiet --variant=minbase --include=adduser,ca-certificates,curl,libssl3,systemd \
        "$VERSION_CODENAME" - >"$DEBIAN.new"
    mv "$DEBIAN.new" "$DEBIAN"
fi

step 'package: install, start, upgrade, remove, purge'
rm -rf "$FOLDER/input"
mkdir -p "$FOLDER/input"
ln "$FOLDER/pontile_$OLDER.deb" "$FOLDER/input/older.deb"
ln "$FOLDER/pontile_$NEWER.deb" "$FOLDER/input/newer.deb"
cp packaging/test/trial.sh "$FOLDER/input"
cp certs/dev/{server.pem,server.key,root.pem,root.crl.pem,operatore-uno.pem,operatore-uno.key,portale-uno.pem,portale-uno.key} "$FOLDER/input"
readonly WORDS=$FOLDER/trial.txt
: >"$WORDS"
# Process 1 of the namespaces hears no polite signal.
"${as_root[@]}" timeout --signal=KILL "$LONGEST_SECONDS" \
    packaging/test/machine.sh "$(realpath "$DEBIAN")" "$(realpath "$FOLDER/input")" "$(realpath "$WORDS")" || failed=yes
cat "$WORDS"
[[ -z ${failed:-} ]] || { echo "package: FAILED, see above" >&2; exit 1; }
