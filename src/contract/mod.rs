//! The canonical contract: what portals ask and get, whatever a municipality's system speaks.
//!
//! Nothing here knows HTTP, adapters or storage. Field names follow ANPR and the national vocabularies.

pub mod operation;
pub mod question;
pub mod codice_fiscale;
pub mod importo;
pub mod instants;
pub mod json;
pub mod luogo;
pub mod persona;
pub mod posizione;
pub mod pratica;
pub mod document;
pub mod provenienza;
pub mod rappresentanza;
pub mod richiesta;
pub mod risposta;
pub mod esiti;
pub mod dichiarazioni;
pub mod firma;
pub mod accessi;
pub mod evidenze;
pub mod catalogo;
pub mod side;
