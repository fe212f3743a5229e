#!/usr/bin/env bash
# Builds the gateway as it is shipped, target/guided/pontile: the `dist` profile, compiled and laid out by what a gateway under
# the bench's load was seen to do (docs/decisions/0022-builds-guided-by-a-profile.md).
#
#   scripts/guided-build.sh        about a quarter of an hour on two cores; what did not change since is not built again
#
# Four steps: build with counters, run under load (benches/train.py), build by the counts, lay out hot code together (BOLT).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FOLDER=$PWD/target/guided
readonly CARGO_FOLDER=$FOLDER/cargo
HOST=$(rustc --print host-tuple)
SYSROOT=$(rustc --print sysroot)
readonly HOST SYSROOT
# By its own folder: under its short name it does not find what it puts into programs that it observes.
readonly BOLT=/usr/lib/llvm-19/bin
# The compiler's own: the format of counts belongs to its version.
readonly TOOLS=$SYSROOT/lib/rustlib/$HOST/bin

fail() { printf 'guided-build.sh: %s\n' "$*" >&2; exit 1; }
step() { printf -- '── %s\n' "$*" >&2; }

# build FLAGS: build scripts and macros are the host's, and are not guided.
build() {
    RUSTFLAGS=$1 CARGO_TARGET_DIR=$CARGO_FOLDER \
        cargo build --locked --profile dist --package pontile --bin pontile --target "$HOST"
}

# The linker's relocations let BOLT move functions.
readonly PROGRAM=$CARGO_FOLDER/$HOST/dist/pontile RELOCATABLE='-Clink-arg=-Wl,--emit-relocs'

scripts/install-debian-packages.sh build guided
if [[ ! -x $TOOLS/llvm-profdata ]]; then
    step "LLVM's tools of this compiler"
    rustup component add llvm-tools || fail "LLVM's tools of this compiler are missing: \`rustup component add llvm-tools\`"
fi
mkdir -p "$FOLDER"
cargo build --locked --quiet --profile release --package pontile-bench

step 'a build that counts'
rm -rf "$FOLDER/counts"
build "-Cprofile-generate=$FOLDER/counts"
step 'under load'
benches/train.py "$PROGRAM"
"$TOOLS/llvm-profdata" merge --output "$FOLDER/merged.profdata" "$FOLDER"/counts/*.profraw
# Cargo looks at the name of the file only.
counted=$FOLDER/$(sha256sum "$FOLDER/merged.profdata" | cut --characters 1-16).profdata
mv "$FOLDER/merged.profdata" "$counted"

step 'a build by the counts'
build "-Cprofile-use=$counted $RELOCATABLE"
step 'under load, to see which code runs after which'
rm -f "$FOLDER"/branches*.fdata
"$BOLT/llvm-bolt" "$PROGRAM" -instrument -instrumentation-file="$FOLDER/branches" -instrumentation-file-append-pid \
    -o "$FOLDER/observed" &>"$FOLDER/bolt.log" || fail "BOLT failed: see $FOLDER/bolt.log"
benches/train.py "$FOLDER/observed"
"$BOLT/merge-fdata" -o "$FOLDER/branches.fdata" "$FOLDER"/branches.*.fdata 2>>"$FOLDER/bolt.log"
step 'hot code together'
"$BOLT/llvm-bolt" "$PROGRAM" -data="$FOLDER/branches.fdata" -reorder-blocks=ext-tsp -reorder-functions=cdsort \
    -split-functions -split-all-cold -split-eh -o "$FOLDER/laid-out" &>>"$FOLDER/bolt.log" || fail "BOLT failed: see $FOLDER/bolt.log"
# Not by the strip of binutils: what it makes of a program with its parts in such an order does not start.
"$TOOLS/llvm-strip" "$FOLDER/laid-out"
"$FOLDER/laid-out" --version >&2
mv "$FOLDER/laid-out" "$FOLDER/pontile"
rm -f "$FOLDER/observed" "$counted"
