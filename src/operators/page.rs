//! What all pages for officers have in common: plain HTML, no script, no name in an address.

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;

use crate::api::http::Response;
use crate::connectors::filled_in::Wrong;
use crate::contract::operation::Operation;

/// The pages' style.
const STYLE: &str = include_str!("stile.css");

/// `GET /richieste/stile.css`.
pub(super) fn style() -> Response {
    Response::new(200)
        .header("cache-control", "private, max-age=3600")
        .header("x-content-type-options", "nosniff")
        .header("content-type", "text/css; charset=utf-8")
        .body(STYLE)
}

/// A page that nobody keeps, frames or scripts.
pub(super) fn html(status: u16, page: String) -> Response {
    Response::new(status)
        .header("cache-control", "no-store")
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "same-origin")
        .header(
            "content-security-policy",
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        )
        .header("content-type", "text/html; charset=utf-8")
        .body(page)
}

/// What is known, by name.
pub(super) fn facts(body: &mut String, known: impl IntoIterator<Item = (&'static str, String)>) {
    body.push_str("<dl>\n");
    for (name, text) in known {
        line(body, &format!("<dt>{name}</dt><dd>{}</dd>", escaped(&text)));
    }
    body.push_str("</dl>\n");
}

/// What is to be corrected, above the form.
pub(super) fn mistakes(body: &mut String, wrong: &[Wrong]) {
    if wrong.is_empty() {
        return;
    }
    body.push_str("<div class=\"errore\" role=\"alert\">\n<h2>Da correggere</h2>\n<ul>\n");
    for one in wrong {
        let text = match one.input.is_empty() {
            true => escaped(one.reason),
            false => format!(
                "<a href=\"#{}\">{}</a>: {}",
                one.input,
                label(&one.input),
                escaped(one.reason)
            ),
        };
        line(body, &format!("<li>{text}</li>"));
    }
    body.push_str("</ul>\n</div>\n");
}

/// What an input or a field of the contract is called.
pub(super) fn label(name: &str) -> String {
    let known = match name {
        "luogo_nascita" => "Luogo di nascita",
        "luogo_nascita.codice_istat" => "Codice ISTAT del comune di nascita (sei cifre)",
        "luogo_nascita.denominazione" => "Comune o Stato di nascita",
        "data_nascita" => "Data di nascita",
        "stato_anagrafico" => "Posizione in anagrafe",
        "data_decesso" => "Data del decesso",
        "residenza.comune.codice_istat" => "Codice ISTAT del comune (sei cifre)",
        "residenza.comune.denominazione" => "Comune o Stato",
        "residenza.numero_civico" => "Numero civico",
        "residenza.cap" => "CAP",
        "residenza.data_decorrenza_residenza" => "Residente dal",
        "cittadinanza.codice_stato" => "Codice dello Stato (tre lettere, come ITA)",
        "pratica" => "Pratica nata presso l'ente",
        "pratica.identificativo" => "Numero della pratica, se ne ha uno",
        "pratica.stato" => "Stato della pratica",
        "motivo" => "Perché non è stata eseguita",
        "stato_civile" => "Stato civile",
        "stato_civile.codice" => "Codice della tabella ANPR",
        "fino_al" => "Fino al",
        "dovuto" => "Importo dovuto per l'anno (euro)",
        _ => {
            let last = name.rsplit('.').next().unwrap_or(name).replace('_', " ");
            let mut letters = last.chars();
            let first = letters.next().map(char::to_uppercase).into_iter().flatten();
            return first.chain(letters).collect();
        }
    };
    known.to_owned()
}

/// An instant as people read it in Italy.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    let there = at.with_timezone(&Rome);
    there.format("%d/%m/%Y alle %H:%M").to_string()
}

/// A whole page.
pub(super) fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"it\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} – Pontile</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/richieste/stile.css\">\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// Appends a line.
pub(super) fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// A text as HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// An input with its label, and its mistake if it has one; `write` is given the attributes that tie the three together.
pub(super) fn input(
    body: &mut String,
    (name, title): (&str, &str),
    wrong: &[Wrong],
    write: impl FnOnce(&str) -> String,
) {
    line(body, &format!("<label for=\"{name}\">{title}</label>"));
    let mut attributes = format!("id=\"{name}\" name=\"{name}\"");
    if let Some(mistake) = wrong.iter().find(|wrong| wrong.input == name) {
        let text = escaped(mistake.reason);
        line(
            body,
            &format!("<p class=\"errore\" id=\"{name}-errore\">{text}</p>"),
        );
        attributes += &format!(" aria-invalid=\"true\" aria-describedby=\"{name}-errore\"");
    }
    line(body, &write(&attributes));
}

/// What an operation is called before an officer.
pub(super) fn kind(operation: Operation) -> &'static str {
    match operation {
        Operation::RicercaPersona => "Scheda anagrafica di una persona",
        Operation::RicercaFamiglia => "Famiglia anagrafica di una persona",
        Operation::RecapitoAnpr => "Recapito di una persona (ANPR)",
        Operation::FamigliaAnpr => "Famiglia anagrafica di una persona (ANPR)",
        Operation::RicercaPosizione | Operation::RicercaPosizioneInEnti => {
            "Posizione tributaria di un contribuente"
        }
        Operation::VariazioneSuperficie => "Variazione della superficie di un'utenza",
        Operation::VerificaDichiarazione => "Verifica di una dichiarazione",
        Operation::Enti | Operation::Ente | Operation::Servizi | Operation::RicercaAccessi => {
            "Richiesta"
        }
    }
}
