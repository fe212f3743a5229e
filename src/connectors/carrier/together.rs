//! Steps that need nothing of one another are asked at the same time, where the adapter allows it and the back end has places free.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;

use super::Instance;
use super::account::Account;
use crate::connectors::bulkhead::Place;
use crate::connectors::call::{Call, Transcript};
use crate::connectors::conversation::{Conversation, Refusal};
use crate::connectors::error::ConnectorError;
use crate::connectors::exchange::Request;
use crate::connectors::http::{HttpRequest, HttpResponse};

/// What a step was asked ahead of its turn, and what came; it is taken in when the turn has come.
pub(super) struct Asked {
    request: HttpRequest,
    answer: Result<HttpResponse, ConnectorError>,
    /// When it was sent.
    pub(super) sent: DateTime<Utc>,
    /// How long the answer took.
    pub(super) took: Duration,
}

/// By the step's place in its operation.
pub(super) type AskedSteps = BTreeMap<usize, Asked>;

impl Instance {
    /// Asks the step that comes next and those that may be asked beside it. Nothing where there are none: the step is then made by
    /// itself.
    ///
    /// Each call beside the first holds a place of its own, so the back end never has more of ours at a time than it may; what finds
    /// no place free waits for its turn instead.
    pub(super) async fn ask_together(
        &self,
        call: &Call<'_>,
        conversation: &mut Conversation<'_>,
        account: &Account,
    ) -> Result<AskedSteps, Refusal> {
        let mut beside: Vec<(usize, HttpRequest, Option<Place>)> = Vec::new();
        for (position, step) in conversation.askable_beside_next() {
            let request = conversation.request_ahead(step, account.credentials())?;
            let Request::Http(request) = request else {
                continue;
            };
            let place = self.bulkhead.enter_if_free(&call.tenant.codice_istat);
            if place.is_none() || self.pace().is_err() {
                break;
            }
            beside.push((position, request, place));
        }
        let (false, Some(next)) = (beside.is_empty(), conversation.step()) else {
            return Ok(AskedSteps::new());
        };
        if let Request::Http(request) = conversation.request(next, account.credentials())? {
            // Its place is that of the conversation.
            beside.push((conversation.position(), request, None));
        }
        let asked = beside
            .into_iter()
            .map(|(position, request, place)| async move {
                let (sent, began) = (Utc::now(), Instant::now());
                let answer = self.send(request.clone(), call, None).await;
                drop(place);
                let asked = Asked {
                    request,
                    answer,
                    sent,
                    took: began.elapsed(),
                };
                (position, asked)
            });
        Ok(join_all(asked).await.into_iter().collect())
    }
}

impl Asked {
    /// The answer; what went and what came is noted as if it had been asked now.
    pub(super) fn take(self, transcript: &mut Transcript) -> Result<HttpResponse, ConnectorError> {
        transcript.sent(self.request.method.as_str().as_bytes());
        transcript.sent(self.request.path.as_bytes());
        transcript.sent(&self.request.body);
        let answer = self.answer?;
        transcript.received(&answer.body);
        Ok(answer)
    }
}
