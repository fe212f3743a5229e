//! Writes the officers' pages: plain HTML, no script, every input with its label and its mistake beside it.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::broker::deferral::manual::Sheet;
use crate::connectors::filled_in::{Expected, Input, Part, Wrong};
use crate::contract::luogo::CodiceIstat;
use crate::operators::page::{self, escaped, facts, kind, label, line, mistakes, moment, whole};
use crate::snapshot::Snapshot;
use crate::store::Richiesta;
use crate::store::richieste::Way;

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
    body.push_str(
        "<p><a href=\"/protezioni\">Persone protette</a> · <a href=\"/rappresentanze\">Rappresentanze</a> · \
         <a href=\"/codici-cambiati\">Codici fiscali cambiati</a></p>\n",
    );
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
    facts(&mut body, [subject].into_iter().chain(tax).chain(rest));
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
    page::input(
        body,
        (&name, &label(&name)),
        wrong,
        |attributes| match one.kind {
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
                format!(
                    "<input inputmode=\"decimal\" maxlength=\"20\" {attributes} value=\"{value}\">"
                )
            }
            Expected::Text(longest) => {
                format!("<input maxlength=\"{longest}\" {attributes} value=\"{value}\">")
            }
        },
    );
}
