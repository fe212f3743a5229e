#!/usr/bin/env bash
# Prints the folder of a cargo command of the project's own; builds it below target/tools first, unless that version is there.
#
#   PATH=$(scripts/cargo-tool.sh cargo-deb):$PATH cargo deb
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tool=${1:-}
case $tool in
    cargo-deb) version=3.8.0 ;;
    cargo-deny) version=0.20.2 ;;
    cargo-fuzz) version=0.13.2 ;;
    *) echo "cargo-tool.sh: which one: cargo-deb, cargo-deny or cargo-fuzz?" >&2; exit 1 ;;
esac

folder=$PWD/target/tools/$tool-$version
if [[ ! -x $folder/bin/$tool ]]; then
    echo "Building $tool $version in target/tools" >&2
    # What is built on the way is needed once.
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    cargo install "$tool" --version "$version" --locked --quiet --root "$folder" --target-dir "$scratch" >&2
fi
echo "$folder/bin"
