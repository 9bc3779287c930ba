#!/usr/bin/env bash
# Measures the reader against its goals and against stock Whisper: make bench-speech
#
# Composes calls of voices that the reader was never taught with, reads them, and prints tables.
# The recordings lie outside of the project; without them there is nothing to measure.
#
#   VOICES  folders of recorded voices          default: ../shared/voices ../shared/training
#   FLUENT  corpus of text-to-speech engines    default: made here, where pico and rhvoice are
#   SCALE   how many of the calls               default: 1, about 3,000 calls and half an hour
set -euo pipefail

target=${CARGO_TARGET_DIR:-target}
zavud=$target/release/zavud
python=$target/venv/bin/python
read -ra voices <<<"${VOICES:-../shared/voices ../shared/training}"
fluent=${FLUENT:-$target/heldout}
scale=${SCALE:-1}
calls=$target/bench-calls
reports=$target/bench-speech

if [[ ! -d ${voices[0]} ]]; then
    echo "bench-speech: SKIPPED: there are no recordings in ${voices[0]} (set VOICES)"
    exit 0
fi

# Engines that nothing was taught with.
if [[ ! -d $fluent && -f models/training/synthesise.py ]]; then
    "$python" models/training/synthesise.py --out "$fluent" --engines pico,rhvoice ||
        echo "bench-speech: no text-to-speech engine is there, so no fluent sentences are read"
fi

rm -rf "$reports"
mkdir -p "$reports"
"$python" models/training/bench_calls.py "$calls" --voices "${voices[@]}" --fluent "$fluent" --scale "$scale"

# Reads a set and keeps the report: bench NAME SET [OPTION]...
bench() {
    local name=$1 set=$calls/$2
    shift 2
    [[ -d $set ]] || return 0
    echo "bench-speech: $name"
    "$zavud" bench speech "$set" --json "$@" >"$reports/$name.json"
}

for set in prompts amateurs fluent negative; do
    bench "$set" "$set" --plot "$reports/$set.svg" \
        --dump "$reports/$set.jsonl" --curve "$reports/$set.curve.jsonl"
done
bench one prompts --realtime --calls 4
bench forty prompts --realtime --concurrent 40 --calls 120

"$python" models/training/stock.py "$target/stock"
for set in prompts fluent; do
    bench "$set-reader" "$set" --calls 60
    bench "$set-base" "$set" --calls 60 --stock "$target/stock/ggml-base.bin"
    bench "$set-tiny.en" "$set" --calls 60 --stock "$target/stock/ggml-tiny.en.bin"
done

"$python" models/training/bench_table.py "$reports"
echo
echo "The recipe keeps out: debian_es, debian_fr, bero_de, cisco_en (prompts); fsdd_theo, fsdd_nicolas"
echo "(amateurs); the engines pico and rhvoice (fluent). Phrases of voices that have none are borrowed."
echo "Plots, reports and what was heard in each call: $reports"
