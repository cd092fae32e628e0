# The Debian 12 packages that Satchel needs. To be sourced by a bash or sh script:
#   install_build_packages    what compiles and runs Satchel
#   install_test_packages     what tests/run.sh needs on top
# Both install only what is missing, and ask apt nothing where nothing is.

satchel_build_packages="
    g++ meson ninja-build ccache pkg-config ca-certificates python3
    libopendht-dev libgmime-3.0-dev libmsgpack-cxx-dev libsodium-dev libssl-dev libsqlite3-dev zlib1g-dev
    libtomlplusplus-dev libcli11-dev libidn2-dev libunbound-dev nlohmann-json3-dev libboost-dev libexpected-dev scdoc
    libtorrent-rasterbar-dev prometheus-cpp-dev"

# age, Postfix, Dovecot: the real ones, to be tested against. strace: shows what is synced. python3-dkim: verifies what was
# restored. nsd, ldnsutils: a DNS server and what signs its zones. npm: age's vectors come from npm's cctv-age.
# iproute2, iptables: networks with routers between them. chromium: looks at the page, driven by npm's playwright-core.
# zsh, fish, bash-completion: the TAB key is pressed there. man-db: tells faults of form in the manual pages.
satchel_test_packages="
    doctest-dev age openssl postfix dovecot-imapd dovecot-lmtpd python3-dkim strace nsd ldnsutils iproute2 iptables
    clang-16 clang-format-16 clang-tidy-16 libclang-rt-16-dev
    chromium fonts-dejavu-core
    bash-completion zsh fish man-db"

# Installs those of the packages given that are missing.
install_packages() {
    missing=
    for package in "$@"; do
        case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) in
            ii*) ;;
            *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        echo "Missing packages, and neither root nor sudo to install them. As root, run:" >&2
        echo "    apt-get install --no-install-recommends$missing" >&2
        return 1
    fi
    echo "Installing:$missing"
    $as_root apt-get update -qq || return 1
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 $missing >/dev/null || {
        echo "apt-get could not install:$missing" >&2
        return 1
    }
}

install_build_packages() {
    # shellcheck disable=SC2086
    install_packages $satchel_build_packages
}

install_test_packages() {
    # npm from elsewhere than Debian will do as well. Without its recommendations: they are hundreds.
    # shellcheck disable=SC2086
    if command -v npm >/dev/null; then
        install_packages $satchel_test_packages
    else
        install_packages $satchel_test_packages npm
    fi
}
