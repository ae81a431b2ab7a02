#!/bin/sh
# Runs fuzz targets one after the other for this many seconds each: fuzz/run.sh 600 jws jwks
set -eu
cd "$(dirname "$0")"
seconds=$1
shift
for target; do
    mkdir -p "corpus/$target" "artifacts/$target"
    cargo +nightly fuzz run --fuzz-dir . "$target" "corpus/$target" "seeds/$target" -- \
        -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
