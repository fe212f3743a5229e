#!/usr/bin/env bash
# Makes the throw-away development PKI: authorities, server, portals, operators and the certificates that must be refused.
#
#   certs/make.sh [--force] [DIR]                 everything, unless it is all there and good for another week
#   certs/make.sh [--force] --client NAME [DIR]   one more client certificate of the root, unless it is there
#   certs/make.sh --revoke NAME [DIR]             adds NAME to the root's CRL
#
# DIR is certs/dev unless told. certs/README.md lists what each file is for.
set -euo pipefail

readonly DAYS=800              # Apple and browsers refuse server certificates beyond 825 days
readonly SOON_SECONDS=604800   # a certificate that ends within a week is made again
readonly ORGANISATION='Provincia di Como (sviluppo)'
readonly MARK=registro         # the authorities' registers; also the sign that DIR is ours to rewrite

readonly CLIENTS=(portale-uno portale-due operatore-uno operatore-due sconosciuto scaduto revocato non-cliente senza-firma)
readonly OTHERS=(root server backend-ca backend backend-client estraneo-ca estraneo)

fail() { echo "certs/make.sh: $*" >&2; exit 1; }
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; }

# OpenSSL talks on stderr even when all is well: its words are shown only when it fails.
quietly() {
    local words
    words=$("$@" 2>&1) || fail "$(printf 'failed: %s\n%s' "$*" "$words")"
}

# authority NAME COMMON_NAME: a self-signed certificate NAME.pem with NAME.key and an empty register.
authority() {
    : >"$MARK/$1.txt"
    echo 'unique_subject = no' >"$MARK/$1.txt.attr"
    echo 01 >"$MARK/$1.crlnumber"
    cat >"$MARK/$1.cnf" <<CNF
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = $MARK/$1.txt
new_certs_dir = $MARK
certificate = $1.pem
private_key = $1.key
crlnumber = $MARK/$1.crlnumber
rand_serial = yes
default_md = sha256
default_days = $DAYS
default_crl_days = $DAYS
policy = any
crl_extensions = crl
[any]
countryName = optional
organizationName = optional
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[self]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CNF
    quietly openssl req -x509 -config "$MARK/$1.cnf" -extensions self -days $((DAYS * 4)) -sha256 \
        -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.pem" \
        -subj "/C=IT/O=$ORGANISATION/CN=$2"
    chmod 644 "$1.pem"
}

# issue AUTHORITY NAME COMMON_NAME KEY_USAGE PURPOSE ALTERNATIVE_NAMES [openssl ca options]: NAME.pem and NAME.key.
issue() {
    local by=$1 name=$2 common_name=$3 usage=$4 purpose=$5 names=$6
    shift 6
    cat >"$MARK/new.ext" <<EXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, $usage
extendedKeyUsage = $purpose
subjectAltName = $names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
EXT
    quietly openssl req -new -config "$MARK/$by.cnf" -sha256 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$name.key" -out "$MARK/new.csr" -subj "/C=IT/O=$ORGANISATION/CN=$common_name"
    quietly openssl ca -batch -notext -config "$MARK/$by.cnf" -extfile "$MARK/new.ext" \
        -in "$MARK/new.csr" -out "$name.pem" "$@"
    # OpenSSL's own copy, named by serial number, has no reader.
    rm -f "$MARK"/*.pem "$MARK/new.csr" "$MARK/new.ext"
    chmod 644 "$name.pem"
}

# client AUTHORITY NAME [openssl ca options]: a client certificate as an administration's portal holds it.
client() {
    local by=$1 name=$2
    shift 2
    issue "$by" "$name" "$name" digitalSignature clientAuth "DNS:$name.clienti.example" "$@"
}

# revoke NAME: enters NAME in the root's register; the caller publishes.
revoke() {
    quietly openssl ca -config "$MARK/root.cnf" -revoke "$1.pem" -crl_reason keyCompromise
}

# A gateway may be reading the list right now: it is replaced whole.
publish_revocations() {
    quietly openssl ca -config "$MARK/root.cnf" -gencrl -out root.crl.new
    chmod 644 root.crl.new
    mv -f root.crl.new root.crl.pem
}

complete() {
    local name
    [[ -s root.crl.pem && -s $MARK/root.txt ]] || return 1
    for name in "${CLIENTS[@]}" "${OTHERS[@]}"; do
        [[ -s $name.pem && -s $name.key ]] || return 1
    done
    # All but `scaduto` were made together for the same number of days.
    openssl x509 -in server.pem -noout -checkend $SOON_SECONDS >/dev/null
}

make_everything() {
    # The register goes last: a DIR left half-made is still recognised, and made again.
    rm -f ./*.pem ./*.key
    rm -f "$MARK"/*

    authority root 'Radice di prova di Pontile'
    issue root server pontile.example digitalSignature serverAuth \
        'DNS:localhost, DNS:pontile.example, IP:127.0.0.1, IP:::1'
    local name
    for name in portale-uno portale-due operatore-uno operatore-due sconosciuto revocato; do
        client root "$name"
    done
    client root scaduto -startdate 20200101000000Z -enddate 20210101000000Z
    issue root non-cliente non-cliente digitalSignature serverAuth 'DNS:non-cliente.clienti.example'
    issue root senza-firma senza-firma keyAgreement clientAuth 'DNS:senza-firma.clienti.example'
    revoke revocato
    publish_revocations

    authority backend-ca 'Radice di prova dei sistemi comunali'
    issue backend-ca backend sistema-comunale digitalSignature serverAuth 'DNS:localhost, IP:127.0.0.1'
    client backend-ca backend-client

    authority estraneo-ca 'Radice estranea di prova'
    client estraneo-ca estraneo
}

force=no action=everything name='' dir=''
while (($#)); do
    case $1 in
        --force) force=yes ;;
        --client | --revoke)
            action=${1#--}
            (($# >= 2)) || fail "$1 wants a NAME"
            name=$2
            shift
            [[ $name =~ ^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$ ]] || fail "'$name' is not a name: small letters, digits and hyphens"
            ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; fail "unknown option $1" ;;
        *) [[ -z $dir ]] || fail "more than one DIR: $dir and $1"; dir=$1 ;;
    esac
    shift
done
: "${dir:=$(dirname "${BASH_SOURCE[0]}")/dev}"

command -v openssl >/dev/null || fail 'the openssl command is missing: apt-get install openssl'
openssl version | grep -q '^OpenSSL [3-9]' || fail "OpenSSL 3 or later is needed, here is: $(openssl version)"

umask 077
# Looked into before the mark is looked for: who makes DIR beside us makes the mark first of all.
if [[ -d $dir && -n $(ls -A "$dir") && ! -d $dir/$MARK ]]; then
    fail "$dir holds something else: give an empty or a new directory"
fi
mkdir -p "$dir/$MARK"
chmod 755 "$dir"
cd "$dir"
# Tests start side by side: the first one makes, the others wait and find.
exec 9>"$MARK/.lock"
flock 9

if ! complete || [[ $action == everything && $force == yes ]]; then make_everything; fi

case $action in
    client)
        [[ " ${CLIENTS[*]} ${OTHERS[*]} " != *" $name "* ]] || fail "$name is one of the fixed names: choose another"
        if [[ $force == yes || ! -s $name.pem || ! -s $name.key ]]; then client root "$name"; fi
        ;;
    revoke)
        [[ -s $name.pem ]] || fail "there is no $name.pem in $dir"
        openssl verify -CAfile root.pem -no_check_time "$name.pem" >/dev/null 2>&1 || fail "$name was not issued by the root"
        serial=$(openssl x509 -in "$name.pem" -noout -serial)
        if ! grep -q "^R.*"$'\t'"${serial#serial=}"$'\t' "$MARK/root.txt"; then
            revoke "$name"
            publish_revocations
        fi
        ;;
esac
