# shellcheck shell=bash
# What a build needs. Sourced after packages.sh.

# librdkafka is compiled from source: a C and C++ compiler, make, and the headers of what it links.
# shellcheck disable=SC2034
readonly BUILD_PACKAGES=(gcc g++ libc6-dev make pkg-config libssl-dev zlib1g-dev)

# rustup puts cargo where a new shell finds it and the present one may not.
need_cargo() {
    have_command cargo || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    have_command cargo || die "cargo is missing. Install Rust with rustup (https://rustup.rs), then run this again."
}

target_directory() {
    cargo metadata --format-version 1 --no-deps --locked | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

readonly CARGO_DENY_VERSION=0.20.2
readonly CARGO_DEB_VERSION=3.8.0
readonly MDBOOK_VERSION=0.5.4

# Sets CARGO_DENY.
need_cargo_deny() { CARGO_DENY=$(cargo_program cargo-deny "$CARGO_DENY_VERSION"); }

# Sets CARGO_DEB.
# shellcheck disable=SC2034
need_cargo_deb() { CARGO_DEB=$(cargo_program cargo-deb "$CARGO_DEB_VERSION"); }

# Sets MDBOOK.
# shellcheck disable=SC2034
need_mdbook() { MDBOOK=$(cargo_program mdbook "$MDBOOK_VERSION"); }

# cargo_program NAME VERSION: prints where it is, and installs it before if need be. Another version that the user has for himself
# is left alone.
cargo_program() {
    local home=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/birdfeed/$1-$2 candidate
    for candidate in "$(command -v "$1")" "$home/bin/$1"; do
        ! is_version "$candidate" "$2" || { echo "$candidate" && return; }
    done
    need_packages "${BUILD_PACKAGES[@]}"
    say "installing $1 $2, which takes some minutes"
    cargo install --locked --quiet --root "$home" "$1@$2" >&2
    echo "$home/bin/$1"
}

is_version() { [[ -n $1 && $("$1" --version 2>/dev/null) =~ (^| v?)${2//./\\.}$ ]]; }
