#!/bin/bash
# Runs inside the trial's Debian, as root under systemd: the life of the package, from installation to purge.
set -Eeuo pipefail

readonly CONFIGURATION=/etc/pontile/pontile.toml
readonly READY=https://localhost:9443/pronto

trap 'echo "FAILED at line $LINENO: $BASH_COMMAND"; systemctl status pontile --no-pager --full || true; journalctl --no-pager -u pontile | tail -n 40' ERR

proved() { echo "ok: $*"; }
fail() { echo "FAILED: $*"; journalctl --no-pager -u pontile | tail -n 40; exit 1; }
equal() { [[ $1 == "$2" ]] || fail "$3: '$1' instead of '$2'"; }
owner() { equal "$(stat -c '%U:%G %a' "$1")" "$2" "$1"; }
property() { systemctl show --property "$1" --value pontile; }
as_service() { setpriv --reuid=pontile --regid=pontile --clear-groups "$@"; }
records() { as_service pontile --config $CONFIGURATION record list | wc -l; }

# ask NAME URL [curl's words]: with the client certificate of that name; prints the status.
ask() {
    local name=$1
    shift
    curl --silent --show-error --output /tmp/answer --write-out '%{http_code}' --max-time 10 \
        --cacert /input/root.pem --cert "/input/$name.pem" --key "/input/$name.key" "$@"
}

installation() {
    dpkg --install /input/older.deb >/dev/null
    equal "$(getent passwd pontile | cut -d: -f6,7)" /var/lib/pontile:/usr/sbin/nologin 'home and shell of the user'
    (($(id -u pontile) < 1000)) || fail 'the user is not one of the system'
    owner /usr/bin/pontile 'root:root 755'
    owner $CONFIGURATION 'root:root 644'
    owner /etc/pontile/tls 'root:pontile 750'
    owner /etc/pontile/secrets 'root:pontile 750'
    owner /var/lib/pontile 'pontile:pontile 700'
    equal "$(dpkg-query --show --showformat='${Conffiles}' pontile | awk 'NF { print $1 }')" $CONFIGURATION 'conffiles'
    [[ -r /usr/share/pontile/adapters/civilia-soap/adapter.toml ]] || fail 'no adapters'
    equal "$(systemctl is-enabled pontile || true)" disabled 'after the installation'
    equal "$(systemctl is-active pontile || true)" inactive 'after the installation'
    proved 'installs its user, folders and conffile, and starts nothing'
}

unit() {
    systemd-analyze verify --man=no /lib/systemd/system/pontile.service
    # 15 is 1.5 of 10: what systemd itself calls OK.
    systemd-analyze security --offline=true --threshold=15 --no-pager /lib/systemd/system/pontile.service >/tmp/exposure \
        || fail "$(tail -n 3 /tmp/exposure)"
    proved "the unit is well formed; $(tail -n 1 /tmp/exposure | sed 's/^[^A-Za-z]*//')"
}

unfinished() {
    local words
    if words=$(as_service pontile --config $CONFIGURATION check 2>&1); then fail 'the configuration without certificates passed'; fi
    grep -q /etc/pontile/tls/server.pem <<<"$words" || fail "check does not name the missing certificate: $words"
    if systemctl start pontile 2>/dev/null; then fail 'it started without certificates'; fi
    systemctl stop pontile
    systemctl reset-failed pontile 2>/dev/null || true
    proved 'without certificates the check names them and the service does not start'
}

configuration() {
    install --group pontile --mode 640 /input/server.pem /input/server.key /etc/pontile/tls
    install --group pontile --mode 640 /input/root.pem /etc/pontile/tls/authorities.pem
    install --group pontile --mode 640 /input/root.crl.pem /etc/pontile/tls/authorities.crl.pem
    # The municipalities without their systems: the trial has none of these beside it.
    grep -v '^servizi\.' /usr/share/doc/pontile/examples/como/enti/c.toml >/etc/pontile/enti/c.toml
    cat >>$CONFIGURATION <<'TOML'

[[operator]]
name = "operatore-uno"
roles = ["operatore", "sicurezza"]
certificates = [{ subject = "CN=operatore-uno,O=Provincia di Como (sviluppo),C=IT" }]

[[portal]]
name = "portale-uno"
certificates = [{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }]
rate = { per_second = 50, burst = 100 }
TOML
    mkdir -p /etc/pontile/concessioni
    cat >/etc/pontile/concessioni/catalogo.toml <<'TOML'
id = "catalogo"
version = 1
portal = "portale-uno"
operations = ["catalogo.enti", "catalogo.ente", "catalogo.servizi"]
enti = "all"
TOML
    as_service pontile --config $CONFIGURATION check >/dev/null
}

start() {
    # Type=notify: it comes back once the program has said that it is ready.
    systemctl enable --quiet --now pontile
    equal "$(property ActiveState)" active 'after the start'
    local process
    process=$(property MainPID)
    equal "$(ps -o user= -p "$process" 2>/dev/null || stat -c %U "/proc/$process")" pontile 'the user'
    confined "$process" Seccomp 2
    confined "$process" NoNewPrivs 1
    confined "$process" CapEff 0000000000000000
    confined "$process" CapBnd 0000000000000000
    if nsenter --target "$process" --mount touch /etc/pontile/written 2>/dev/null; then fail 'it could write its configuration'; fi
    owner /var/lib/pontile/subject.key 'pontile:pontile 600'
    equal "$(ask operatore-uno $READY)" 200 'readiness'
    equal "$(ask portale-uno https://localhost:8443/rest/catalogo/v1/enti)" 200 'the catalogue'
    equal "$(records)" 1 'exchanges on record'
    proved 'starts under systemd, confined, is ready, answers a portal and records it'
}

confined() { equal "$(awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status")" "$3" "$2"; }

reload() {
    local process
    process=$(property MainPID)
    systemctl reload pontile
    cp $CONFIGURATION /tmp/sound
    echo 'unheard_of = 1' >>$CONFIGURATION
    if systemctl reload pontile 2>/dev/null; then fail 'a bad configuration was reloaded'; fi
    cat /tmp/sound >$CONFIGURATION
    systemctl reload pontile
    equal "$(property MainPID)" "$process" 'the process after reloads'
    equal "$(ask operatore-uno $READY)" 200 'readiness after reloads'
    proved 'reloads a sound configuration and refuses a bad one, both without a restart'
}

upgrade() {
    local before sum
    before=$(property MainPID)
    sum=$(sha256sum $CONFIGURATION)
    dpkg --install /input/newer.deb >/dev/null
    equal "$(property ActiveState)" active 'after the upgrade'
    [[ $(property MainPID) != "$before" ]] || fail 'the old program still runs'
    equal "$(sha256sum $CONFIGURATION)" "$sum" 'the configuration'
    equal "$(ask operatore-uno $READY)" 200 'readiness after the upgrade'
    equal "$(ask portale-uno https://localhost:8443/rest/catalogo/v1/enti)" 200 'the catalogue after the upgrade'
    equal "$(records)" 2 'exchanges on record after the upgrade'
    proved 'an upgrade restarts it on the same record and leaves the configuration alone'
}

removal() {
    dpkg --remove pontile >/dev/null 2>&1
    equal "$(systemctl is-active pontile 2>/dev/null || true)" inactive 'after the removal'
    [[ ! -e /usr/bin/pontile ]] || fail 'the program stayed'
    [[ -e $CONFIGURATION ]] || fail 'the configuration went'
    dpkg --purge pontile >/dev/null 2>&1
    [[ ! -e $CONFIGURATION ]] || fail 'the configuration stayed after the purge'
    [[ -e /etc/pontile/tls/server.key ]] || fail 'the purge deleted a key that the administrator had put there'
    [[ -e /var/lib/pontile/subject.key ]] || fail 'the purge deleted the record and its key'
    dpkg --install /input/newer.deb >/dev/null
    proved 'removal and purge stop it, keep record and keys; it installs again'
}

installation
unit
unfinished
configuration
start
reload
upgrade
removal
