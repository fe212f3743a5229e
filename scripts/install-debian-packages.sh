#!/usr/bin/env bash
# Installs the Debian packages that a task needs and that are missing here: silent when there are none.
#
#   scripts/install-debian-packages.sh SET…       SET is build, run, test, package, bench or guided
#
# As root or with password-less sudo it installs; otherwise it says what an administrator has to run, and fails.
# No service is left running or enabled: the tests start the servers' binaries themselves, each in its own directory.
set -euo pipefail

# What `make run` needs besides: a token for the key that signs.
readonly RUN=(softhsm2)
readonly BUILD=(build-essential pkg-config libssl-dev cmake openssl ca-certificates curl git)
# MariaDB's `core` packages hold the server and its client without the service.
# From chromium on: a citizen's browser, its card in SoftHSM, and a screen that nobody sees.
readonly TEST=(postgresql mariadb-server-core mariadb-client-core openssh-server openssh-client python3 python3-venv nodejs npm
    chromium libnss3-tools softhsm2 opensc xvfb xdotool xmlsec1 libxmlsec1-openssl)
readonly PACKAGE=(mmdebstrap)
readonly BENCH=(nginx haproxy)
# The binary optimizer of LLVM and what it puts into programs that it observes.
readonly GUIDED=(bolt-19 libbolt-19-dev python3)
readonly SERVICES=(postgresql nginx haproxy openssh-server)

readonly POLICY=/usr/sbin/policy-rc.d
readonly POLICY_MARK='Made by install-debian-packages.sh: no service starts while packages are installed.'

# The servers live where the PATH of an ordinary user does not reach.
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

fail() { echo "install-debian-packages.sh: $*" >&2; exit 1; }

from_debian() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

commands() {
    local one
    for one in "$@"; do command -v "$one" >/dev/null || return 1; done
}

# present PACKAGE: what counts is that its tool is there, wherever it came from.
present() {
    from_debian "$1" && return
    case $1 in
        build-essential) commands cc c++ make ;;
        nodejs) commands node ;;
        mariadb-server-core) commands mariadbd mariadb-install-db ;;
        mariadb-client-core) commands mariadb ;;
        openssh-server) commands sshd ;;
        openssh-client) commands sftp ssh-keygen ;;
        libnss3-tools) commands certutil modutil ;;
        softhsm2) commands softhsm2-util ;;
        opensc) commands pkcs11-tool ;;
        xvfb) commands Xvfb ;;
        bolt-19) commands llvm-bolt-19 ;;
        python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
        pkg-config | cmake | openssl | curl | git | python3 | npm | mmdebstrap | nginx | haproxy | chromium | xdotool | xmlsec1) commands "$1" ;;
        *) return 1 ;;
    esac
}

among() {
    local wanted=$1 one
    shift
    for one in "$@"; do [[ $one == "$wanted" ]] && return; done
    return 1
}

# apt COMMAND…: without questions, patient with another installation, its words kept for a failure.
apt() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@" >>"$log" 2>&1
}

forbid_services() {
    if [[ -e $POLICY ]] && ! grep -qF "$POLICY_MARK" "$POLICY"; then return; fi
    trap 'rm -f "$log"; "${as_root[@]}" rm -f "$POLICY"' EXIT
    printf '#!/bin/sh\n# %s\nexit 101\n' "$POLICY_MARK" | "${as_root[@]}" tee "$POLICY" >/dev/null
    "${as_root[@]}" chmod 755 "$POLICY"
}

(($#)) || fail 'which set: build, run, test, package, bench or guided?'
wanted=()
for name in "$@"; do
    case $name in
        build) wanted+=("${BUILD[@]}") ;;
        run) wanted+=("${RUN[@]}") ;;
        test) wanted+=("${TEST[@]}") ;;
        package) wanted+=("${PACKAGE[@]}") ;;
        bench) wanted+=("${BENCH[@]}") ;;
        guided) wanted+=("${GUIDED[@]}") ;;
        *) fail "there is no set '$name': build, run, test, package, bench or guided" ;;
    esac
done

missing=() services=()
for package in "${wanted[@]}"; do
    present "$package" && continue
    missing+=("$package")
    if among "$package" "${SERVICES[@]}"; then services+=("${package/openssh-server/ssh}"); fi
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || fail "this is not Debian; for $* install the equivalents of: ${missing[*]}"

as_root=()
if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
        {
            echo "For '$*' these Debian packages are missing: ${missing[*]}. An administrator has to run:"
            echo "    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
            if ((${#services[@]})); then echo "    sudo systemctl disable --now ${services[*]}"; fi
        } >&2
        exit 1
    fi
    as_root=(sudo -n)
fi

echo "Installing Debian packages for $*: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
forbid_services
if ! apt install --no-install-recommends -y "${missing[@]}"; then
    # The usual reason is a list of packages that is absent or out of date.
    apt update || { cat "$log" >&2; fail 'apt-get update failed'; }
    apt install --no-install-recommends -y "${missing[@]}" || { cat "$log" >&2; fail "could not install: ${missing[*]}"; }
fi
if ((${#services[@]})) && command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl disable --quiet "${services[@]}" >>"$log" 2>&1 || { cat "$log" >&2; fail "could not disable: ${services[*]}"; }
fi
