//! The evidence of one exchange in one file: an ASiC-E container (ETSI EN 319 162-1) whose seal stands over the root, with the receipt and its
//! way to the root beside it.

use std::io::{Cursor, Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::Proof;
use super::manifest::{MANIFEST, ROOT, SEAL, manifest};

/// The media type of the container, which is also its first member.
pub const MEDIA_TYPE: &str = "application/vnd.etsi.asic-e+zip";

/// Bytes that a member may have when it is read.
const LARGEST: u64 = 1 << 20;

const MIMETYPE: &str = "mimetype";
const RECEIPT: &str = "ricevuta.json";
const PROOF: &str = "prova.json";
const SALTS: &str = "sali.json";

/// What lets others verify one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exhibit {
    /// The receipt, canonical JSON.
    pub receipt: Vec<u8>,
    /// Its way to the root.
    pub proof: Proof,
    /// The root's document, canonical JSON.
    pub root: Vec<u8>,
    /// The seal over the root's [manifest], CMS in DER.
    pub seal: Vec<u8>,
    /// The salts of the receipt's digests that may be told and still live.
    pub salts: Salts,
}

/// The salts of the digests of bodies, hexadecimal, under the receipt's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Salts {
    /// Of the request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub richiesta: Option<String>,
    /// Of what went to the back end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub richiesta_ente: Option<String>,
    /// Of the reply's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risposta: Option<String>,
    /// Of what came from the back end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risposta_ente: Option<String>,
}

/// Why bytes are no such container.
#[derive(Debug, Error)]
pub enum NoExhibit {
    /// No ZIP, or one that cannot be read.
    #[error("non è un contenitore ZIP leggibile: {0}")]
    Zip(#[from] ZipError),
    /// A member is missing, is there twice, or is larger than it can be.
    #[error("nel contenitore {0} manca, non si legge o è troppo grande")]
    Member(&'static str),
    /// The manifest names another root.
    #[error("il manifesto del contenitore non è quello della radice: il sigillo è di un'altra")]
    Manifest,
}

impl Salts {
    /// Those of the bodies that the portal itself has sent and got; with the others it could try what the back end said and it was not told.
    #[must_use]
    pub fn of_the_portal(self) -> Salts {
        Salts {
            richiesta: self.richiesta,
            risposta: self.risposta,
            ..Salts::default()
        }
    }

    fn is_empty(&self) -> bool {
        *self == Salts::default()
    }
}

impl Exhibit {
    /// The container.
    pub fn pack(&self) -> Result<Vec<u8>, NoExhibit> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let mut put = |name: &str, content: &[u8]| {
            // Stored, and with no time of its own: the same evidence is the same file.
            let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
            zip.start_file(name, stored)?;
            zip.write_all(content).map_err(ZipError::from)
        };
        put(MIMETYPE, MEDIA_TYPE.as_bytes())?;
        put(ROOT, &self.root)?;
        put(MANIFEST, &manifest(&self.root))?;
        put(SEAL, &self.seal)?;
        put(RECEIPT, &self.receipt)?;
        put(PROOF, &written(&self.proof, PROOF)?)?;
        if !self.salts.is_empty() {
            put(SALTS, &written(&self.salts, SALTS)?)?;
        }
        Ok(zip.finish()?.into_inner())
    }

    /// Reads a container. Judges no more than that the manifest is the root's.
    pub fn unpack(bytes: &[u8]) -> Result<Exhibit, NoExhibit> {
        let mut zip = ZipArchive::new(Cursor::new(bytes))?;
        let mut take = |name: &'static str| -> Result<Option<Vec<u8>>, NoExhibit> {
            let member = match zip.by_name(name) {
                Ok(member) => member,
                Err(ZipError::FileNotFound) => return Ok(None),
                Err(other) => return Err(other.into()),
            };
            let mut content = Vec::new();
            let read = member.take(LARGEST + 1).read_to_end(&mut content);
            match read {
                Ok(_) if content.len() as u64 <= LARGEST => Ok(Some(content)),
                _ => Err(NoExhibit::Member(name)),
            }
        };
        let mut needed = |name| take(name)?.ok_or(NoExhibit::Member(name));
        let (root, seal, receipt) = (needed(ROOT)?, needed(SEAL)?, needed(RECEIPT)?);
        if needed(MANIFEST)? != manifest(&root) {
            return Err(NoExhibit::Manifest);
        }
        let proof = needed(PROOF)?;
        let proof = serde_json::from_slice(&proof).map_err(|_| NoExhibit::Member(PROOF))?;
        let salts = match take(SALTS)? {
            Some(salts) => serde_json::from_slice(&salts).map_err(|_| NoExhibit::Member(SALTS))?,
            None => Salts::default(),
        };
        Ok(Exhibit {
            receipt,
            proof,
            root,
            seal,
            salts,
        })
    }
}

fn written(value: &impl Serialize, name: &'static str) -> Result<Vec<u8>, NoExhibit> {
    serde_json::to_vec(value).map_err(|_| NoExhibit::Member(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exhibit() -> Exhibit {
        Exhibit {
            receipt: b"{\"versione\":1}".to_vec(),
            proof: Proof {
                indice: 0,
                foglie: 1,
                percorso: Vec::new(),
            },
            root: b"{}".to_vec(),
            seal: b"seal".to_vec(),
            salts: Salts {
                richiesta: Some("00".repeat(32)),
                ..Salts::default()
            },
        }
    }

    #[test]
    fn what_was_packed_is_unpacked_and_is_always_the_same_file() {
        let packed = exhibit().pack().expect("packed");
        assert_eq!(Exhibit::unpack(&packed).expect("unpacked"), exhibit());
        assert_eq!(exhibit().pack().expect("packed"), packed);
        // EN 319 162-1, A.1: the media type stands at the 38th byte, so that it is known without a reader of ZIP.
        assert_eq!(&packed[30..38], b"mimetype");
        assert_eq!(&packed[38..38 + MEDIA_TYPE.len()], MEDIA_TYPE.as_bytes());
    }

    #[test]
    fn a_container_whose_manifest_is_of_another_root_is_none() {
        let packed = exhibit().pack().expect("packed");
        let at = packed
            .windows(2)
            .position(|two| two == b"{}")
            .expect("the root");
        let mut changed = packed.clone();
        changed[at..at + 2].copy_from_slice(b"[]");
        // The ZIP's own checksum sees it first; whoever corrects that meets the manifest.
        assert!(Exhibit::unpack(&changed).is_err());
        assert!(matches!(
            Exhibit::unpack(&packed[..packed.len() / 2]),
            Err(NoExhibit::Zip(_))
        ));
        let mut other = exhibit();
        other.root = b"[]".to_vec();
        let own = manifest(b"[]");
        let foreign = manifest(b"{}");
        let mut packed = other.pack().expect("packed");
        let at = packed
            .windows(own.len())
            .position(|some| some == own)
            .expect("the manifest");
        packed[at..at + own.len()].copy_from_slice(&foreign);
        assert!(Exhibit::unpack(&packed).is_err());
    }
}
