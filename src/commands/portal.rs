//! `pontile portal new`, `pontile portal grant`: a portal's block, and the model of a grant, to be put in the configuration.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use openssl::x509::X509;
use rustls::pki_types::CertificateDer;

use crate::trust::PeerCertificate;

use super::{Failure, say};

/// What can be done about portals.
#[derive(Debug, Subcommand)]
pub enum PortalCommand {
    /// Print a [[portal]] block to be completed and put in one of the portals' files
    New {
        /// The portal's name: small letters, digits, hyphens
        name: String,
        /// Its certificate (PEM or DER), from which fingerprint and subject are read
        #[arg(long)]
        certificate: Option<PathBuf>,
        /// Recognize it by subject, which outlives a renewal, instead of by fingerprint
        #[arg(long, requires = "certificate")]
        by_subject: bool,
    },
    /// Print the model of a grant, each key explained, to be completed and put in concessioni/
    Grant {
        /// The portal that it is given to
        name: String,
    },
}

/// The model of a grant, with the manual in its comments.
pub const MODEL: &str = include_str!("../../config/concessione.modello.toml");

/// Runs the command.
pub fn run(command: PortalCommand) -> Result<(), Failure> {
    match command {
        PortalCommand::New {
            name,
            certificate,
            by_subject,
        } => new(&name, certificate, by_subject),
        PortalCommand::Grant { name } => {
            in_form(&name)?;
            let portal = format!("portal = \"{name}\"");
            say(MODEL
                .replace("portal = \"portale-uno\"", &portal)
                .trim_end())
        }
    }
}

fn new(name: &str, certificate: Option<PathBuf>, by_subject: bool) -> Result<(), Failure> {
    in_form(name)?;
    let (recognized, remark) = match certificate {
        Some(path) => recognized(&path, by_subject)?,
        None => (
            "{ fingerprint = \"\" }".to_owned(),
            "# Da completare con l'impronta: openssl x509 -in certificato.pem -noout -fingerprint -sha256\n"
                .to_owned(),
        ),
    };
    say(block(name, &recognized, &remark).trim_end())
}

/// Whether a portal can be called that.
fn in_form(name: &str) -> Result<(), Failure> {
    let in_shape = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    if name.is_empty() || name.len() > 64 || !name.chars().all(in_shape) {
        let text = "il nome del portale è di lettere minuscole, cifre e trattini (al più 64)";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(())
}

fn recognized(path: &Path, by_subject: bool) -> Result<(String, String), Failure> {
    let cannot =
        |cause: &dyn std::fmt::Display| Failure::because(&path.display().to_string(), cause);
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    let certificate = X509::from_pem(&bytes)
        .or_else(|_| X509::from_der(&bytes))
        .map_err(|_| cannot(&"non è un certificato PEM o DER"))?;
    let der = certificate.to_der().map_err(|error| cannot(&error))?;
    let peer = PeerCertificate::of_chain(&[CertificateDer::from(der)])
        .ok_or_else(|| cannot(&"il certificato non è leggibile"))?;
    let fingerprint = hex::encode(peer.fingerprint);
    let quoted_subject = toml::Value::String(peer.subject.clone());
    let until = certificate.not_after();
    Ok(if by_subject {
        (
            format!("{{ subject = {quoted_subject} }}"),
            format!("# Impronta SHA-256: {fingerprint}; scade il {until}\n"),
        )
    } else {
        (
            format!("{{ fingerprint = \"{fingerprint}\" }}"),
            format!("# Nome: {}; scade il {until}\n", peer.subject),
        )
    })
}

fn block(name: &str, recognized: &str, remark: &str) -> String {
    format!(
        r#"{remark}[[portal]]
name = "{name}"
certificates = [{recognized}]
rate = {{ per_second = 10, burst = 20 }}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_valid_toml_with_the_portal_in_it() {
        let text = block("nuovo", "{ subject = 'CN=nuovo,C=IT' }", "# nota\n");
        let table: toml::Table = text.parse().expect("TOML");
        let portal = &table["portal"][0];
        assert_eq!(portal["name"].as_str(), Some("nuovo"));
        assert_eq!(
            portal["certificates"][0]["subject"].as_str(),
            Some("CN=nuovo,C=IT")
        );
    }
}
