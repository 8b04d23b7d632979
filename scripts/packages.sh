# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by scripts/run and scripts/test: installs what is missing from Debian's packages, and says what.

# What builds smtpscope, what the Wireshark plugin and what the tests need on top.
build_packages="build-essential cmake ninja-build pkg-config libpcap-dev libglib2.0-dev libgmime-3.0-dev libjansson-dev libssl-dev zlib1g-dev libzstd-dev liblz4-dev liblzma-dev libbz2-dev"
plugin_packages="$build_packages wireshark-dev libwireshark-dev libgcrypt20-dev tshark"
test_packages="$plugin_packages libcmocka-dev gettext python3 python3-jsonschema clang libclang-rt-14-dev zstd lz4 xz-utils bzip2
  slurmctld slurmd slurm-client munge parallel"

# Prints those of the packages named that are not installed.
missing_packages() {
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || printf '%s ' "$package"
    done
}

# install_packages PACKAGE...: installs what is missing; fails with one sentence.
install_packages() {
    command -v dpkg-query >/dev/null || {
        echo "$0: this installs Debian packages, and dpkg is not here; install by hand: $*" >&2
        exit 1
    }
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || {
        echo "$0: run as root (or through sudo) to install: $missing" >&2
        exit 1
    }
    echo "$0: installing from Debian's packages: $missing" >&2
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of words on purpose
    if ! { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "$0: apt-get could not install: $missing" >&2
        exit 1
    fi
    rm -f "$log" build/*/build.ninja # configured anew: what was missing is here now
}

# build PRESET: configures where that was not done, and builds; prints its output only if it fails.
build() {
    log=$(mktemp)
    if ! { { [ -f "build/$1/build.ninja" ] || cmake --preset "$1"; } && cmake --build --preset "$1"; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "$0: the build failed (preset $1)" >&2
        exit 1
    fi
    rm -f "$log"
}
