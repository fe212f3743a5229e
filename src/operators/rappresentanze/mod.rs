//! Officers of an ente attest who may ask about whom in a role of the law, and revoke it. Pages tell numbers, roles, titles and days, never
//! who is meant.

mod page;

use std::collections::BTreeSet;

use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;

use crate::api::http::{Request, Response};
use crate::connectors::filled_in::Wrong;
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::Operation;
use crate::contract::rappresentanza::RuoloRappresentante;
use crate::store::StoreError;
use crate::store::representation::{NewRepresentation, Representation};

use super::caller::Caller;
use super::deed::{
    Deed, Filled, NEW, beginning, check_token, chosen_ente, day, done, last_day, of_input,
    persons_codes, text,
};
use super::form::{self, Seal};
use super::page::html;
use super::reason::Reason;

use page::{facts, listed};

/// Where the representations are.
const FOLDER: &str = "/rappresentanze";

/// Parental responsibility ends at that age (Civil Code, article 2).
const OF_AGE: Months = Months::new(18 * 12);

/// A delegation says its end, no later than so many days from now.
const LONGEST_DELEGATION: TimeDelta = TimeDelta::days(366);

/// What a form says, in order.
struct Wanted {
    role: RuoloRappresentante,
    codes: (CodiceFiscale, CodiceFiscale),
    ente: CodiceIstat,
    deed: Reason,
    operations: BTreeSet<Operation>,
    until: Option<DateTime<Utc>>,
}

/// `GET /rappresentanze`: what the officer's enti attest, and the form for more.
pub(super) async fn list(caller: &Caller, seal: &Seal) -> Result<Response, Response> {
    caller.note(None, None).await?;
    listed(caller, seal, 200, &Filled::new(), &[]).await
}

/// `POST /rappresentanze`: a representation holds from now on.
pub(super) async fn attest(
    caller: &Caller,
    seal: &Seal,
    request: &Request,
) -> Result<Response, Response> {
    let filled = form::filled(caller, request)?;
    check_token(caller, seal, &filled, (FOLDER, NEW)).await?;
    let wanted = match wanted(caller, &filled) {
        Ok(wanted) => wanted,
        Err(wrong) => return listed(caller, seal, 422, &filled, &wrong).await,
    };
    let ente = wanted.ente.as_str();
    caller.note(Some(ente), Some(&wanted.deed)).await?;
    let new = NewRepresentation {
        role: wanted.role,
        codes: (wanted.codes.0.as_str(), wanted.codes.1.as_str()),
        ente,
        operator: &caller.operator().name,
        certificate: caller.certificate(),
        deed: wanted.deed.as_str(),
        operations: &wanted.operations,
        everywhere: text(&filled, "ovunque") == "si",
        until: wanted.until,
    };
    let number = caller.gateway().store.represent(new).await;
    let number = number.map_err(|failure| caller.failed(&failure))?;
    let told = format!("La rappresentanza n. {number} vale da ora.");
    Ok(html(200, done(FOLDER, &told)))
}

impl Deed for Representation {
    const FOLDER: &'static str = FOLDER;
    const WORD: &'static str = "Rappresentanza";
    const END: (&'static str, &'static str) = ("Revoca", "Perché è revocata (senza nomi)");
    const ENDED: (&'static str, &'static str) = (
        "La rappresentanza è revocata.",
        "La rappresentanza era già revocata.",
    );

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
        facts(caller, self)
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

fn wanted(caller: &Caller, filled: &Filled) -> Result<Wanted, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let ente = chosen_ente(caller, filled, &mut wrong);
    let role = RuoloRappresentante::named(text(filled, "ruolo"));
    if role.is_none() {
        wrong.push(of_input("ruolo", "scegliere in che veste chiede"));
    }
    let codes = persons_codes(
        filled,
        ("rappresentante", "rappresentato"),
        "è la stessa persona",
        &mut wrong,
    );
    let deed = Reason::parse(text(filled, "atto"));
    let deed = deed
        .map_err(|reason| wrong.push(of_input("atto", reason)))
        .ok();
    let operations: BTreeSet<Operation> = offered()
        .filter(|operation| text(filled, operation.name()) == "si")
        .collect();
    if operations.is_empty() {
        wrong.push(of_input("operazioni", "scegliere che cosa può chiedere"));
    }
    let until = until(role, codes.as_ref(), filled);
    let until = until.map_err(|one| wrong.push(one)).ok();
    match (role, codes, ente, deed, until) {
        (Some(role), Some(codes), Some(ente), Some(deed), Some(until)) if wrong.is_empty() => {
            Ok(Wanted {
                role,
                codes,
                ente: ente.clone(),
                deed,
                operations,
                until,
            })
        }
        _ => Err(wrong),
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
