//! What new adapters start from: the folders of `adapters/_template`, carried by the program.

/// One way in which products speak, with an adapter that already works.
#[derive(Debug, Clone, Copy)]
pub struct Skeleton {
    /// Its name, that of its folder.
    pub name: &'static str,
    /// The dialects of the province that speak so.
    pub dialects: &'static [&'static str],
    /// What it is, for who chooses.
    pub about: &'static str,
}

/// A file by its path below its folder, and its text.
pub type CarriedFile = (&'static str, &'static str);

/// The files of every folder, as `build.rs` lists them; what is sent and what comes of it is written by playing the examples.
pub const CARRIED: &[(&str, &[CarriedFile])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// Every skeleton.
pub const SKELETONS: &[Skeleton] = &[
    Skeleton {
        name: "rest",
        dialects: &[],
        about: "REST con una chiave in un'intestazione",
    },
    Skeleton {
        name: "rest-form",
        dialects: &["d7"],
        about: "moduli su HTTP, risposte in XML",
    },
    Skeleton {
        name: "rest-token",
        dialects: &["d6"],
        about: "REST con un token OAuth2",
    },
    Skeleton {
        name: "soap",
        dialects: &["d1", "d4b"],
        about: "SOAP, credenziali nel corpo",
    },
    Skeleton {
        name: "soap-cdata",
        dialects: &["d4"],
        about: "una sola operazione rpc, XML in CDATA, HTTP Basic",
    },
    Skeleton {
        name: "soap-token",
        dialects: &["d3"],
        about: "SOAP, token di accesso, XML in stringhe",
    },
    Skeleton {
        name: "soap-two-steps",
        dialects: &["d2"],
        about: "SOAP, DataSet in due passi",
    },
    Skeleton {
        name: "soap-hashed",
        dialects: &["d5"],
        about: "SOAP di un ufficio tributi, credenziali a impronta oraria",
    },
    Skeleton {
        name: "soap-deferred",
        dialects: &["d8"],
        about: "SOAP che accetta una richiesta e risponde più tardi",
    },
    Skeleton {
        name: "manual",
        dialects: &["d8-manual"],
        about: "un operatore dell'ente risponde da una pagina",
    },
    Skeleton {
        name: "sql",
        dialects: &["d9"],
        about: "viste della base di dati di un comune",
    },
    Skeleton {
        name: "files",
        dialects: &["d10"],
        about: "file notturni, posizionali e delimitati",
    },
];

impl Skeleton {
    /// Its files.
    pub fn files(&self) -> &'static [CarriedFile] {
        let carried = CARRIED.iter().find(|(name, _)| *name == self.name);
        carried.map_or(&[], |(_, files)| files)
    }
}
