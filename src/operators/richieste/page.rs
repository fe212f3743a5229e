//! Writes the officers' pages: plain HTML, no script, every input with its label and its mistake beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;

use crate::broker::deferral::manual::Sheet;
use crate::connectors::filled_in::{Expected, Input, Part, Wrong};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::snapshot::Snapshot;
use crate::store::Richiesta;
use crate::store::richieste::Way;

/// The pages' style.
pub(super) const STYLE: &str = include_str!("stile.css");

/// The list of what waits: requests to be answered, then writes whose outcome is to be told.
pub(super) fn list(waiting: &[Richiesta], snapshot: &Snapshot) -> String {
    let (writes, requests): (Vec<_>, Vec<_>) =
        waiting.iter().partition(|one| one.way == Way::Write);
    let mut body = String::from("<h1>Richieste in attesa di risposta</h1>\n");
    match requests.is_empty() {
        true => body.push_str("<p>Nessuna richiesta attende una risposta.</p>\n"),
        false => table(&mut body, &requests, snapshot, "/richieste"),
    }
    if !writes.is_empty() {
        body.push_str(
            "<h2>Scritture di esito ignoto</h2>\n<p>Inviate al gestionale, che non ha confermato: dire se sono state eseguite.</p>\n",
        );
        table(&mut body, &writes, snapshot, "/scritture");
    }
    whole("Richieste", &body)
}

fn table(body: &mut String, rows: &[&Richiesta], snapshot: &Snapshot, folder: &str) {
    body.push_str(
        "<table>\n<caption>Dalla più vecchia</caption>\n<thead><tr><th scope=\"col\">Richiesta</th>\
         <th scope=\"col\">Ente</th><th scope=\"col\">Ricevuta</th><th scope=\"col\">Entro</th></tr></thead>\n<tbody>\n",
    );
    for one in rows {
        let code = CodiceIstat::parse(&one.ente);
        let ente = code.and_then(|code| snapshot.ente(&code).cloned());
        let name = ente.map_or_else(|| one.ente.clone(), |ente| ente.denominazione.clone());
        line(
            body,
            &format!(
                "<tr><th scope=\"row\"><a href=\"{folder}/{}\">{} del {}</a></th><td>{}</td><td>{}</td><td>{}</td></tr>",
                one.id,
                kind(one.operation),
                moment(one.opened),
                escaped(&name),
                moment(one.opened),
                moment(one.gives_up)
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n");
}

/// One request with the form for its answer, as far as it was filled in.
pub(super) fn sheet(
    sheet: &Sheet,
    token: &str,
    filled: &BTreeMap<String, String>,
    wrong: &[Wrong],
) -> String {
    let mut body = format!("<h1>{}</h1>\n", kind(sheet.operation));
    mistakes(&mut body, wrong);
    let tax = sheet
        .tax
        .map(|(tax, year)| format!("{} {year}", tax.name()));
    let subject = ("Codice fiscale o partita IVA", sheet.subject.clone());
    let rest = [
        ("Ente", sheet.ente.clone()),
        ("Chi chiede", sheet.portal.clone()),
        ("Finalità", sheet.purpose.clone()),
        ("Rispondere entro", moment(sheet.gives_up)),
    ];
    let tax = tax.map(|tax| ("Tributo e anno", tax));
    told(&mut body, [subject].into_iter().chain(tax).chain(rest));
    line(
        &mut body,
        &format!(
            "<form method=\"post\" action=\"/richieste/{}\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"gettone\" value=\"{token}\">\n<input type=\"hidden\" name=\"versione\" value=\"{}\">",
            sheet.id, sheet.version
        ),
    );
    fieldsets(&mut body, &sheet.inputs, filled, wrong);
    body.push_str(
        "<p>La risposta parte come compilata: i campi vuoti restano senza valore.</p>\n\
         <p><button name=\"esito\" value=\"risposta\">Invia la risposta</button>\n\
         <button name=\"esito\" value=\"non-trovato\">Nessun soggetto trovato</button>\n\
         <button name=\"esito\" value=\"rifiuto\">L'ente non risponde a questa richiesta</button></p>\n</form>\n\
         <p><a href=\"/richieste\">Torna alle richieste</a></p>\n",
    );
    let title = match wrong.is_empty() {
        true => "Richiesta",
        false => "Errore: richiesta da correggere",
    };
    whole(title, &body)
}

/// The answer was taken.
pub(super) fn done() -> String {
    whole(
        "Risposta inviata",
        "<h1>Risposta inviata</h1>\n<p role=\"status\">La richiesta è conclusa.</p>\n<p><a href=\"/richieste\">Torna alle richieste</a></p>\n",
    )
}

/// The form is not that of the request as it is now.
pub(super) fn stale(path: &str) -> String {
    whole(
        "Modulo superato",
        &format!(
            "<h1>Modulo superato</h1>\n<p role=\"alert\">La risposta non è stata presa: la richiesta è già conclusa o è cambiata, o il modulo è \
             di prima di un riavvio.</p>\n<p><a href=\"{path}\">Apri di nuovo la richiesta</a> o \
             <a href=\"/richieste\">torna alle richieste</a></p>\n"
        ),
    )
}

/// What is known, by name.
pub(super) fn told(body: &mut String, known: impl IntoIterator<Item = (&'static str, String)>) {
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

/// The inputs, those of one field of the contract together.
pub(super) fn fieldsets(
    body: &mut String,
    inputs: &[Input],
    filled: &BTreeMap<String, String>,
    wrong: &[Wrong],
) {
    let head = |input: &Input| input.path.split('.').next().unwrap_or(input.path);
    for group in inputs.chunk_by(|one, other| head(one) == head(other)) {
        let alone = matches!(group, [only] if only.part == Part::Whole && !only.path.contains('.'));
        if !alone {
            let legend = label(group.first().map_or("", head));
            line(body, &format!("<fieldset><legend>{legend}</legend>"));
        }
        for one in group {
            input(body, *one, filled, wrong);
        }
        if !alone {
            body.push_str("</fieldset>\n");
        }
    }
}

fn input(body: &mut String, one: Input, filled: &BTreeMap<String, String>, wrong: &[Wrong]) {
    let name = one.name();
    let value = escaped(filled.get(&name).map(String::as_str).unwrap_or_default());
    let mistake = wrong.iter().find(|wrong| wrong.input == name);
    let state = match mistake {
        Some(_) => format!(" aria-invalid=\"true\" aria-describedby=\"{name}-errore\""),
        None => String::new(),
    };
    line(
        body,
        &format!("<label for=\"{name}\">{}</label>", label(&name)),
    );
    if let Some(mistake) = mistake {
        let text = escaped(mistake.reason);
        line(
            body,
            &format!("<p class=\"errore\" id=\"{name}-errore\">{text}</p>"),
        );
    }
    let attributes = format!("id=\"{name}\" name=\"{name}\"{state}");
    let written = match one.kind {
        Expected::OneOf(words) => {
            let mut select = format!("<select {attributes}><option value=\"\">–</option>");
            for word in words {
                let chosen = if *word == value { " selected" } else { "" };
                let shown = word.replace('_', " ");
                // A string can always be written to.
                let _ = write!(select, "<option value=\"{word}\"{chosen}>{shown}</option>");
            }
            select + "</select>"
        }
        Expected::Date => format!("<input type=\"date\" {attributes} value=\"{value}\">"),
        Expected::Money => {
            format!("<input inputmode=\"decimal\" maxlength=\"20\" {attributes} value=\"{value}\">")
        }
        Expected::Text(longest) => {
            format!("<input maxlength=\"{longest}\" {attributes} value=\"{value}\">")
        }
    };
    line(body, &written);
}

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
        Operation::Enti | Operation::Ente | Operation::Servizi | Operation::RicercaAccessi => {
            "Richiesta"
        }
    }
}

/// What an input or a field of the contract is called.
fn label(name: &str) -> String {
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

pub(super) fn moment(at: DateTime<Utc>) -> String {
    let there = at.with_timezone(&Rome);
    there.format("%d/%m/%Y alle %H:%M").to_string()
}

pub(super) fn whole(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"it\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} – Pontile</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"stylesheet\" href=\"/richieste/stile.css\">\n</head>\n\
         <body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

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
