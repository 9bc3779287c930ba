#!/usr/bin/env bash
# Installs what is missing on a Debian machine (bookworm, trixie) that has a Rust toolchain.
#
#   scripts/setup.sh [build|browser|api|interop|check|fuzz|bench|train]...     everything when none is named
#
# Looks for commands and not for packages: what came from elsewhere is as good. Changes nothing, and
# asks the network nothing, when nothing is missing. Never prompts.
set -euo pipefail

cargo_deny_version=0.20.2
cargo_fuzz_version=0.13.2
axe_core_version=4.14.1
sdk_version=0.57.0

packages=()

# Notes a package as missing unless a command is there: need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null || packages+=("$2")
}

# bindgen loads this library while it builds the binding to whisper.cpp. libclang-cpp, which lies
# beside it and comes with clang, is another one.
has_libclang() {
    [[ -n ${LIBCLANG_PATH:-} ]] && return
    local pattern
    for pattern in 'libclang.so*' 'libclang-[0-9]*.so*'; do
        compgen -G "/usr/lib/llvm-*/lib/$pattern" >/dev/null && return
        compgen -G "/usr/lib/*-linux-gnu/$pattern" >/dev/null && return
        compgen -G "/usr/lib64/$pattern" >/dev/null && return
    done
    return 1
}

need_for_build() {
    need cc gcc
    need c++ g++
    need make make
    need cmake cmake
    need clang clang
    need pkg-config pkg-config
    has_libclang || packages+=(libclang-dev)
}

# A browser, and what brings the judge of its pages.
need_for_browser() {
    need chromium chromium
    need chromedriver chromium-driver
    need node nodejs
    need npm npm
}

# What programs of partners are: the SDK, and a tester that reads the documentation.
need_for_api() {
    need node nodejs
    need npm npm
    need_python
}

# Other people's telephones and switches. The tests start them, each for itself.
need_for_interop() {
    need sipp sip-tester
    need sipsak sipsak
    need svmap sipvicious
    need baresip baresip-core
    need linphone-daemon linphone-cli
    need kamailio kamailio
    need fail2ban-regex fail2ban
}

need_python() {
    need python3 python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
}

# What teaches the reader: the engines that speak most of what it is taught.
need_for_train() {
    need_python
    ldconfig -p | grep -q libespeak-ng || packages+=(libespeak-ng1)
    need flite flite
    need festival festival
    local voice
    for voice in kallpc16k kdlpc16k us-slt-hts italp16k itapc16k ru; do
        is_installed "festvox-$voice" || packages+=("festvox-$voice")
    done
}

# What composes calls for the benchmark.
need_for_bench() {
    need_python
}

is_installed() {
    dpkg-query --status "$@" >/dev/null 2>&1
}

# Debian starts what it installs: a switch on port 5060 and a guard over the log files.
keep_peers_from_running() {
    command -v systemctl >/dev/null || return 0
    local package
    for package in kamailio fail2ban; do
        [[ " ${packages[*]} " != *" $package "* ]] ||
            "${as_root[@]}" systemctl disable --now "$package" || true
    done
}

install_packages() {
    as_root=()
    if ! command -v apt-get >/dev/null; then
        refuse "this is no Debian"
    elif [[ $EUID -ne 0 ]]; then
        sudo -n true 2>/dev/null || refuse "that takes root, or sudo without a password"
        as_root=(sudo -n)
    fi
    echo "setup: installing ${packages[*]}"
    # Another installation may hold the lock for a while, on a machine that has just booted.
    local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get -q -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update </dev/null
    "${apt[@]}" install -y --no-install-recommends "${packages[@]}" </dev/null
    keep_peers_from_running
}

refuse() {
    echo "setup: cannot install packages: $1. Please install:" >&2
    echo "    ${packages[*]}" >&2
    exit 1
}

# The engines whose speech the reader never heard, for the benchmark. Without them it does the rest.
install_engines() {
    local engines=(libttspico-utils rhvoice rhvoice-{english,russian,brazilian-portuguese})
    is_installed "${engines[@]}" && return
    packages=("${engines[@]}")
    (install_packages) || true
    is_installed "${engines[@]}" || echo "setup: ${engines[*]} are missing, which lie in Debian's" \
        "component non-free. No fluent sentences will be read." >&2
}

# Installs a subcommand of cargo unless it is there: install_subcommand NAME VERSION
# Without optimisation: it runs for seconds, and compiles in less than half of the minutes.
install_subcommand() {
    cargo "$1" --version >/dev/null 2>&1 && return
    echo "setup: installing cargo-$1 $2, which takes a minute or two"
    cargo install --locked --debug "cargo-$1" --version "$2" </dev/null
}

# Installs packages of Python beside the build: install_python REQUIREMENTS
# What is imported is compiled then; to compile all of PyTorch here takes longer than to fetch it.
install_python() {
    local venv=${CARGO_TARGET_DIR:-target}/venv
    [[ -x $venv/bin/python ]] || python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-compile -r "$1"
}

# Installs axe-core, which finds what makes a page hard to use, beside the build.
install_axe() {
    local folder installed
    folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")
    installed=$(node -p 'require(process.argv[1]).version' \
        "$folder/node_modules/axe-core/package.json" 2>/dev/null) || true
    [[ $installed != "$axe_core_version" ]] || return 0
    npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts --no-audit \
        --no-fund --loglevel=error "axe-core@$axe_core_version" </dev/null
}

# Installs the SDK that partners have, in a folder of its own: npm removes from one what it was not told of.
install_sdk() {
    local folder installed
    folder=$(realpath -m "${CARGO_TARGET_DIR:-target}")/api
    installed=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).version' \
        "$folder/node_modules/@zavudev/sdk/package.json" 2>/dev/null) || true
    [[ $installed != "$sdk_version" ]] || return 0
    npm install --prefix "$folder" --no-save --no-package-lock --ignore-scripts --no-audit \
        --no-fund --loglevel=error "@zavudev/sdk@$sdk_version" </dev/null
}

# Rust itself is not ours to install: the versions that Debian has are too old.
need_cargo() {
    local subcommand
    for subcommand in "$@"; do
        cargo "$subcommand" --help >/dev/null 2>&1 && continue
        echo "setup: 'cargo $subcommand' is missing. Please install Rust with rustup, including" \
            "rustfmt and clippy." >&2
        exit 1
    done
}

[[ $# -gt 0 ]] || set -- build browser api interop check fuzz bench train

# All need what the build needs: lints and tests compile the same binding.
need_cargo build
need_for_build
for purpose in "$@"; do
    case $purpose in
    build) ;;
    browser) need_for_browser ;;
    api) need_for_api ;;
    interop) need_for_interop ;;
    check) need_cargo fmt clippy ;;
    fuzz) ;;
    bench) need_for_bench ;;
    train) need_for_train ;;
    *)
        echo "usage: $0 [build|browser|api|interop|check|fuzz|bench|train]..." >&2
        exit 64
        ;;
    esac
done

[[ ${#packages[@]} -eq 0 ]] || install_packages
[[ " $* " != *" browser "* ]] || install_axe
[[ " $* " != *" api "* ]] || install_sdk
[[ " $* " != *" api "* ]] || install_python "${0%/*}/../tests/api/requirements.txt"
[[ " $* " != *" check "* ]] || install_subcommand deny "$cargo_deny_version"
[[ " $* " != *" fuzz "* ]] || install_subcommand fuzz "$cargo_fuzz_version"
[[ " $* " != *" bench "* ]] || install_engines
[[ " $* " != *" bench "* ]] || install_python "${0%/*}/../models/training/requirements.txt"
[[ " $* " != *" train "* ]] || install_python "${0%/*}/../models/training/requirements-train.txt"
