#!/usr/bin/env bash
# Fuzzes what reads the back ends' answers, one target after the other; fails at the first finding.
#
#   fuzz/run.sh [MINUTES] [TARGET…]       10 minutes and all targets unless told
#
# Needs a nightly toolchain (`rustup toolchain install nightly`): libFuzzer's instrumentation is not in the stable one.
# A crash, an answer over 5 seconds, a single allocation over 64 MiB or a process over 1 GiB is a finding; its input lies
# in fuzz/artifacts/<target>, and becomes a test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

minutes=${1:-10}
shift || true
PATH=$(scripts/cargo-tool.sh cargo-fuzz):$PATH
targets=("$@")
if ((${#targets[@]} == 0)); then mapfile -t targets < <(cargo +nightly fuzz list); fi

fuzz/seeds.py
for target in "${targets[@]}"; do
    echo "── $target, $minutes minutes"
    # The code is safe Rust: libFuzzer's own bounds find more per minute than an address sanitizer.
    cargo +nightly fuzz run --sanitizer none "$target" -- \
        -max_total_time=$((minutes * 60)) -max_len=65536 -timeout=5 -malloc_limit_mb=64 -rss_limit_mb=1024 -print_final_stats=1
done
