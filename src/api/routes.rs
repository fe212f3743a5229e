//! Every route of the portals' door. Whatever has no route goes through the broker too: refusals are on record.

use memchr::memchr_iter;

use crate::broker::error::Malformed;
use crate::contract::operation::Domain;

use super::http::{Request, Response};
use super::intake::{self, Intake};
use super::serving::Routes;
use super::{
    accessi, accesso, anagrafe, anpr, catalogo, docs, evidenze, richieste, status, tributi,
};

/// Segments of a path at most; longer ones name nothing.
const MOST_SEGMENTS: usize = 8;

/// What a path names.
enum Resource<'p> {
    RicerchePersona { ente: &'p str },
    RicercheFamiglia { ente: &'p str },
    VerificheDichiarazione { ente: &'p str },
    RicerchePosizione { ente: &'p str },
    RicerchePosizioneInEnti,
    VariazioniSuperficie { ente: &'p str },
    RicercheAccessi,
    StatoRichiesta { domain: Domain, id: &'p str },
    Risultato { domain: Domain, id: &'p str },
    RecapitoAnpr { ente: &'p str },
    FamigliaAnpr { ente: &'p str },
    Prova { scambio: &'p str },
    Radici,
    Enti,
    Ente { ente: &'p str },
    Servizi { ente: &'p str },
    Status,
    Token,
    Page,
    Style,
    Document { name: &'p str },
}

impl<'p> Resource<'p> {
    /// The resource at a path, and the method that it knows. Those asked most come first.
    #[expect(clippy::too_many_lines, reason = "a table of paths")]
    fn at(path: &'p str) -> Option<(Resource<'p>, &'static str)> {
        let mut room = [""; MOST_SEGMENTS];
        Some(match segments(path, &mut room)? {
            // The population registry
            ["rest", "anagrafe", "v1", "enti", ente, "ricerche-persona"] => {
                (Resource::RicerchePersona { ente }, "POST")
            }
            ["rest", "anagrafe", "v1", "enti", ente, "ricerche-famiglia"] => {
                (Resource::RicercheFamiglia { ente }, "POST")
            }
            [
                "rest",
                "anagrafe",
                "v1",
                "enti",
                ente,
                "verifiche-dichiarazione",
            ] => (Resource::VerificheDichiarazione { ente }, "POST"),
            // Local taxes
            ["rest", "tributi", "v1", "enti", ente, "ricerche-posizione"] => {
                (Resource::RicerchePosizione { ente }, "POST")
            }
            [
                "rest",
                "tributi",
                "v1",
                "enti",
                ente,
                "variazioni-superficie",
            ] => (Resource::VariazioniSuperficie { ente }, "POST"),
            ["rest", "tributi", "v1", "ricerche-posizione"] => {
                (Resource::RicerchePosizioneInEnti, "POST")
            }
            // Who asked about the citizen
            ["rest", "accessi", "v1", "ricerche"] => (Resource::RicercheAccessi, "POST"),
            // Requests that outlive their call
            [
                "rest",
                domain @ ("anagrafe" | "tributi"),
                "v1",
                "richieste",
                id,
            ] => {
                let domain = of_requests(domain);
                (Resource::StatoRichiesta { domain, id }, "GET")
            }
            [
                "rest",
                domain @ ("anagrafe" | "tributi"),
                "v1",
                "richieste",
                id,
                "risultato",
            ] => {
                let domain = of_requests(domain);
                (Resource::Risultato { domain, id }, "GET")
            }
            // The national registry
            ["rest", "anpr", "v1", "enti", ente, "ricerche-recapito"] => {
                (Resource::RecapitoAnpr { ente }, "POST")
            }
            ["rest", "anpr", "v1", "enti", ente, "ricerche-famiglia"] => {
                (Resource::FamigliaAnpr { ente }, "POST")
            }
            // The evidence of exchanges
            ["rest", "evidenze", "v1", "radici"] => (Resource::Radici, "GET"),
            ["rest", "evidenze", "v1", scambio] if *scambio != "status" => {
                (Resource::Prova { scambio }, "GET")
            }
            // Which enti there are, and what each offers
            ["rest", "catalogo", "v1", "enti"] => (Resource::Enti, "GET"),
            ["rest", "catalogo", "v1", "enti", ente] => (Resource::Ente { ente }, "GET"),
            ["rest", "catalogo", "v1", "enti", ente, "servizi"] => {
                (Resource::Servizi { ente }, "GET")
            }
            [
                "rest",
                "catalogo" | "anagrafe" | "tributi" | "accessi" | "anpr" | "evidenze",
                "v1",
                "status",
            ] => (Resource::Status, "GET"),
            // The log-in with cards
            ["accesso", "token"] => (Resource::Token, "POST"),
            // The documents
            ["docs"] => (Resource::Page, "GET"),
            ["docs", "stile.css"] => (Resource::Style, "GET"),
            ["docs", name] => (
                Resource::Document {
                    name: name.strip_suffix(".yaml")?,
                },
                "GET",
            ),
            _ => return None,
        })
    }
}

/// The portals' routes.
#[derive(Debug, Clone, Copy)]
pub(super) struct PortalRoutes;

impl Routes for PortalRoutes {
    async fn answer(&self, intake: Intake, request: &Request) -> Response {
        let resource = match Resource::at(request.head.path()) {
            Some((resource, method)) if method == request.head.method() => resource,
            Some((_, allowed)) => {
                return refuse(intake, request, Malformed::MethodNotAllowed { allowed }).await;
            }
            None => return refuse(intake, request, Malformed::NoSuchResource).await,
        };
        match resource {
            Resource::RicerchePersona { ente } => {
                anagrafe::ricerche_persona(intake, request, ente).await
            }
            Resource::RicercheFamiglia { ente } => {
                anagrafe::ricerche_famiglia(intake, request, ente).await
            }
            Resource::VerificheDichiarazione { ente } => {
                anagrafe::verifiche_dichiarazione(intake, request, ente).await
            }
            Resource::RicerchePosizione { ente } => {
                tributi::ricerche_posizione(intake, request, ente).await
            }
            Resource::RicerchePosizioneInEnti => {
                tributi::ricerche_posizione_in_enti(intake, request).await
            }
            Resource::VariazioniSuperficie { ente } => {
                tributi::variazioni_superficie(intake, request, ente).await
            }
            Resource::RicercheAccessi => accessi::ricerche(intake, request).await,
            Resource::StatoRichiesta { domain, id } => {
                richieste::stato_richiesta(intake, request, domain, id).await
            }
            Resource::Risultato { domain, id } => {
                richieste::risultato(intake, request, domain, id).await
            }
            Resource::RecapitoAnpr { ente } => anpr::ricerche_recapito(intake, request, ente).await,
            Resource::FamigliaAnpr { ente } => anpr::ricerche_famiglia(intake, request, ente).await,
            Resource::Prova { scambio } => evidenze::prova(intake, request, scambio).await,
            Resource::Radici => evidenze::radici(intake, request).await,
            Resource::Enti => catalogo::enti(intake, request).await,
            Resource::Ente { ente } => catalogo::ente(intake, request, ente).await,
            Resource::Servizi { ente } => catalogo::servizi(intake, request, ente).await,
            Resource::Status => status::status(&intake),
            Resource::Token => accesso::token(intake, request).await,
            Resource::Page => docs::page(&intake),
            Resource::Style => docs::style(&intake),
            Resource::Document { name } => docs::document(&intake, name),
        }
    }
}

/// The domain of requests that the path names.
fn of_requests(name: &str) -> Domain {
    match name {
        "anagrafe" => Domain::Anagrafe,
        _ => Domain::Tributi,
    }
}

/// The segments of a path, none of them empty.
fn segments<'r, 'p>(path: &'p str, room: &'r mut [&'p str]) -> Option<&'r [&'p str]> {
    let path = path.strip_prefix('/')?;
    let (mut count, mut begin) = (0, 0);
    for end in memchr_iter(b'/', path.as_bytes()).chain([path.len()]) {
        let segment = &path[begin..end];
        *room.get_mut(count).filter(|_| !segment.is_empty())? = segment;
        count += 1;
        begin = end + 1;
    }
    Some(&room[..count])
}

async fn refuse(intake: Intake, request: &Request, fault: Malformed) -> Response {
    intake::answer(intake, request, |_, _| Err(fault)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_apart_and_one_with_empty_or_too_many_segments_is_none() {
        let apart = |path: &str| {
            let mut room = [""; MOST_SEGMENTS];
            segments(path, &mut room)
                .map(<[&str]>::to_vec)
                .map(|all| all.join("|"))
        };
        assert_eq!(apart("/a/b").as_deref(), Some("a|b"));
        for path in ["", "a", "/", "/a/", "//a", "/1/2/3/4/5/6/7/8/9"] {
            assert_eq!(apart(path), None, "{path}");
        }
    }
}
