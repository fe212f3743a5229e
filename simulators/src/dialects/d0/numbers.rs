//! The numbers that clients give to their operations: growing, and each answered once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::{Anomaly, anomaly};
use crate::delivery::Reply;

const NO_NUMBER: Anomaly = anomaly(
    400,
    "EN901",
    "idOperazioneClient deve essere numerico e crescente",
);

/// What clients sent, by client; forgotten at the end of the process.
#[derive(Default)]
pub struct Numbers(Mutex<HashMap<String, Sent>>);

#[derive(Default)]
struct Sent {
    last: u128,
    answers: HashMap<u128, Reply>,
}

impl Numbers {
    /// The answer to an operation: the one that its number had before, if it had one, whatever is asked now.
    pub fn answered(
        &self,
        client: &str,
        number: &str,
        answer: impl FnOnce() -> Reply,
    ) -> Result<Reply, Anomaly> {
        let number: u128 = number.parse().map_err(|_| NO_NUMBER)?;
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = clients.entry(client.to_owned()).or_default();
        if let Some(before) = sent.answers.get(&number) {
            return Ok(before.clone());
        }
        if number <= sent.last {
            return Err(NO_NUMBER);
        }
        sent.last = number;
        Ok(sent.answers.entry(number).or_insert_with(answer).clone())
    }
}
