//! The digest of a snapshot's content: the same on every node that decides alike, whatever the files are called.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Serialize;

use crate::config::card_issuers::CardIssuers;
use crate::config::door::Door;
use crate::config::mistake::Mistake;
use crate::config::reading::places::Entries;
use crate::config::settings::Settings;
use crate::config::written::Written;
use crate::trust::recognized;

use super::Backend;

/// The digest of everything that a snapshot holds.
pub(super) fn of_content(
    written: &Written,
    settings: &Settings,
    backends: &BTreeMap<String, Backend>,
) -> Result<String, Vec<Mistake>> {
    let mut digest = ContentDigest::begin();
    digest.door("portal_door", &settings.portal_door);
    digest.door("operator_door", &settings.operator_door);
    if let Some(login) = &settings.login {
        digest.text("login name", &login.name);
        digest.door("login", &login.door);
        digest.card_issuers(&login.issuers);
        if let Some(oidc) = &login.oidc {
            digest.text("login issuer", &oidc.issuer);
            digest.text("login portals' door", &oidc.portals_door);
            digest.text(
                "login lifetimes",
                &format!("{:?} {:?}", oidc.code_lifetime.0, oidc.token_lifetime.0),
            );
            digest.files("login retired keys", &oidc.retired_keys);
        }
    }
    digest.entries("portal", &written.portals);
    digest.entries("grant", &written.grants);
    if let Some(pdnd) = &written.sections.pdnd {
        digest.text("pdnd", &pdnd.issuer);
        digest.text("pdnd portals' door", &pdnd.portals_door);
        // Where they are fetched the first fetch makes the file.
        if pdnd.keys.exists() {
            digest.files("pdnd keys", std::slice::from_ref(&pdnd.keys));
        }
    }
    if let Some(signer) = &written.sections.signer {
        digest.text("signer", &signer.issuer);
        digest.files("signer certificate", signer.certificate.as_slice());
        digest.text("signer keys", &signer.key.names().join(" "));
    }
    if let Some(seal) = &written.sections.seal {
        digest.files("seal's certificate", seal.certificate.as_slice());
        digest.text("seal's keys", &seal.key.names().join(" "));
        let refused = seal.refuse_after;
        digest.text("seal refuses after", &format!("{refused:?}"));
    }
    for entry in &written.portals.read {
        if let Some(modi) = &entry.value.modi {
            let files: Vec<PathBuf> = modi.files().cloned().collect();
            digest.text("modi", &entry.value.name);
            digest.files("modi keys", &files);
        }
    }
    digest.entries("key", &written.keys);
    digest.entries("operator", &written.operators);
    digest.entries("purpose", &written.purposes);
    digest.entries("ente", &written.enti);
    digest.entries("instance", &written.instances);
    for backend in backends.values() {
        let tls = &backend.instance.tls;
        digest.files("tls authorities", tls.authorities.as_slice());
        digest.files("tls certificate", tls.certificate.as_slice());
        if let Some(modi) = &backend.instance.modi {
            let files: Vec<PathBuf> = modi.files().cloned().collect();
            digest.files("back end's keys", &files);
        }
        if let Some(pdnd) = &backend.instance.pdnd {
            digest.files("pdnd authorities", pdnd.authorities.as_slice());
        }
        digest.text("adapter", backend.adapter.digest());
    }
    digest.finish()
}

/// SHA-256 over named parts, each with its length, so that nothing can move from one part to the next.
struct ContentDigest {
    context: Context,
    mistakes: Vec<Mistake>,
}

impl ContentDigest {
    fn begin() -> ContentDigest {
        ContentDigest {
            context: Context::new(&SHA256),
            mistakes: Vec::new(),
        }
    }

    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        for part in [name.as_bytes(), bytes] {
            self.context.update(&(part.len() as u64).to_be_bytes());
            self.context.update(part);
        }
    }

    /// Checked entries as JSON, keys in the order of the struct; the order of the entries does not matter.
    fn entries<T: Serialize>(&mut self, name: &str, entries: &Entries<T>) {
        let mut texts = Vec::with_capacity(entries.read.len());
        for entry in &entries.read {
            match serde_json::to_string(&entry.value) {
                Ok(text) => texts.push(text),
                Err(error) => self
                    .mistakes
                    .push(entry.places.mistake("", error.to_string())),
            }
        }
        texts.sort();
        for text in texts {
            self.text(name, &text);
        }
    }

    /// A text.
    fn text(&mut self, name: &str, text: &str) {
        self.bytes(name, text.as_bytes());
    }

    /// Files by their content; the order in which they are listed does not matter.
    fn files(&mut self, name: &str, files: &[PathBuf]) {
        let mut contents = Vec::with_capacity(files.len());
        for file in files {
            match std::fs::read(file) {
                Ok(content) => contents.push(content),
                Err(error) => {
                    let text = format!("il file non si può leggere: {error}");
                    self.mistakes.push(Mistake::of_file(file, text));
                }
            }
        }
        contents.sort();
        for content in contents {
            self.bytes(name, &content);
        }
    }

    /// What a door trusts and shows; never its key.
    fn door(&mut self, name: &str, door: &Door) {
        self.text("door", name);
        self.files("certificate", std::slice::from_ref(&door.certificate));
        self.files("authorities", &door.authorities);
        self.files("revocations", &door.revocations);
    }

    /// The trusted list and the revocation lists that are there; the first fetch makes them.
    fn card_issuers(&mut self, issuers: &CardIssuers) {
        if let Some(list) = &issuers.trust_list {
            self.files("trust list's signers", &list.signers);
            if list.file.exists() {
                self.files("trust list", std::slice::from_ref(&list.file));
            }
        }
        if let Some(lists) = &issuers.revocation_lists {
            let fetched = recognized::files_of(&lists.folder, recognized::LIST);
            self.files("fetched revocation lists", &fetched);
        }
        self.text("card issuers", &format!("{issuers:?}"));
    }

    fn finish(self) -> Result<String, Vec<Mistake>> {
        if self.mistakes.is_empty() {
            Ok(hex::encode(self.context.finish()))
        } else {
            Err(self.mistakes)
        }
    }
}
