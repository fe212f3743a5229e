//! What the pages of representations have of their own: the inputs, the sheet.

use crate::connectors::filled_in::Wrong;
use crate::contract::rappresentanza::RuoloRappresentante;
use crate::operators::caller::Caller;
use crate::operators::deed::{Filled, day_input, name_of, state, text, text_input};
use crate::operators::page::{escaped, input, kind, line, moment};
use crate::store::representation::Representation;

use super::offered;

/// The form's inputs.
pub(super) fn inputs(body: &mut String, filled: &Filled, wrong: &[Wrong]) {
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
        text_input(body, (name, title), longest, (filled, wrong));
    }
    let days = [
        ("data_nascita", "Del minore: nato il"),
        ("data_decesso", "Dell'eredità: decesso del"),
        ("fino_al", "Fino al (compreso)"),
    ];
    for named in days {
        day_input(body, named, (filled, wrong));
    }
    operations(body, filled, wrong);
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
