#!/bin/sh
# Makes all voices of this folder anew. Needs flite, espeak-ng, sox and flac, all of Debian.
set -eu

cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# pack FLAC: cuts the silence off what was spoken, and packs it as a telephone line carries it.
pack() {
    sox -D "$scratch/raw.wav" -b 16 -c 1 "$scratch/cut.wav" gain -n -3 \
        silence 1 0.005 0.3% reverse silence 1 0.005 0.3% reverse pad 0.01 0.01
    sox -D "$scratch/cut.wav" -b 16 -r 8000 "$scratch/line.wav" gain -6 rate -h gain -n -3
    flac --silent --force -8 --no-padding --no-seektable -o "$1" "$scratch/line.wav"
}

# english NAME TEXT: by flite, a little slower than its own speed.
english() {
    flite -voice slt --setf duration_stretch=1.15 -t "$2" -o "$scratch/raw.wav"
    pack "en/$1.flac"
}

# other LANGUAGE VOICE NAME TEXT: by espeak-ng.
other() {
    espeak-ng -v "$2" -s 140 -w "$scratch/raw.wav" "$4"
    pack "$1/$3.flac"
}

mkdir -p en es pt

digit=0
for word in zero one two three four five six seven eight nine; do
    english "$digit" "$word"
    digit=$((digit + 1))
done
english intro "Your verification code is"
english again "Once again, your code is"

for digit in 0 1 2 3 4 5 6 7 8 9; do
    other es es-419 "$digit" "$digit"
    other pt pt-br "$digit" "$digit"
done
other es es-419 intro "Su código de verificación es"
other es es-419 again "Repito, su código es"
other pt pt-br intro "Seu código de verificação é"
other pt pt-br again "Repetindo, o seu código é"
