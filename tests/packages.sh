#!/usr/bin/env bash
# Builds the packages as a Debian machine would, and takes a bare Debian 12 root through a life with them: install, mail that
# waits, upgrade, delivery, removal, purge. Needs root, debootstrap and the mirror of this machine's apt; some minutes. CI runs only
# the short checks of tests/packages_test.py.
#   tests/packages.sh [--quick] [FOLDER]
#     --quick   with the compiler's flags of build/, not Debian's, so that ccache has every file already
#     FOLDER    keeps the packages; those that it holds already are not built again
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
if [ -z "${SATCHEL_OWN_MOUNTS:-}" ]; then
    # Mounts of our own, gone with us.
    SATCHEL_OWN_MOUNTS=yes exec unshare --mount --propagation private "$0" "$@"
fi
quick=
if [ "${1:-}" = --quick ]; then quick=yes; shift; fi
work=$(mktemp -d /var/tmp/satchel-packages.XXXXXX)
debs=${1:-$work/debs}
mkdir -p "$debs"
root=$work/root
started=$SECONDS
say() { printf '%4d s  %s\n' $((SECONDS - started)) "$*"; }
die() { echo "FAILED: $*" >&2; exit 1; }

trap 'umount "$root/proc" 2>/dev/null; rm -rf "$work"' EXIT

if ! ls "$debs"/satchel_*.deb >/dev/null 2>&1; then
    mkdir "$work/satchel"
    git -C "$source" ls-files -z --cached --others --exclude-standard | tar -C "$source" --null -T - -c | tar -C "$work/satchel" -x
    # debhelper hides the home, in which ccache has its settings and its store.
    if command -v ccache >/dev/null; then
        CCACHE_DIR=$(ccache -k cache_dir)
        CCACHE_CONFIGPATH=${CCACHE_CONFIGPATH:-${XDG_CONFIG_HOME:-$HOME/.config}/ccache/ccache.conf}
        export CCACHE_DIR CCACHE_CONFIGPATH
    fi
    if [ $quick ]; then
        # ccache tells results apart by flags and locale.
        export DEB_CFLAGS_SET= DEB_CXXFLAGS_SET= DEB_CPPFLAGS_SET= DEB_LDFLAGS_SET= MESON_OPTIONS=--buildtype=debugoptimized
        printf '#!/bin/sh\nunset LC_ALL\nexec ccache g++ "$@"\n' >"$work/g++"
        chmod +x "$work/g++"
        export CXX=$work/g++
    fi
    (cd "$work/satchel" && PATH=/usr/lib/ccache:$PATH DEB_BUILD_OPTIONS="noautodbgsym nocheck parallel=$(nproc)" \
        dpkg-buildpackage -b -us -uc >"$debs/build.log" 2>&1) || { tail -40 "$debs/build.log"; die "dpkg-buildpackage"; }
    mv "$work"/*.deb "$debs"
    say "built: $(cd "$debs" && echo *.deb)"
fi
package=$(ls "$debs"/satchel_*.deb)

mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -1)
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log"; die debootstrap; }
mount -t proc proc "$root/proc"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
cp -rL /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/"
[ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$root/etc/"
cp -rL /usr/share/keyrings/. "$root/usr/share/keyrings/"
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
apt_get() { inside apt-get -y -q --no-install-recommends "$@" >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; die "apt-get $*"; }; }
as_satchel() { inside setpriv --reuid satchel --regid satchel --clear-groups satchel --home /var/lib/satchel/gateway "$@"; }
apt_get update
say "a bare Debian 12"

cp "$package" "$root/tmp/satchel.deb"
apt_get install /tmp/satchel.deb
inside satchel --version
[ "$(inside stat -c '%U %a' /var/lib/satchel/gateway)" = "satchel 700" ] || die "the home is not the service's alone"
inside test -e /lib/systemd/system/satchel-gateway.service -o -e /usr/lib/systemd/system/satchel-gateway.service || die "no unit"
inside sh -c 'man=/usr/share/man/man1/satchel-get.1.gz; test -e $man' || die "no manual page"
inside test ! -e /var/lib/satchel/gateway/keys || die "the package made keys"
say "installed"

# As the unit does it; only loopback, and nobody listens where mail is to go next.
sed -i 's|^next_hop = .*|next_hop = "smtp://127.0.0.1:9"|' "$root/etc/satchel/gateway.toml"
as_satchel init --role gateway >/dev/null
with_gateway() {
    local command=$1
    unshare --net bash -c '
        ip link set lo up
        exec 3< <(exec chroot "$1" setpriv --reuid satchel --regid satchel --clear-groups satchel --home /var/lib/satchel/gateway \
            --set trust.resolver=none gateway 2>>"$2/gateway.log" & echo "$!"; wait)
        read -r pid <&3
        read -t 60 -r ready <&3 || { cat "$2/gateway.log"; exit 1; }
        eval "$3"; code=$?
        kill "$pid"; cat <&3 >/dev/null
        exit $code' - "$root" "$work" "$command"
}
waiting() { as_satchel --json queue | grep -o '"id"' | wc -l; }
send='python3 -c "
import smtplib
with smtplib.SMTP(\"127.0.0.1\", 10025, timeout=30) as client:
    client.sendmail(\"alice@a.test\", [\"bob@b.test\"], \"Subject: waits\\r\\n\\r\\nfor the next hop\\r\\n\")"'
with_gateway "$send" || die "the gateway takes no mail"
[ "$(waiting)" = 1 ] || die "the mail is not in the spool"
say "a mail waits in the spool"

# The same package under a higher version.
dpkg-deb -R "$package" "$work/newer"
sed -i 's/^Version: .*/&+1/' "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/newer" "$root/tmp/newer.deb" >/dev/null
apt_get install /tmp/newer.deb
inside dpkg-query -W -f '${Version}\n' satchel | grep -q '+1$' || die "no upgrade"
[ "$(waiting)" = 1 ] || die "the upgrade lost the mail"
grep -q 'smtp://127.0.0.1:9"' "$root/etc/satchel/gateway.toml" || die "the upgrade lost the settings"
sed -i 's|^next_hop = .*|next_hop = "maildir:/var/lib/satchel/mail/{recipient}"|' "$root/etc/satchel/gateway.toml"
id=$(as_satchel --json queue | sed 's/.*"id":"\([^"]*\)".*/\1/')
with_gateway "chroot '$root' setpriv --reuid satchel --regid satchel --clear-groups satchel --home /var/lib/satchel/gateway queue --retry $id >/dev/null
    for try in \$(seq 600); do ls '$root'/var/lib/satchel/mail/bob@b.test/new/* >/dev/null 2>&1 && exit 0; read -t 0.1 <> <(:) || :; done; exit 1" ||
    die "the mail that waited was not delivered"
[ "$(waiting)" = 0 ] || die "the queue is not empty"
say "upgraded, and the mail that waited is delivered"

apt_get remove satchel
grep -q 'stay in /var/lib/satchel' "$work/apt.log" || die "removal does not say what stays"
inside test -e /var/lib/satchel/gateway/keys/user.key || die "removal took the keys"
apt_get install /tmp/newer.deb
as_satchel id >/dev/null || die "the keys are of no use after a new installation"
apt_get purge satchel
grep -q 'Deleting /var/lib/satchel' "$work/apt.log" || die "purge does not warn"
inside test ! -e /var/lib/satchel -a ! -e /etc/satchel || die "purge left something"
say "removed with its state kept; purged with a warning"
echo "packages: all well, $((SECONDS - started)) s"
