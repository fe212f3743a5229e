//! Officers of an ente attest who may ask about whom in a role of the law, and revoke it. Pages tell numbers, roles, titles and days, never
//! who is meant.

mod page;

use std::collections::BTreeSet;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;

use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::contract::rappresentanza::RuoloRappresentante;
use crate::store::StoreError;
use crate::store::representation::{NewRepresentation, Representation};

use super::caller::Caller;
use super::deed::{Deed, Filled, beginning, day, last_day, of_input, persons_codes, state, text};
use super::reason::Reason;

/// Parental responsibility ends at that age (Civil Code, article 2).
const OF_AGE: Months = Months::new(18 * 12);

/// A delegation says its end, no later than so many days from now.
const LONGEST_DELEGATION: TimeDelta = TimeDelta::days(366);

/// What a form says, in order.
pub(super) struct Wanted {
    role: RuoloRappresentante,
    codes: (CodiceFiscale, CodiceFiscale),
    operations: BTreeSet<Operation>,
    everywhere: bool,
    until: Option<DateTime<Utc>>,
}

impl Deed for Representation {
    const FOLDER: &'static str = "/rappresentanze";
    const WORD: &'static str = "Rappresentanza";
    const TITLE: &'static str = "Rappresentanze";
    const ABOUT: &'static str = "Chi può chiedere di un'altra persona, e in che veste, secondo un titolo che l'ente ha visto. Essere della stessa famiglia non basta.";
    const NONE: &'static str = "Nessuna rappresentanza.";
    const NEW: (&'static str, &'static str) = ("Attesta una rappresentanza", "Attesta");
    const SET: (&'static str, &'static str) = ("La rappresentanza n.", "vale da ora.");
    const COLUMNS: &'static [&'static str] = &["Veste", "Titolo", "Stato"];
    const END: (&'static str, &'static str) = ("Revoca", "Perché è revocata (senza nomi)");
    const ENDED: (&'static str, &'static str) = (
        "La rappresentanza è revocata.",
        "La rappresentanza era già revocata.",
    );

    type Wanted = Wanted;

    fn inputs(body: &mut String, filled: &Filled, wrong: &[Wrong]) {
        page::inputs(body, filled, wrong);
    }

    fn read(filled: &Filled, wrong: &mut Vec<Wrong>) -> Option<Wanted> {
        let role = RuoloRappresentante::named(text(filled, "ruolo"));
        if role.is_none() {
            wrong.push(of_input("ruolo", "scegliere in che veste chiede"));
        }
        let inputs = ("rappresentante", "rappresentato");
        let codes = persons_codes(filled, inputs, "è la stessa persona", wrong);
        let operations: BTreeSet<Operation> = offered()
            .filter(|operation| text(filled, operation.name()) == "si")
            .collect();
        if operations.is_empty() {
            wrong.push(of_input("operazioni", "scegliere che cosa può chiedere"));
        }
        let until = until(role, codes.as_ref(), filled);
        let until = until.map_err(|one| wrong.push(one)).ok();
        Some(Wanted {
            role: role?,
            codes: codes?,
            operations,
            everywhere: text(filled, "ovunque") == "si",
            until: until?,
        })
    }

    async fn set_down(
        caller: &Caller,
        ente: &CodiceIstat,
        deed: &Reason,
        wanted: Wanted,
    ) -> Result<i64, StoreError> {
        let new = NewRepresentation {
            role: wanted.role,
            codes: (wanted.codes.0.as_str(), wanted.codes.1.as_str()),
            ente: ente.as_str(),
            operator: &caller.operator().name,
            certificate: caller.certificate(),
            deed: deed.as_str(),
            operations: &wanted.operations,
            everywhere: wanted.everywhere,
            until: wanted.until,
        };
        caller.gateway().store.represent(new).await
    }

    async fn of_ente(
        caller: &Caller,
        ente: &CodiceIstat,
    ) -> Result<Vec<Representation>, StoreError> {
        let store = &caller.gateway().store;
        store.representations_of(ente.as_str()).await
    }

    fn cells(&self) -> Vec<String> {
        let role = self.role.name().replace('_', " ");
        vec![role, self.deed.clone(), state(self.until, self.ended)]
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
        page::facts(caller, self)
    }

    async fn find(caller: &Caller, number: i64) -> Result<Option<Representation>, StoreError> {
        caller.gateway().store.representation(number).await
    }

    async fn end(&self, caller: &Caller, why: &Reason) -> Result<bool, StoreError> {
        let (store, operator) = (&caller.gateway().store, &caller.operator().name);
        store
            .end_representation(self.number, operator, why.as_str())
            .await
    }
}

/// When the representation ends, as the role demands: parental responsibility with the child's majority, a delegation within a year.
fn until(
    role: Option<RuoloRappresentante>,
    codes: Option<&(CodiceFiscale, CodiceFiscale)>,
    filled: &Filled,
) -> Result<Option<DateTime<Utc>>, Wrong> {
    let named = last_day(text(filled, "fino_al"));
    let named = named.map_err(|reason| of_input("fino_al", reason))?;
    match role {
        Some(RuoloRappresentante::Genitore) => {
            let majority = majority(codes, filled)?;
            Ok(Some(named.map_or(majority, |named| named.min(majority))))
        }
        Some(RuoloRappresentante::Delegato) => {
            let longest = Utc::now() + LONGEST_DELEGATION;
            let within = named.filter(|named| *named <= longest);
            let reason = "una delega dice quando finisce, al più fra un anno";
            within.map(Some).ok_or_else(|| of_input("fino_al", reason))
        }
        Some(RuoloRappresentante::Erede) => {
            let today = Utc::now().with_timezone(&Rome).date_naive();
            let died = day(text(filled, "data_decesso")).unwrap_or_default();
            let reason = "dell'eredità serve il giorno del decesso";
            match died.is_some_and(|died| died <= today) {
                true => Ok(named),
                false => Err(of_input("data_decesso", reason)),
            }
        }
        _ => Ok(named),
    }
}

/// When the child comes of age, by a day of birth that agrees with the fiscal code.
fn majority(
    codes: Option<&(CodiceFiscale, CodiceFiscale)>,
    filled: &Filled,
) -> Result<DateTime<Utc>, Wrong> {
    let not = |reason| of_input("data_nascita", reason);
    let born = day(text(filled, "data_nascita")).map_err(not)?;
    let born: NaiveDate = born.ok_or(not("del minore serve il giorno di nascita"))?;
    if codes.is_some_and(|(_, child)| !child.says_born_on(born)) {
        return Err(not("non è il giorno di nascita del codice fiscale"));
    }
    let adult = born.checked_add_months(OF_AGE).and_then(beginning);
    match adult {
        Some(adult) if adult > Utc::now() => Ok(adult),
        _ => Err(not("è maggiorenne")),
    }
}

/// What somebody may ask about another person.
fn offered() -> impl Iterator<Item = Operation> {
    let all = Operation::ALL.into_iter();
    all.filter(|operation| operation.is_personal() && !operation.is_of_record())
}
