//! The account that a call uses: the instance's secrets and, where the adapter logs in, a token.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use secrecy::SecretString;

use super::Instance;
use crate::connectors::adapter::{Adapter, Step};
use crate::connectors::call::{Call, Proofs, Transcript, Turn};
use crate::connectors::conversation::{Credentials, Login};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::instance::Tenant;
use crate::connectors::login::{Granted, Token, TokenCell};
use crate::connectors::secrets::Secrets;
use crate::connectors::tape::{self, Taped};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;

/// The account that a call uses, and what opens its door.
pub(super) struct Account {
    secrets: Arc<Secrets>,
    /// The edition of the secrets.
    pub edition: u64,
    /// Where the token is kept.
    pub cell: Option<Arc<TokenCell>>,
    /// The token.
    pub token: Option<Token>,
}

impl Account {
    /// What opens the back end's door.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials {
            secrets: &self.secrets,
            token: self.token.as_ref().map(|token| &*token.secret),
        }
    }
}

impl Instance {
    /// The secrets and, where the adapter logs in, the token for this call.
    pub(super) async fn account(
        &self,
        adapter: &Adapter,
        call: &Call<'_>,
        transcript: &mut Transcript,
    ) -> Result<Account, ConnectorError> {
        let (secrets, edition) = self.secrets.read(&self.settings.secrets)?;
        let Some(login) = adapter.token() else {
            return Ok(Account {
                secrets,
                edition,
                cell: None,
                token: None,
            });
        };
        let own = self.settings.of_portal(call.portal);
        let portal = call.portal.filter(|_| own.is_some());
        let cell = account_name(adapter, call.tenant, portal);
        let cell = self.tokens.cell(&cell);
        let token = cell.get(edition, call.deadline, || {
            self.log_in(adapter, login, call, &secrets, transcript)
        });
        let token = token.await;
        if let Err(error) = &token
            && error.kind == Kind::CredentialsRefused
        {
            self.secrets.read_again();
        }
        Ok(Account {
            token: Some(token?),
            cell: Some(cell),
            secrets,
            edition,
        })
    }

    async fn log_in(
        &self,
        adapter: &Adapter,
        login: &Step,
        call: &Call<'_>,
        secrets: &Secrets,
        transcript: &mut Transcript,
    ) -> Result<Granted, ConnectorError> {
        let began = Instant::now();
        let conversation = Login::new(adapter, login, &self.settings, call, secrets, Utc::now());
        // A login is no part of what a portal asked: it stays out of the transcript's digests.
        let answer = self.send(conversation.request()?, call, None).await?;
        let captures = conversation.answered(&answer);
        transcript.keep(|| Taped {
            exchange: login.name.clone(),
            of: tape::Of::Login(captures.clone()),
            answer: tape::Answer::Http(answer),
            took: began.elapsed(),
        });
        let captures = captures?;
        let token = captures.get("token").cloned().unwrap_or_default();
        let lifetime = captures
            .get("lifetime")
            .and_then(|seconds| seconds.parse().ok());
        Ok(Granted {
            secret: SecretString::from(token),
            lifetime: lifetime.map(Duration::from_secs),
        })
    }

    /// Logs in, where that needs nothing of an ente.
    pub(super) async fn probe_login(&self, adapter: &Adapter) -> Result<(), ConnectorError> {
        let nobody = Tenant {
            codice_istat: CodiceIstat::parse("000000")
                .ok_or_else(|| ConnectorError::permanent(Kind::Gateway, "no code for a probe"))?,
            codice_belfiore: String::new(),
            values: BTreeMap::new(),
        };
        let call = Call {
            operation: Operation::Servizi,
            tenant: &nobody,
            parameters: &Parameters::Nessuno,
            fields: FieldSet::NONE,
            deadline: Instant::now() + self.settings.bounds.answer_deadline.0,
            portal: None,
            turn: Turn::Whole,
            traceparent: None,
            proofs: Proofs::default(),
        };
        // A probe has no signer at hand: the first call logs in.
        if adapter.token().is_none()
            || adapter.is_token_of_ente()
            || self.settings.modi.is_some()
            || self.settings.pdnd.is_some()
        {
            return Ok(());
        }
        self.account(adapter, &call, &mut Transcript::begin())
            .await
            .map(drop)
    }
}

/// Enti share a token unless the login names something of the ente; portals, unless the instance has values for theirs.
fn account_name<'a>(adapter: &'a Adapter, tenant: &Tenant, portal: Option<&str>) -> Cow<'a, str> {
    let mut name = Cow::Borrowed(adapter.digest());
    if adapter.is_token_of_ente() {
        name.to_mut().extend([" ", tenant.codice_istat.as_str()]);
    }
    if let Some(portal) = portal {
        name.to_mut().extend([" of ", portal]);
    }
    name
}
