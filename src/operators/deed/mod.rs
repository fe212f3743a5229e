//! What officers set down by a deed has in common: a form that is ours, an ente of theirs, the deed, a sheet, an end. Persons come by a
//! form and are never shown again.

mod inputs;
mod page;

use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::broker::error::{ExchangeError, Malformed};
use crate::connectors::filled_in::Wrong;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;

use super::caller::Caller;
use super::form::{self, Seal};
use super::page::{html, whole};
use super::reason::Reason;

use inputs::chosen_ente;
pub(super) use inputs::{
    Filled, beginning, day, day_input, last_day, of_input, persons_codes, text, text_input,
};
use page::{done, listed, sheet};
pub(super) use page::{name_of, state};

/// Forms are of what stands under a number; the form of something new is of none.
const NEW: i64 = 0;

/// What an officer set down by a deed, under a number.
pub(super) trait Deed: Sized {
    /// The folder of its pages.
    const FOLDER: &'static str;
    /// What it is called, with a capital.
    const WORD: &'static str;
    /// The heading of all of them.
    const TITLE: &'static str;
    /// A sentence on them.
    const ABOUT: &'static str;
    /// What is said where there is none.
    const NONE: &'static str;
    /// The heading and the button of the form for a new one.
    const NEW: (&'static str, &'static str);
    /// What is told once there is a new one, before and after its number.
    const SET: (&'static str, &'static str);
    /// The columns of the list beside the number.
    const COLUMNS: &'static [&'static str];
    /// The button that ends it, and what the officer has to say then.
    const END: (&'static str, &'static str);
    /// What is told once it has ended, and where it had ended before.
    const ENDED: (&'static str, &'static str);

    /// What the form for a new one says beside the ente and the deed.
    type Wanted;

    /// The form's inputs below the one for the ente; that for the deed is `atto`.
    fn inputs(body: &mut String, filled: &Filled, wrong: &[Wrong]);

    /// Reads them; what is wrong is noted.
    fn read(filled: &Filled, wrong: &mut Vec<Wrong>) -> Option<Self::Wanted>;

    /// Sets a new one down, which holds from now on; its number.
    async fn set_down(
        caller: &Caller,
        ente: &CodiceIstat,
        deed: &Reason,
        wanted: Self::Wanted,
    ) -> Result<i64, StoreError>;

    /// Those of an ente, the newest first.
    async fn of_ente(caller: &Caller, ente: &CodiceIstat) -> Result<Vec<Self>, StoreError>;

    /// What stands in the list's columns.
    fn cells(&self) -> Vec<String>;

    /// Its number.
    fn number(&self) -> i64;

    /// ISTAT code of its ente.
    fn ente(&self) -> &str;

    /// Whether it was ended.
    fn has_ended(&self) -> bool;

    /// What its sheet tells.
    fn facts(&self, caller: &Caller) -> Vec<(&'static str, String)>;

    /// The one of that number.
    async fn find(caller: &Caller, number: i64) -> Result<Option<Self>, StoreError>;

    /// Ends it; `false`: it had ended before.
    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError>;
}

/// Answers what is asked of their folder, or of one of them.
pub(super) async fn answer<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
) -> Result<Response, Response> {
    let is_sent = request.head.method() == "POST";
    let below = request.head.path().strip_prefix(D::FOLDER);
    match below.and_then(|rest| rest.strip_prefix('/')) {
        None if is_sent => set_down::<D>(caller, seal, request).await,
        None => list::<D>(caller, seal).await,
        Some(number) if is_sent => end::<D>(caller, seal, request, number).await,
        Some(number) => show::<D>(caller, seal, number).await,
    }
}

/// `GET` of the folder: what the officer's enti set down, and the form for more.
async fn list<D: Deed>(caller: &Caller, seal: &Seal) -> Result<Response, Response> {
    caller.note(None, None).await?;
    listed::<D>(caller, seal, 200, &Filled::new(), &[]).await
}

/// `POST` to the folder: a new one holds from now on.
async fn set_down<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    check_token(caller, seal, &filled, (D::FOLDER, NEW)).await?;
    let mut wrong = Vec::new();
    let ente = chosen_ente(caller, &filled, &mut wrong);
    let wanted = D::read(&filled, &mut wrong);
    let deed = Reason::parse(text(&filled, "atto"));
    let deed = deed
        .map_err(|reason| wrong.push(of_input("atto", reason)))
        .ok();
    let (Some(ente), Some(wanted), Some(deed), true) = (ente, wanted, deed, wrong.is_empty())
    else {
        return listed::<D>(caller, seal, 422, &filled, &wrong).await;
    };
    caller.note(Some(ente.as_str()), Some(&deed)).await?;
    let number = D::set_down(caller, ente, &deed, wanted).await;
    let number = number.map_err(|failure| caller.failed(&failure))?;
    let (before, after) = D::SET;
    Ok(html(200, done::<D>(&format!("{before} {number} {after}"))))
}

/// `GET` of one of them: its sheet, and the form to end it.
async fn show<D: Deed>(caller: &Caller, seal: &Seal, number: &str) -> Result<Response, Response> {
    let found: D = own(caller, number, None).await?;
    Ok(html(200, sheet(caller, seal, &found, &Filled::new(), &[])))
}

/// `POST` to one of them: it is ended.
async fn end<D: Deed>(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
    number: &str,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    let place = (D::FOLDER, parsed(caller, number)?);
    check_token(caller, seal, &filled, place).await?;
    let why = match Reason::parse(text(&filled, "motivo")) {
        Ok(why) => why,
        Err(reason) => {
            let found: D = own(caller, number, None).await?;
            let wrong = [of_input("motivo", reason)];
            return Ok(html(422, sheet(caller, seal, &found, &filled, &wrong)));
        }
    };
    let found: D = own(caller, number, Some(&why)).await?;
    let ended = found.end(caller, &why).await;
    let told = match ended.map_err(|failure| caller.failed(&failure))? {
        true => D::ENDED.0,
        false => D::ENDED.1,
    };
    Ok(html(200, done::<D>(told)))
}

/// The one of that number, if it is of an ente of the officer's; noted either way.
async fn own<D: Deed>(caller: &Caller, number: &str, why: Option<&Reason>) -> Result<D, Response> {
    let found = D::find(caller, parsed(caller, number)?).await;
    let found = found.map_err(|failure| caller.failed(&failure))?;
    let ente = found.as_ref().map(|found| found.ente().to_owned());
    let reason = Reason::parse(&format!("{} {number}", D::WORD.to_lowercase())).ok();
    let reason = why.or(reason.as_ref());
    match found.filter(|found| caller.covers(Some(found.ente()))) {
        Some(found) => {
            caller.note(Some(found.ente()), reason).await?;
            Ok(found)
        }
        None => Err(caller
            .refuse_and_note(&ExchangeError::RequestUnknown, ente.as_deref())
            .await),
    }
}

/// The number at the end of a path.
fn parsed(caller: &Caller, number: &str) -> Result<i64, Response> {
    let number = number.parse().ok().filter(|number| *number > NEW);
    number.ok_or_else(|| caller.malformed(Malformed::NoSuchResource))
}

/// The token of a form of what stands in a folder under a number.
fn token(caller: &Caller, seal: &Seal, place: (&str, i64)) -> String {
    seal.token(caller, sealed(place.0), place.1)
}

/// Refuses a form that is not ours, or not this officer's; that is noted.
async fn check_token(
    caller: &Caller,
    seal: &Seal,
    filled: &Filled,
    (folder, number): (&str, i64),
) -> Result<(), Response> {
    if seal.is_genuine(caller, sealed(folder), number, text(filled, "gettone")) {
        return Ok(());
    }
    let stale = ExchangeError::Malformed(form::wrong("gettone"));
    caller.note_refusal(&stale, None, None).await?;
    let body = format!(
        "<h1>Modulo superato</h1>\n<p role=\"alert\">Non è cambiato nulla: il modulo è di prima di un riavvio o di un altro operatore.</p>\n\
         <p><a href=\"{folder}\">Apri di nuovo la pagina</a></p>\n"
    );
    Err(html(403, whole("Modulo superato", &body)))
}

/// Forms are sealed under an UUID: a folder has one of its own.
fn sealed(folder: &str) -> Uuid {
    let mut bytes = [0; 16];
    for (byte, letter) in bytes.iter_mut().zip(folder.bytes()) {
        *byte = letter;
    }
    Uuid::from_bytes(bytes)
}
