//! What portals meet: the door, the routes, the problems, the documents. HTTP begins and ends here.

pub mod server;
pub mod connection;
pub(crate) mod gate;
pub mod http;
pub mod serving;
mod routes;
pub mod intake;
mod head;
pub mod body;
mod catalogo;
mod accessi;
mod evidenze;
mod accesso;
mod anagrafe;
mod anpr;
mod tributi;
mod richieste;
pub mod esiti;
mod status;
pub mod answer;
pub mod problem;
pub mod documents;
mod docs;
