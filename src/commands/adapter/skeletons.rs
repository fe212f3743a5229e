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
        about: "REST with a key in a header",
    },
    Skeleton {
        name: "rest-form",
        dialects: &["d7"],
        about: "forms over HTTP, answers in XML",
    },
    Skeleton {
        name: "rest-token",
        dialects: &["d6"],
        about: "REST with an OAuth2 token",
    },
    Skeleton {
        name: "soap",
        dialects: &["d1", "d4b"],
        about: "SOAP, credentials in the body",
    },
    Skeleton {
        name: "soap-cdata",
        dialects: &["d4"],
        about: "one rpc operation, XML in CDATA, HTTP Basic",
    },
    Skeleton {
        name: "soap-token",
        dialects: &["d3"],
        about: "SOAP, login token, XML in strings",
    },
    Skeleton {
        name: "soap-two-steps",
        dialects: &["d2"],
        about: "SOAP, DataSets in two steps",
    },
    Skeleton {
        name: "soap-hashed",
        dialects: &["d5"],
        about: "SOAP of a tax office, credentials hashed with the time",
    },
    Skeleton {
        name: "soap-deferred",
        dialects: &["d8"],
        about: "SOAP that accepts a request and answers later",
    },
    Skeleton {
        name: "manual",
        dialects: &["d8-manual"],
        about: "an officer of the ente answers on a page",
    },
    Skeleton {
        name: "sql",
        dialects: &["d9"],
        about: "views of a municipality's database",
    },
    Skeleton {
        name: "files",
        dialects: &["d10"],
        about: "nightly files, fixed width and delimited",
    },
];

impl Skeleton {
    /// Its files.
    pub fn files(&self) -> &'static [CarriedFile] {
        let carried = CARRIED.iter().find(|(name, _)| *name == self.name);
        carried.map_or(&[], |(_, files)| files)
    }
}
