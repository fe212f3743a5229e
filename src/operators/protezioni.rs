//! Officers of an ente mark persons as protected and take marks back. Pages tell numbers, deeds and days, never who is meant.

use chrono::{DateTime, Utc};

use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;
use crate::store::protection::{Mark, NewMark};

use super::caller::Caller;
use super::deed::{Deed, Filled, day_input, last_day, name_of, of_input, state, text, text_input};
use super::page::moment;
use super::reason::Reason;

/// A person to be marked, as a form says it.
pub(super) struct Wanted {
    code: CodiceFiscale,
    until: Option<DateTime<Utc>>,
}

impl Deed for Mark {
    const FOLDER: &'static str = "/protezioni";
    const WORD: &'static str = "Protezione";
    const TITLE: &'static str = "Persone protette";
    const ABOUT: &'static str = "Di una persona protetta nessun portale sa nulla, da nessun ente, salvo che per le finalità concesse espressamente.";
    const NONE: &'static str = "Nessuna protezione.";
    const NEW: (&'static str, &'static str) = ("Proteggi una persona", "Proteggi");
    const SET: (&'static str, &'static str) = ("La protezione n.", "vale da ora.");
    const COLUMNS: &'static [&'static str] = &["Atto", "Dal", "Stato"];
    const END: (&'static str, &'static str) =
        ("Fai cessare la protezione", "Perché cessa (senza nomi)");
    const ENDED: (&'static str, &'static str) =
        ("La protezione è cessata.", "La protezione era già cessata.");

    type Wanted = Wanted;

    fn inputs(body: &mut String, filled: &Filled, wrong: &[Wrong]) {
        let state = (filled, wrong);
        text_input(body, ("codice_fiscale", "Codice fiscale"), 16, state);
        text_input(
            body,
            ("atto", "Atto su cui si fonda (senza nomi)"),
            300,
            state,
        );
        day_input(
            body,
            ("fino_al", "Fino al (vuoto: finché non cessa)"),
            state,
        );
    }

    fn read(filled: &Filled, wrong: &mut Vec<Wrong>) -> Option<Wanted> {
        let code = CodiceFiscale::parse(text(filled, "codice_fiscale")).ok();
        if code.is_none() {
            wrong.push(of_input("codice_fiscale", "non è un codice fiscale"));
        }
        let until = last_day(text(filled, "fino_al"));
        let until = until
            .map_err(|reason| wrong.push(of_input("fino_al", reason)))
            .ok();
        Some(Wanted {
            code: code?,
            until: until?,
        })
    }

    async fn set_down(
        caller: &Caller,
        ente: &CodiceIstat,
        deed: &Reason,
        wanted: Wanted,
    ) -> Result<i64, StoreError> {
        let new = NewMark {
            code: wanted.code.as_str(),
            ente: ente.as_str(),
            operator: &caller.operator().name,
            deed: deed.as_str(),
            until: wanted.until,
        };
        let number = caller.gateway().store.protect(new).await?;
        // It holds on this node when the officer is told; the others hear of it.
        caller.gateway().learn_protected().await?;
        Ok(number)
    }

    async fn of_ente(caller: &Caller, ente: &CodiceIstat) -> Result<Vec<Mark>, StoreError> {
        caller.gateway().store.protections_of(ente.as_str()).await
    }

    fn cells(&self) -> Vec<String> {
        let standing = state(self.until, self.ended);
        vec![self.deed.clone(), moment(self.since), standing]
    }

    fn number(&self) -> i64 {
        self.number
    }

    fn ente(&self) -> &str {
        &self.ente
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    fn facts(&self, caller: &Caller) -> Vec<(&'static str, String)> {
        vec![
            ("Ente", name_of(caller, &self.ente)),
            ("Atto", self.deed.clone()),
            ("Disposta da", self.operator.clone()),
            ("Dal", moment(self.since)),
            ("Stato", state(self.until, self.ended)),
        ]
    }

    async fn find(caller: &Caller, number: i64) -> Result<Option<Mark>, StoreError> {
        caller.gateway().store.protection(number).await
    }

    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError> {
        let (store, operator) = (&caller.gateway().store, &caller.operator().name);
        let ended = store
            .end_protection(self.number, operator, why.as_str())
            .await?;
        caller.gateway().learn_protected().await?;
        Ok(ended)
    }
}
