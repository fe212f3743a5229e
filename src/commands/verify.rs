//! `pontile verify` and `pontile extract`: a signed document is judged, or opened without being judged.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use openssl::x509::{X509, X509Crl};

use crate::contract::firma::Indicazione;
use crate::documents::verifying::grounds::Grounds;
use crate::documents::verifying::{self, Submitted};
use crate::trust::list::{TrustedList, signers};

use super::{Failure, say};

/// Bytes of a file at most: it is held in memory.
const LARGEST: u64 = 256 << 20;

/// What is verified, for when, and on whose word.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The signed document: .p7m or .p7s (binary, PEM or Base64), or PDF
    file: PathBuf,
    /// The content of a detached signature
    #[arg(long)]
    content: Option<PathBuf>,
    /// Certificates of authorities that you recognize (PEM); may be given several times
    #[arg(long)]
    anchors: Vec<PathBuf>,
    /// The trusted list (XML): who issues qualified certificates and time stamps
    #[arg(long, requires = "trust_list_signers")]
    trust_list: Option<PathBuf>,
    /// The certificates of who may sign the trusted list (PEM)
    #[arg(long, requires = "trust_list")]
    trust_list_signers: Vec<PathBuf>,
    /// Revocation lists beside those in the document (PEM or DER); may be given several times. None is fetched
    #[arg(long)]
    revocation_lists: Vec<PathBuf>,
    /// The moment for which it is verified, such as 2026-01-31T12:00:00Z; now unless told
    #[arg(long)]
    at: Option<DateTime<Utc>>,
}

/// What is opened, and where its content goes.
#[derive(Debug, Args)]
pub struct ExtractArguments {
    /// The signed document: .p7m, binary, PEM or Base64
    file: PathBuf,
    /// Where the content goes; it must not exist
    output: PathBuf,
}

/// Prints the report as JSON. Done only where every signature is TOTAL-PASSED, and nothing was added behind all of them.
pub fn run(arguments: &VerifyArguments) -> Result<(), Failure> {
    let grounds = grounds(arguments)?;
    let content = arguments.content.as_deref().map(read).transpose()?;
    let submitted = Submitted {
        file: read(&arguments.file)?,
        content: content.as_deref(),
    };
    let at = arguments.at.unwrap_or_else(Utc::now);
    let report = verifying::verify(submitted, &grounds, at)
        .map_err(|reason| Failure::because(&arguments.file.display().to_string(), reason))?;
    let json = serde_json::to_string_pretty(&report);
    say(json.map_err(|error| Failure::because("rapporto", error))?)?;
    let all = report.firme();
    let passed = all
        .iter()
        .filter(|one| one.indicazione == Indicazione::TotalPassed)
        .count();
    let is_signed = report.buste.iter().all(|layer| !layer.firme.is_empty());
    match passed == all.len() && passed > 0 && is_signed {
        true if report.byte_non_coperti == 0 => Ok(()),
        true => Err(Failure::Failed(format!(
            "Firme TOTAL-PASSED: {passed} di {passed}, ma gli ultimi {} byte del file non sono di nessuna: ciò che si vede può non essere ciò che è stato firmato.",
            report.byte_non_coperti
        ))),
        false => Err(Failure::Failed(format!(
            "Firme TOTAL-PASSED: {passed} di {}.",
            all.len()
        ))),
    }
}

/// Writes the content, whoever signed it or not.
pub fn extract(arguments: &ExtractArguments) -> Result<(), Failure> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        Failure::because(&path.display().to_string(), error)
    };
    let content = verifying::extract(read(&arguments.file)?);
    let content = content.map_err(|reason| failed(&arguments.file, &reason))?;
    let output = &arguments.output;
    let mut options = OpenOptions::new();
    let created = options.write(true).create_new(true).open(output);
    let written = created.and_then(|mut file| file.write_all(&content));
    written.map_err(|error| failed(output, &error))?;
    say(format_args!(
        "Estratto senza verificare nessuna firma: {}",
        output.display()
    ))
}

fn grounds(arguments: &VerifyArguments) -> Result<Grounds, Failure> {
    let mut anchors = Vec::new();
    for file in &arguments.anchors {
        let found = X509::stack_from_pem(&read(file)?).map_err(|error| told(file, error))?;
        if found.is_empty() {
            return Err(told(file, "non contiene certificati in formato PEM"));
        }
        anchors.extend(found);
    }
    let list = match &arguments.trust_list {
        Some(file) => {
            let signers = signers(&arguments.trust_list_signers);
            let signers = signers.map_err(|fault| Failure::Usage(fault.to_string()))?;
            let list = TrustedList::read(&read(file)?, &signers);
            Some(list.map_err(|fault| told(file, fault))?)
        }
        None => None,
    };
    let mut lists = Vec::new();
    for file in &arguments.revocation_lists {
        let bytes = read(file)?;
        let found = X509Crl::from_pem(&bytes).or_else(|_| X509Crl::from_der(&bytes));
        lists.push(found.map_err(|_| told(file, "non è una lista di revoca"))?);
    }
    Grounds::new(anchors, list.as_ref(), lists).map_err(|error| Failure::because("autorità", error))
}

fn told(file: &Path, what: impl std::fmt::Display) -> Failure {
    Failure::Usage(format!("{}: {what}", file.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |failure| Failure::because(&path.display().to_string(), failure);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut content = Vec::with_capacity(usize::try_from(length.min(LARGEST)).unwrap_or(0));
    let mut bounded = file.take(LARGEST + 1);
    bounded.read_to_end(&mut content).map_err(failed)?;
    match content.len() as u64 {
        0..=LARGEST => Ok(content),
        _ => Err(failed(ErrorKind::FileTooLarge.into())),
    }
}
