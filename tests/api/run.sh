#!/usr/bin/env bash
# Programs of partners against a running daemon: the SDK that is on npm, unmodified, and schemathesis, which sends
# whatever the documentation of the API allows and much that it does not.
#
#   tests/api/run.sh FOLDER     where the build lies, and beside it what scripts/setup.sh has installed
set -euo pipefail

target=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
zavud=$target/debug/zavud
room=$(mktemp -d)
daemon=

end() {
    [[ -z $daemon ]] || kill "$daemon" 2>/dev/null || true
    rm -rf "$room"
}
trap end EXIT

# Starts a daemon whose keys may be used so often in a minute, and sets `url`: serve TIMES
serve() {
    cat >"$room/config.toml" <<CONFIG
[sip]
listen = "127.0.0.1:0"
[web]
listen = "127.0.0.1:0"
[store]
path = "$room/zavud.db"
[speech]
enabled = false
[meta]
mode = "sandbox"
sandbox_listen = "127.0.0.1:0"
[api]
requests_per_minute = $1
[log]
format = "json"
CONFIG
    # Emptied here, so that the address of the daemon before is not taken for that of this one.
    : >"$room/log"
    "$zavud" serve --config "$room/config.toml" 2>>"$room/log" &
    daemon=$!
    until url=$(sed -n 's/.*"message":"ready".*"web":"\([^"]*\)".*/http:\/\/\1/p' "$room/log") && [[ -n $url ]]; do
        kill -0 "$daemon" || { cat "$room/log" >&2; exit 1; }
        sleep 0.1
    done
}

# Ends the daemon, and looks for what should not have happened in it.
stop() {
    kill "$daemon"
    wait "$daemon"
    daemon=
    if grep -E '"level":"ERROR"|panicked' "$room/log"; then
        echo "the daemon had a fault" >&2
        exit 1
    fi
}

ask() {
    "$zavud" "$@" --config "$room/config.toml"
}

serve 120
ask project new acme
ask number add +15550100123 --project acme
live=$(ask key new --project acme)
test=$(ask key new --project acme --test)
NODE_PATH=$target/api/node_modules node "$here/sdk.mjs" "$url" "$live" "$test"
stop

# A test key: what is invented here reaches nobody. The stream of events has no end, so it is not walked through.
serve 1000000
"$target/venv/bin/schemathesis" run "$url/v1/openapi.json" --url "$url/v1" \
    --header "Authorization: Bearer $test" \
    --exclude-path '/invitations/{id}/events' \
    --checks all --exclude-checks positive_data_acceptance \
    --max-examples "${EXAMPLES:-30}" --seed "${SEED:-1}" --no-color --generation-database none
stop
