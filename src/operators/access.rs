//! Who may ask for what at the operators' door: one row a resource, with the roles that it is for.

use crate::config::operator::{Operator, OperatorRole};

use OperatorRole::{Addetto, Lettore, Operatore, Sicurezza};

/// What can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resource {
    /// The path, or what it begins with where it ends in a slash.
    pub path: &'static str,
    pub methods: &'static [&'static str],
    /// Any of these roles is enough.
    roles: &'static [OperatorRole],
    /// Whether those may ask who are limited to some enti: what they get is then theirs alone.
    by_ente: bool,
    /// When it is noted in the logbook.
    pub noted: Noting,
}

/// When a deed is noted in the logbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noting {
    /// Not at all: it tells nothing of anybody and is asked every few seconds.
    Never,
    /// Before it is done.
    First,
    /// By what does it, once it has read which ente it is about and why, and before it is done.
    WhenRead,
}

const EVERYBODY: &[OperatorRole] = &[Lettore, Operatore, Addetto, Sicurezza];
const READERS: &[OperatorRole] = &[Lettore, Operatore, Sicurezza];
const OPERATORS: &[OperatorRole] = &[Operatore];
const OFFICERS: &[OperatorRole] = &[Addetto];
const SECURITY: &[OperatorRole] = &[Sicurezza];

/// Every resource.
pub(super) const RESOURCES: [Resource; 23] = [
    // How it goes
    of("/vivo", &["GET"], EVERYBODY, true, Noting::Never),
    of("/pronto", &["GET"], READERS, true, Noting::Never),
    of("/metrics", &["GET"], READERS, false, Noting::Never),
    of("/istanze", &["GET"], READERS, false, Noting::First),
    of("/deriva", &["GET"], READERS, false, Noting::First),
    of("/notturni", &["GET"], READERS, false, Noting::First),
    of("/scadenze", &["GET"], READERS, false, Noting::First),
    // What was exchanged, and what operators did
    of("/record", &["GET"], READERS, true, Noting::WhenRead),
    of(
        "/record/ricerche",
        &["POST"],
        SECURITY,
        true,
        Noting::WhenRead,
    ),
    of(
        "/record/esportazioni",
        &["POST"],
        SECURITY,
        true,
        Noting::WhenRead,
    ),
    of("/giornale", &["GET"], SECURITY, true, Noting::First),
    // What can be done
    of("/cache/purge", &["POST"], OPERATORS, true, Noting::WhenRead),
    of("/ricarica", &["POST"], OPERATORS, false, Noting::First),
    // What waits for an officer of an ente
    of("/richieste", &["GET"], OFFICERS, true, Noting::First),
    of(
        "/richieste/stile.css",
        &["GET"],
        OFFICERS,
        true,
        Noting::Never,
    ),
    of(
        "/richieste/",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    of(
        "/scritture/",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    // Whom an ente protects
    of(
        "/protezioni",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    of(
        "/protezioni/",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    // Who represents whom, as an ente attests it
    of(
        "/rappresentanze",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    of(
        "/rappresentanze/",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    // Whose fiscal code changed, as an ente attests it
    of(
        "/codici-cambiati",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
    of(
        "/codici-cambiati/",
        &["GET", "POST"],
        OFFICERS,
        true,
        Noting::WhenRead,
    ),
];

const fn of(
    path: &'static str,
    methods: &'static [&'static str],
    roles: &'static [OperatorRole],
    by_ente: bool,
    noted: Noting,
) -> Resource {
    Resource {
        path,
        methods,
        roles,
        by_ente,
        noted,
    }
}

/// The resource at a path.
pub(super) fn at(path: &str) -> Option<&'static Resource> {
    let whole = RESOURCES.iter().find(|resource| resource.path == path);
    whole.or_else(|| {
        let mut folders = RESOURCES.iter().filter(|one| one.path.ends_with('/'));
        folders.find(|folder| path.starts_with(folder.path))
    })
}

impl Resource {
    /// Whether the operator may ask for it at all.
    pub(super) fn admits(&self, operator: &Operator) -> bool {
        let in_role = self.roles.iter().any(|role| operator.roles.contains(role));
        in_role && (self.by_ente || operator.enti.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(roles: &[OperatorRole], enti: &[&str]) -> Operator {
        Operator {
            name: "uno".to_owned(),
            certificates: Vec::new(),
            roles: roles.iter().copied().collect(),
            enti: enti
                .iter()
                .filter_map(|code| crate::contract::luogo::CodiceIstat::parse(code))
                .collect(),
        }
    }

    fn open_to(operator: &Operator) -> Vec<&'static str> {
        let open = RESOURCES.iter().filter(|one| one.admits(operator));
        open.map(|one| one.path).collect()
    }

    #[test]
    fn each_role_opens_its_own_resources_and_enti_narrow_them() {
        let officer = operator(&[Addetto], &["013003"]);
        let pages = [
            "/richieste",
            "/richieste/stile.css",
            "/richieste/",
            "/scritture/",
            "/protezioni",
            "/protezioni/",
            "/rappresentanze",
            "/rappresentanze/",
            "/codici-cambiati",
            "/codici-cambiati/",
        ];
        assert_eq!(open_to(&officer), [&["/vivo"], pages.as_slice()].concat());
        let reader = operator(&[Lettore], &["013003"]);
        assert_eq!(open_to(&reader), ["/vivo", "/pronto", "/record"]);
        let security = operator(&[Sicurezza], &["013003"]);
        let theirs = [
            "/vivo",
            "/pronto",
            "/record",
            "/record/ricerche",
            "/record/esportazioni",
            "/giornale",
        ];
        assert_eq!(open_to(&security), theirs);
        let everywhere = operator(&[Operatore], &[]);
        let not_theirs = [
            &["/record/ricerche", "/record/esportazioni", "/giornale"],
            pages.as_slice(),
        ]
        .concat();
        for resource in &RESOURCES {
            let may = resource.admits(&everywhere);
            assert_eq!(
                may,
                !not_theirs.contains(&resource.path),
                "{}",
                resource.path
            );
        }
        assert!(open_to(&operator(&[], &[])).is_empty());
    }

    #[test]
    fn what_changes_or_tells_something_is_noted() {
        for resource in &RESOURCES {
            let health = ["/vivo", "/pronto", "/metrics", "/richieste/stile.css"];
            let never = resource.noted == Noting::Never;
            assert_eq!(never, health.contains(&resource.path), "{}", resource.path);
        }
    }

    #[test]
    fn a_page_below_a_folder_is_found_and_the_folder_of_another_is_not() {
        assert_eq!(at("/richieste/0").map(|one| one.path), Some("/richieste/"));
        assert_eq!(at("/richieste").map(|one| one.path), Some("/richieste"));
        assert_eq!(
            at("/richieste/stile.css").map(|one| one.noted),
            Some(Noting::Never)
        );
        assert!(at("/record/altro").is_none());
    }
}
