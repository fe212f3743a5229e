//! Officers of an ente attest that a person's fiscal code was replaced by another, and take it back as wrong. Pages tell numbers, deeds and
//! days, never which codes.

use chrono::{DateTime, Utc};

use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::StoreError;
use crate::store::changed_code::{ChangedCode, NewChange};

use super::caller::Caller;
use super::deed::{Deed, Filled, name_of, persons_codes, text_input};
use super::page::moment;
use super::reason::Reason;

impl Deed for ChangedCode {
    const FOLDER: &'static str = "/codici-cambiati";
    const WORD: &'static str = "Cambio di codice";
    const TITLE: &'static str = "Codici fiscali cambiati";
    const ABOUT: &'static str = "Quando l'Agenzia delle entrate sostituisce il codice fiscale di una persona: il suo registro degli accessi, le protezioni e le \
                                 rappresentanze valgono sotto entrambi.";
    const NONE: &'static str = "Nessun cambio di codice.";
    const NEW: (&'static str, &'static str) = ("Attesta un cambio di codice", "Attesta");
    const SET: (&'static str, &'static str) = ("Il cambio di codice n.", "vale da ora.");
    const COLUMNS: &'static [&'static str] = &["Atto", "Dal", "Stato"];
    const END: (&'static str, &'static str) = ("Ritira", "Perché era sbagliato (senza nomi)");
    const ENDED: (&'static str, &'static str) = (
        "Il cambio di codice è ritirato.",
        "Il cambio di codice era già ritirato.",
    );

    /// The code of before and the one of now.
    type Wanted = (CodiceFiscale, CodiceFiscale);

    fn inputs(body: &mut String, filled: &Filled, wrong: &[Wrong]) {
        for (name, title, longest) in [
            ("codice_di_prima", "Codice fiscale di prima", 16),
            ("codice_di_adesso", "Codice fiscale di adesso", 16),
            ("atto", "Atto su cui si fonda (senza nomi)", 300),
        ] {
            text_input(body, (name, title), longest, (filled, wrong));
        }
    }

    fn read(filled: &Filled, wrong: &mut Vec<Wrong>) -> Option<Self::Wanted> {
        let inputs = ("codice_di_prima", "codice_di_adesso");
        persons_codes(filled, inputs, "è lo stesso codice", wrong)
    }

    async fn set_down(
        caller: &Caller,
        ente: &CodiceIstat,
        deed: &Reason,
        (former, present): Self::Wanted,
    ) -> Result<i64, StoreError> {
        let new = NewChange {
            codes: (former.as_str(), present.as_str()),
            ente: ente.as_str(),
            operator: &caller.operator().name,
            deed: deed.as_str(),
        };
        let number = caller.gateway().store.change_code(new).await?;
        // A protection under one code holds for the other when the officer is told; the other nodes hear of it.
        caller.gateway().learn_protected().await?;
        Ok(number)
    }

    async fn of_ente(caller: &Caller, ente: &CodiceIstat) -> Result<Vec<ChangedCode>, StoreError> {
        caller.gateway().store.changes_of(ente.as_str()).await
    }

    fn cells(&self) -> Vec<String> {
        vec![self.deed.clone(), moment(self.since), state(self.ended)]
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
        let attested = format!("{}, {}", name_of(caller, &self.ente), self.operator);
        vec![
            ("Atto", self.deed.clone()),
            ("Attestato da", attested),
            ("Dal", moment(self.since)),
            ("Stato", state(self.ended)),
        ]
    }

    async fn find(caller: &Caller, number: i64) -> Result<Option<ChangedCode>, StoreError> {
        caller.gateway().store.change(number).await
    }

    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError> {
        let (store, operator) = (&caller.gateway().store, &caller.operator().name);
        let ended = store
            .end_change(self.number, operator, why.as_str())
            .await?;
        caller.gateway().learn_protected().await?;
        Ok(ended)
    }
}

fn state(ended: Option<DateTime<Utc>>) -> String {
    match ended {
        Some(ended) => format!("ritirato il {}", moment(ended)),
        None => "vale".to_owned(),
    }
}
