//! The back end's clock, looked at where requests are stamped with the time.

use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::Instance;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::clock;
use crate::connectors::error::ConnectorError;
use crate::connectors::http::{HttpRequest, HttpResponse};

impl Instance {
    /// Takes note of what an answer tells; what is wrong if the clocks are too far apart.
    pub(super) fn note_clock(
        &self,
        adapter: &Adapter,
        answer: &HttpResponse,
        sent: DateTime<Utc>,
    ) -> Option<ConnectorError> {
        let tolerance = adapter.stamps().clock?.tolerance;
        let ahead = clock::ahead(clock::told(&answer.headers)?, sent, Utc::now());
        self.clock.note(&self.settings.name, ahead, tolerance);
        clock::too_far(ahead, tolerance).then(|| clock::skewed(ahead))
    }

    /// Asks for nothing but the time: any answer tells it, and `HEAD` changes nothing.
    pub(super) async fn probe_clock(&self, adapter: &Adapter) -> Result<(), ConnectorError> {
        let (Some(_), Connector::Soap(soap)) = (adapter.stamps().clock, adapter.connector()) else {
            return Ok(());
        };
        let request = HttpRequest {
            method: http::Method::HEAD,
            path: soap.path.constant().unwrap_or("/").to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            repeatable: true,
        };
        let sent = Utc::now();
        let deadline = Instant::now() + self.settings.bounds.answer_deadline.0;
        let answer = self.client()?.send(request, deadline).await?;
        self.note_clock(adapter, &answer, sent).map_or(Ok(()), Err)
    }
}
