//! The pages that citizens read: what was seen of the card, and what to do. No scripts, nothing from elsewhere, nobody's data.

use crate::api::http::Response;

use super::{CardKind, Refusal};

const STYLE: &str = "body{font:1.125rem/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem;\
color:#17324d;background:#fff}h1{font-size:1.75rem;line-height:1.25}a{color:#0053a5}a:focus{outline:3px solid #ff9900}\
@media(prefers-color-scheme:dark){body{color:#e8eef4;background:#17202a}a{color:#9cc9ff}}\n";

/// Nothing may be loaded but the style; no page may frame these, no form be sent from them.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a page tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The card is good.
    Recognized(CardKind),
    /// It is not.
    Refused(Refusal),
    /// The citizen came from nowhere that is known.
    ReturnUnknown,
    /// Somebody who is no listed proxy names a certificate.
    ForwardedByStranger,
    /// A certificate is named twice.
    ForwardedTwice,
    /// There is no such page.
    NoSuchPage,
    /// Pages are only read.
    MethodUnknown,
    /// Meant for another host.
    Misdirected,
    /// No HTTP, too long or too slow.
    NotUnderstood,
}

/// Status, title, what happened, what to do.
type Text = (u16, &'static str, &'static str, &'static [&'static str]);

/// The page.
pub(super) fn of(told: Told) -> Response {
    let (status, title, happened, todo) = text(told);
    let kind = match told {
        Told::Recognized(kind) => format!("<p>Tipo di carta: {}.</p>\n", kind.text()),
        _ => String::new(),
    };
    let todo: String = todo.iter().map(|one| format!("<li>{one}</li>\n")).collect();
    let todo = match todo.is_empty() {
        true => todo,
        false => format!("<h2>Che cosa fare</h2>\n<ul>\n{todo}</ul>\n"),
    };
    let body = format!(
        "<!doctype html>\n<html lang=\"it\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/stile.css\">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         <p>{happened}</p>\n{kind}{todo}</main>\n</body>\n</html>\n"
    );
    safe(Response::new(status))
        .header("content-type", "text/html; charset=utf-8")
        .header("cache-control", "no-store")
        .body(body)
}

/// The style of all pages.
pub(super) fn style() -> Response {
    safe(Response::new(200))
        .header("content-type", "text/css; charset=utf-8")
        .header("cache-control", "max-age=3600")
        .body(STYLE)
}

/// Sends the browser to an address of a portal's.
pub(super) fn sent_to(address: &str) -> Response {
    safe(Response::new(303))
        .header("location", address)
        .header("cache-control", "no-store")
}

/// What libraries of portals read; a browser's script may, too: nothing in it is secret.
pub(super) fn document(document: &serde_json::Value) -> Response {
    safe(Response::new(200))
        .header("content-type", "application/json")
        .header("cache-control", "max-age=300")
        .header("access-control-allow-origin", "*")
        .body(document.to_string())
}

fn safe(response: Response) -> Response {
    response
        .header("content-security-policy", POLICY)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("strict-transport-security", "max-age=31536000")
}

fn text(told: Told) -> Text {
    match told {
        Told::Recognized(_) => (
            200,
            "La carta è riconosciuta",
            "La carta è stata letta, è valida e permette di accedere ai servizi. Nessun dato della carta è stato conservato.",
            &[
                "Torna al servizio da cui sei arrivato, oppure chiudi questa pagina e togli la carta dal lettore.",
            ],
        ),
        Told::Refused(refusal) => of_refusal(refusal),
        Told::ReturnUnknown => (
            400,
            "Il servizio non è riconosciuto",
            "Il sito da cui sei arrivato chiede di tornare a un indirizzo che non gli è assegnato: non sei stato rimandato lì e la carta non è stata letta.",
            &["Segnala il problema a chi gestisce il servizio."],
        ),
        Told::ForwardedByStranger => (
            403,
            "Certificato indicato da chi non può farlo",
            "La richiesta indica in un'intestazione il certificato di una carta, ma non arriva da un intermediario riconosciuto: la carta non è stata letta.",
            &["Segnala il problema a chi gestisce il servizio."],
        ),
        Told::ForwardedTwice => (
            400,
            "Certificato indicato due volte",
            "La richiesta indica più di un certificato, e non è chiaro di chi sia la carta: non ne è stata letta nessuna.",
            &["Segnala il problema a chi gestisce il servizio."],
        ),
        Told::NoSuchPage => (
            404,
            "Pagina inesistente",
            "Qui non c'è nessuna pagina con questo indirizzo.",
            &[],
        ),
        Told::MethodUnknown => (
            405,
            "Richiesta non ammessa",
            "Questa pagina si può soltanto leggere.",
            &[],
        ),
        Told::Misdirected => (
            421,
            "Indirizzo di un altro servizio",
            "Questa richiesta era per un altro servizio: qui si leggono soltanto le carte.",
            &["Chiudi il browser, riaprilo e torna al servizio che cercavi."],
        ),
        Told::NotUnderstood => (
            400,
            "Richiesta non comprensibile",
            "La richiesta non è arrivata intera o non è leggibile.",
            &["Riprova fra poco."],
        ),
    }
}

const OTHER_WAYS: &str =
    "Se hai fretta accedi con SPID o con l'app CieID, dove il servizio lo permette.";

#[expect(clippy::too_many_lines, reason = "a table of texts")]
fn of_refusal(refusal: Refusal) -> Text {
    match refusal {
        Refusal::NotSeen => (
            403,
            "Nessuna carta trovata",
            "Il browser non ha mostrato nessuna carta: forse non è nel lettore, o la richiesta del PIN è stata annullata.",
            &[
                "Inserisci la carta nel lettore e controlla che il programma della carta sia installato.",
                "Chiudi tutte le finestre del browser e riaprilo: finché resta aperto ricorda la scelta di prima.",
                "Torna al servizio e, alla richiesta, scegli il certificato e scrivi il PIN entro due minuti.",
                OTHER_WAYS,
            ],
        ),
        Refusal::Unreadable => (
            403,
            "La carta non si legge",
            "Il certificato che il browser ha mostrato non è leggibile.",
            &[
                "Riprova con un'altra carta, o rivolgiti a chi ha emesso questa.",
                OTHER_WAYS,
            ],
        ),
        Refusal::KeyTooShort => (
            403,
            "Carta troppo vecchia: chiave troppo corta",
            "La carta funziona, ma la sua chiave ha meno di 2048 bit e non dà più garanzie sufficienti.",
            &[
                "Chiedi una carta nuova a chi ha emesso questa: la tessera sanitaria si rinnova gratuitamente.",
                OTHER_WAYS,
            ],
        ),
        Refusal::SignatureTooOld => (
            403,
            "Carta troppo vecchia: firma dell'emittente superata",
            "Il certificato della carta è firmato con un algoritmo (SHA-1) che non dà più garanzie sufficienti.",
            &[
                "Chiedi una carta nuova a chi ha emesso questa: la tessera sanitaria si rinnova gratuitamente.",
                OTHER_WAYS,
            ],
        ),
        Refusal::WeakKey => (
            403,
            "Carta con una chiave insicura",
            "La chiave di questa carta è stata generata da un chip difettoso (CVE-2017-15361) e altri potrebbero ricostruirla.",
            &[
                "Non usare più questa carta e chiedine subito la sostituzione a chi l'ha emessa.",
                OTHER_WAYS,
            ],
        ),
        Refusal::ForSigning => (
            403,
            "Certificato di firma al posto di quello di accesso",
            "È stato scelto il certificato che serve a firmare documenti. Per accedere serve quello di autenticazione.",
            &[
                "Chiudi tutte le finestre del browser, riaprilo e torna al servizio.",
                "Fra i certificati proposti scegli quello di autenticazione (CNS), non quello di firma.",
            ],
        ),
        Refusal::UnknownIssuer => (
            403,
            "Emittente non riconosciuto",
            "Il certificato non è stato emesso da un'autorità riconosciuta per le carte dei cittadini.",
            &[
                "Usa la tessera sanitaria (TS-CNS), la CIE o una carta nazionale dei servizi.",
                OTHER_WAYS,
            ],
        ),
        Refusal::Expired => (
            403,
            "Carta scaduta",
            "Il certificato della carta è scaduto e non permette più di accedere.",
            &[
                "Chiedi il rinnovo della carta a chi l'ha emessa.",
                OTHER_WAYS,
            ],
        ),
        Refusal::NotYetValid => (
            403,
            "Carta non ancora valida",
            "La validità del certificato della carta non è ancora cominciata.",
            &[
                "Riprova dal giorno in cui la carta comincia a valere.",
                OTHER_WAYS,
            ],
        ),
        Refusal::Revoked => (
            403,
            "Carta revocata o sospesa",
            "Chi ha emesso la carta l'ha revocata o sospesa: non permette più di accedere.",
            &[
                "Se non l'hai chiesto tu, rivolgiti a chi ha emesso la carta.",
                OTHER_WAYS,
            ],
        ),
        Refusal::NotCns => (
            403,
            "Non è una carta per accedere ai servizi",
            "Il certificato è di un emittente riconosciuto, ma non è quello di autenticazione di una CNS, di una CRS o di una CIE.",
            &[
                "Chiudi tutte le finestre del browser, riaprilo e scegli il certificato di autenticazione della carta.",
                OTHER_WAYS,
            ],
        ),
        Refusal::NoCodiceFiscale => (
            403,
            "Carta d'identità senza codice fiscale nel certificato",
            "Le carte d'identità elettroniche dei primi tipi non riportano il codice fiscale nel certificato.",
            &[
                "Usa la tessera sanitaria (TS-CNS) o una carta d'identità elettronica più recente.",
                OTHER_WAYS,
            ],
        ),
        Refusal::Unverifiable => (
            503,
            "Ora le carte non si possono verificare",
            "Non è possibile sapere se la carta sia stata revocata. Il problema è nostro, non della carta.",
            &["Riprova più tardi.", OTHER_WAYS],
        ),
    }
}
