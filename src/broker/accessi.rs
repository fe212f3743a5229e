//! The citizen's own register: who asked about them, when, why and of which ente. Never what was answered, nor whom else it concerned.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::timeout_at;

use crate::config::purpose::{Purpose, Visibility};
use crate::connectors::places;
use crate::contract::accessi::{Accessi, Accesso, FinalitaAccesso, RuoloAccesso};
use crate::contract::question::Parameters;
use crate::contract::rappresentanza::RuoloRappresentante;
use crate::gateway::Gateway;
use crate::modi::TokenKind;
use crate::oidc::Citizen;
use crate::snapshot::Snapshot;
use crate::store::read::MOST_ROWS;
use crate::store::{Person, RecordFilter, RecordRow};

use super::arrival::Arrival;
use super::authorization::Permit;
use super::error::{AskerFault, ExchangeError};
use super::identity::Caller;
use super::record::REPRESENTATION;
use super::reply::Answered;

/// A page of what is on record about the citizen who asks, within the request's time. A search looks through months: few run at once, and
/// one that nobody waits for any more keeps its turn until its database has answered.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    caller: &Caller,
    arrival: &Arrival,
) -> Result<Answered, ExchangeError> {
    let citizen = caller
        .citizen()
        .ok_or(ExchangeError::AskerNotShown(AskerFault::NotVerified))?;
    let Parameters::Accessi {
        dal,
        al,
        dopo,
        limite,
    } = permit.parameters()
    else {
        return Err(ExchangeError::NotOffered(permit.operation()));
    };
    let register = Register {
        gateway: Arc::clone(gateway),
        snapshot: Arc::clone(permit.snapshot()),
        citizen: Arc::clone(citizen),
        codes: Vec::new(),
        now: arrival.at,
        deadline: arrival.deadline,
    };
    let filter = RecordFilter {
        from: *dal,
        to: *al,
        before: *dopo,
        limit: MOST_ROWS,
        ..RecordFilter::default()
    };
    let wanted = usize::from(*limite);
    let turns = Arc::clone(&gateway.register_turns);
    let page = timeout_at(arrival.deadline.into(), async move {
        let turn = turns.acquire_owned().await;
        let turn = turn.map_err(|closed| ExchangeError::Internal(closed.to_string()))?;
        let search = tokio::spawn(async move {
            let _turn = turn;
            let register = register.under_every_code().await?;
            let persons = register.as_every_ente_knows_them(&filter).await?;
            register
                .page(RecordFilter { persons, ..filter }, wanted)
                .await
        });
        let searched = search.await;
        searched.map_err(|_| ExchangeError::Internal("task ended".to_owned()))?
    });
    written(&page.await.map_err(|_| ExchangeError::DeadlinePassed)??)
}

fn written(page: &Accessi) -> Result<Answered, ExchangeError> {
    let body = serde_json::to_vec(page);
    let body = body.map_err(|failure| ExchangeError::Internal(failure.to_string()))?;
    Ok(Answered::of_several(body))
}

/// The record as one citizen may see it.
struct Register {
    gateway: Arc<Gateway>,
    snapshot: Arc<Snapshot>,
    citizen: Arc<Citizen>,
    /// The fiscal codes that the citizen has or had.
    codes: Vec<String>,
    now: DateTime<Utc>,
    deadline: Instant,
}

impl Register {
    /// Codes change, and what was asked under the one before is the citizen's as well.
    async fn under_every_code(self) -> Result<Register, ExchangeError> {
        let known = self
            .gateway
            .store
            .codes_of(&self.citizen.codice_fiscale)
            .await;
        let codes = known.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))?;
        Ok(Register { codes, ..self })
    }

    /// The newest exchanges that may be shown, as many as are wanted. What is left out is looked past: a page that were shorter for
    /// it would show that there is something.
    async fn page(
        &self,
        mut filter: RecordFilter,
        wanted: usize,
    ) -> Result<Accessi, ExchangeError> {
        let mut page = Accessi {
            items: Vec::new(),
            cursor: None,
        };
        while Instant::now() < self.deadline {
            let rows = self.gateway.store.list(&filter).await;
            let rows = rows.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))?;
            for row in &rows {
                if let Some(accesso) = self.shown(row) {
                    if page.items.len() == wanted {
                        page.cursor = page.items.last().map(|last| last.scambio);
                        return Ok(page);
                    }
                    page.items.push(accesso);
                }
            }
            match rows.last() {
                Some(last) if rows.len() == MOST_ROWS as usize => {
                    filter.before = Some(last.scambio);
                }
                _ => return Ok(page),
            }
        }
        Err(ExchangeError::DeadlinePassed)
    }

    /// Each ente's exchanges know persons under digests of its own; those of enti that left the configuration since are the citizen's, too.
    async fn as_every_ente_knows_them(
        &self,
        filter: &RecordFilter,
    ) -> Result<Vec<Person>, ExchangeError> {
        let enti = self.gateway.store.enti_on_record(filter).await;
        let enti = enti.map_err(|failure| ExchangeError::NotRecorded(failure.to_string()))?;
        let at_each = |code: &String| {
            let person = |ente: &String| Person {
                ente: ente.clone(),
                code: code.clone(),
            };
            enti.iter().map(person).collect::<Vec<_>>()
        };
        Ok(self.codes.iter().flat_map(at_each).collect())
    }

    /// What the ente is called; one that left the configuration, as the table of places has it.
    fn name_of(&self, ente: &str) -> String {
        let mut enti = self.snapshot.enti().iter();
        let known = enti.find(|known| known.codice_istat.as_str() == ente);
        let known = known.map(|known| known.denominazione.as_str());
        let name = known.or_else(|| places::whenever(Some(ente), None)?.denominazione);
        name.unwrap_or_default().to_owned()
    }

    /// An exchange, unless its purpose keeps it from the citizen, for now or altogether.
    fn shown(&self, row: &RecordRow) -> Option<Accesso> {
        let istante: DateTime<Utc> = row.text("begun").parse().ok()?;
        let finalita = match row.text("purpose") {
            "" if self.keeps_back() => return None,
            "" => None,
            id => Some(self.visible(id, istante)?),
        };
        let ente = row.text("ente");
        let ruoli = self.roles(row, ente);
        Some(Accesso {
            scambio: row.scambio,
            istante,
            richiedente: row.text("portal").to_owned(),
            da_interessato: self.is_by_citizen(row),
            da_rappresentante: representative(row, &ruoli),
            codice_istat: ente.to_owned(),
            denominazione: self.name_of(ente),
            operazione: row.text("operation").to_owned(),
            finalita: finalita.map(|purpose| FinalitaAccesso {
                id: purpose.id.clone(),
                descrizione: purpose.description.clone(),
                base_giuridica: purpose.legal_basis.clone(),
            }),
            ruoli,
            con_risposta: row.text("outcome") == "risposto"
                && row.value("withheld").as_bool() != Some(true),
        })
    }

    /// Whether any purpose keeps exchanges from the citizen, for now or altogether: one that is not known could have been it.
    fn keeps_back(&self) -> bool {
        let mut purposes = self.snapshot.purposes().iter();
        purposes.any(|purpose| purpose.visibility != Visibility::Immediate)
    }

    /// The purpose, if its exchanges of that instant are for the citizen to see. One that the configuration no longer has may have
    /// been one that is not: it is shown no more.
    fn visible(&self, id: &str, at: DateTime<Utc>) -> Option<&Purpose> {
        let mut purposes = self.snapshot.purposes().iter();
        let purpose = purposes.find(|purpose| purpose.id == id)?;
        let visible = match &purpose.visibility {
            Visibility::Immediate => true,
            // One that is never over is never shown.
            Visibility::Deferred { after, .. } => TimeDelta::from_std(*after)
                .ok()
                .and_then(|after| at.checked_add_signed(after))
                .is_some_and(|shown| shown <= self.now),
            Visibility::Excluded { .. } => false,
        };
        visible.then_some(purpose)
    }

    /// The citizen's own roles: the others in the exchange are nobody's business here.
    fn roles(&self, row: &RecordRow, ente: &str) -> Vec<RuoloAccesso> {
        let own = self.digests(ente);
        let subjects = row.subjects.iter();
        let subjects = subjects.filter(|subject| own.contains(&subject.digest));
        let roles: BTreeSet<RuoloAccesso> = subjects
            .filter_map(|subject| RuoloAccesso::named(&subject.role))
            .collect();
        roles.into_iter().collect()
    }

    fn is_by_citizen(&self, row: &RecordRow) -> bool {
        let own = self.digests(&format!("portale {}", row.text("portal")));
        let mut tokens = row.tokens.iter();
        tokens.any(|token| {
            let person = token.person.as_deref().unwrap_or_default();
            token.kind == TokenKind::Citizen.name() && own.iter().any(|digest| digest == person)
        })
    }

    /// The citizen's digests in a scope, as rows have them.
    fn digests(&self, scope: &str) -> Vec<String> {
        let keys = self.gateway.store.subject_keys();
        let codes = self.codes.iter();
        let digests = codes.flat_map(|code| keys.digests(scope, code));
        digests.map(hex::encode).collect()
    }
}

/// In which role the exchange was asked for by who represents the citizen. Who represents another person is nobody's business here.
fn representative(row: &RecordRow, own: &[RuoloAccesso]) -> Option<RuoloRappresentante> {
    let mut tokens = row
        .tokens
        .iter()
        .filter(|_| own.contains(&RuoloAccesso::Cercato));
    let held = tokens.find(|token| token.kind == REPRESENTATION)?;
    RuoloRappresentante::named(&held.pattern)
}
