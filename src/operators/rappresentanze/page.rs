//! Writes the pages: what an ente attests, one of them, the forms.

use crate::api::http::Response;
use crate::connectors::filled_in::Wrong;
use crate::contract::rappresentanza::RuoloRappresentante;
use crate::operators::caller::Caller;
use crate::operators::deed::{Filled, NEW, choice_of_ente, name_of, state, text, token};
use crate::operators::form::Seal;
use crate::operators::page::{escaped, html, input, kind, line, mistakes, moment, whole};
use crate::store::representation::Representation;

use super::{FOLDER, offered};

/// All that the officer's enti attest, with the form for more.
pub(super) async fn listed(
    caller: &Caller,
    seal: &Seal,
    status: u16,
    filled: &Filled,
    wrong: &[Wrong],
) -> Result<Response, Response> {
    let mut body = String::from("<h1>Rappresentanze</h1>\n");
    mistakes(&mut body, wrong);
    body.push_str(
        "<p>Chi può chiedere di un'altra persona, e in che veste, secondo un titolo che l'ente ha visto. Essere della stessa famiglia non basta.</p>\n",
    );
    let token = token(caller, seal, (FOLDER, NEW));
    new_form(&mut body, caller, &token, filled, wrong);
    for ente in caller.enti() {
        let found = caller
            .gateway()
            .store
            .representations_of(ente.as_str())
            .await;
        let found = found.map_err(|failure| caller.failed(&failure))?;
        table(&mut body, &name_of(caller, ente.as_str()), &found);
    }
    body.push_str("<p><a href=\"/richieste\">Vai alle richieste</a></p>\n");
    let title = match wrong.is_empty() {
        true => "Rappresentanze",
        false => "Errore: rappresentanza da correggere",
    };
    Ok(html(status, whole(title, &body)))
}

fn new_form(body: &mut String, caller: &Caller, token: &str, filled: &Filled, wrong: &[Wrong]) {
    line(
        body,
        &format!(
            "<h2>Attesta una rappresentanza</h2>\n<form method=\"post\" action=\"{FOLDER}\" autocomplete=\"off\">\n\
             <input type=\"hidden\" name=\"gettone\" value=\"{token}\">"
        ),
    );
    choice_of_ente(body, caller, filled, wrong);
    let option = |role: RuoloRappresentante| {
        let chosen = text(filled, "ruolo") == role.name();
        let chosen = if chosen { " selected" } else { "" };
        let shown = role.name().replace('_', " ");
        format!("<option value=\"{}\"{chosen}>{shown}</option>", role.name())
    };
    let options: String = RuoloRappresentante::ALL.into_iter().map(option).collect();
    input(
        body,
        ("ruolo", "In che veste chiede"),
        wrong,
        |attributes| {
            format!("<select {attributes}><option value=\"\">–</option>{options}</select>")
        },
    );
    let texts = [
        ("rappresentante", "Codice fiscale di chi chiede", 16),
        (
            "rappresentato",
            "Codice fiscale della persona di cui chiede",
            16,
        ),
        (
            "atto",
            "Titolo: atto, numero, data, autorità (senza nomi)",
            300,
        ),
    ];
    for (name, title, longest) in texts {
        let value = escaped(text(filled, name));
        input(body, (name, title), wrong, |attributes| {
            format!("<input maxlength=\"{longest}\" {attributes} value=\"{value}\">")
        });
    }
    let days = [
        ("data_nascita", "Del minore: nato il"),
        ("data_decesso", "Dell'eredità: decesso del"),
        ("fino_al", "Fino al (compreso)"),
    ];
    for (name, title) in days {
        let value = escaped(text(filled, name));
        input(body, (name, title), wrong, |attributes| {
            format!("<input type=\"date\" {attributes} value=\"{value}\">")
        });
    }
    operations(body, filled, wrong);
    body.push_str("<p><button>Attesta</button></p>\n</form>\n");
}

fn operations(body: &mut String, filled: &Filled, wrong: &[Wrong]) {
    body.push_str("<fieldset id=\"operazioni\"><legend>Che cosa può chiedere</legend>\n");
    if let Some(mistake) = wrong.iter().find(|wrong| wrong.input == "operazioni") {
        let reason = escaped(mistake.reason);
        line(
            body,
            &format!("<p class=\"errore\" id=\"operazioni-errore\">{reason}</p>"),
        );
    }
    let everywhere = ("ovunque", "A tutti gli enti, e non solo a questo");
    let all = offered().map(|operation| (operation.name(), kind(operation)));
    for (name, title) in all.chain([everywhere]) {
        let checked = if text(filled, name) == "si" {
            " checked"
        } else {
            ""
        };
        line(
            body,
            &format!(
                "<label><input type=\"checkbox\" name=\"{name}\" value=\"si\"{checked}> {title}</label>"
            ),
        );
    }
    body.push_str("</fieldset>\n");
}

fn table(body: &mut String, ente: &str, found: &[Representation]) {
    line(body, &format!("<h2>{}</h2>", escaped(ente)));
    if found.is_empty() {
        body.push_str("<p>Nessuna rappresentanza.</p>\n");
        return;
    }
    body.push_str(
        "<table>\n<caption>Dalla più recente</caption>\n<thead><tr><th scope=\"col\">Rappresentanza</th><th scope=\"col\">Veste</th>\
         <th scope=\"col\">Titolo</th><th scope=\"col\">Stato</th></tr></thead>\n<tbody>\n",
    );
    for one in found {
        line(
            body,
            &format!(
                "<tr><th scope=\"row\"><a href=\"{FOLDER}/{0}\">n. {0}</a></th><td>{1}</td><td>{2}</td><td>{3}</td></tr>",
                one.number,
                one.role.name().replace('_', " "),
                escaped(&one.deed),
                state(one.until, one.ended)
            ),
        );
    }
    body.push_str("</tbody>\n</table>\n");
}

/// What the sheet of one of them tells.
pub(super) fn facts(caller: &Caller, found: &Representation) -> Vec<(&'static str, String)> {
    let operations: Vec<&str> = found.operations.iter().map(|one| kind(*one)).collect();
    let place = match found.everywhere {
        true => "Tutti gli enti",
        false => "Solo questo",
    };
    let attested = format!("{}, {}", name_of(caller, &found.ente), found.operator);
    vec![
        ("Veste", found.role.name().replace('_', " ")),
        ("Titolo", found.deed.clone()),
        ("Che cosa può chiedere", operations.join("; ")),
        ("A quali enti", place.to_owned()),
        ("Attestata da", attested),
        ("Dal", moment(found.since)),
        ("Stato", state(found.until, found.ended)),
    ]
}
