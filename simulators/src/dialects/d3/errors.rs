//! The error numbers of D3.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A number and the text that goes with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refusal {
    pub number: i32,
    pub text: &'static str,
}

const fn refusal(number: i32, text: &'static str) -> Refusal {
    Refusal { number, text }
}

pub const BAD_CREDENTIALS: Refusal = refusal(-1, "Utente o password non validi");
pub const NO_SESSION: Refusal = refusal(-2, "Sessione scaduta o inesistente");
pub const BAD_REQUEST: Refusal = refusal(-3, "Richiesta non valida");
pub const NO_FAMILY: Refusal = refusal(-101, "Fascicolo inesistente");
pub const NOT_FOUND: Refusal = refusal(107, "Nessun soggetto trovato");
/// Several people of that surname and name.
pub const AMBIGUOUS: Refusal = refusal(108, "Soggetto ambiguo: indicare il codice fiscale");
/// Several although the day of birth was given.
pub const STILL_AMBIGUOUS: Refusal = refusal(
    112,
    "Piu' soggetti con gli stessi dati: indicare il codice fiscale",
);

const INTERNAL: [Refusal; 8] = [
    refusal(992, "Errore di scrittura sul database (992)"),
    refusal(993, "Errore di scrittura sul database (993)"),
    refusal(994, "Errore di scrittura sul database (994)"),
    refusal(995, "Errore di scrittura sul database (995)"),
    refusal(996, "Errore di scrittura sul database (996)"),
    refusal(997, "Errore di scrittura sul database (997)"),
    refusal(998, "Errore di scrittura sul database (998)"),
    refusal(504, "Tempo di attesa scaduto"),
];

/// Gives out the numbers that mean that the system cannot work now, one after the other.
#[derive(Default)]
pub struct InternalErrors(AtomicUsize);

impl InternalErrors {
    pub fn next(&self) -> Refusal {
        INTERNAL[self.0.fetch_add(1, Ordering::Relaxed) % INTERNAL.len()]
    }
}
