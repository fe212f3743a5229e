//! Verifying signed documents: every signature of every layer is judged by itself, in the words of ETSI EN 319 102-1.

pub mod grounds;
mod envelope;
mod pdf;
mod in_pdf;
mod algorithms;
mod attributes;
mod mathematics;
mod standing;
mod timestamp;
mod identity;
mod finding;
mod signer;

use chrono::{DateTime, Utc};
use openssl_cms::SignedData;

use crate::contract::firma::{Busta, Codifica, Copertura, VerificaFirme};

use grounds::Grounds;
use mathematics::Claim;
use signer::{Around, Bench};
use standing::Material;

/// Layers that are opened, one inside the other.
const LAYERS: usize = 5;
/// Signers of one layer at most.
const SIGNERS: usize = 64;

/// Why a file was not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// No signed document in a form that is verified here.
    #[error(
        "il file non è un documento firmato in formato CAdES (.p7m o .p7s, anche in Base64 o PEM) o PAdES (PDF)"
    )]
    Form,
    /// A CMS message that is broken, or not signed.
    #[error("la busta crittografica è danneggiata, o non è firmata")]
    Broken,
    /// More signers than anybody makes in earnest.
    #[error("la busta ha più di 64 firme")]
    TooMany,
    /// The content is kept apart, so there is nothing to take out.
    #[error("il contenuto non è nella busta: è una firma separata")]
    NoContent,
}

/// A file that somebody says is signed, and what belongs to it.
#[derive(Debug)]
pub struct Submitted<'a> {
    /// The file. It is given away, so that it need not be held while its content is.
    pub file: Vec<u8>,
    /// The content, where it is kept apart.
    pub content: Option<&'a [u8]>,
}

/// Verifies all signatures of all layers for a moment.
pub fn verify(
    submitted: Submitted<'_>,
    grounds: &Grounds,
    at: DateTime<Utc>,
) -> Result<VerificaFirme, NotVerified> {
    let mut report = VerificaFirme {
        verificato_al: at,
        impronta: sha256(&submitted.file),
        byte: submitted.file.len() as u64,
        codifica: Codifica::Binaria,
        buste: Vec::new(),
        marche_documento: Vec::new(),
        byte_non_coperti: 0,
        avvertenze: Vec::new(),
    };
    // A message may begin with the PDF file that it holds.
    if !envelope::is_signed_message(&submitted.file) && pdf::is_pdf(&submitted.file) {
        in_pdf::verify(&mut report, &submitted.file, grounds)?;
        return Ok(report);
    }
    let (mut message, encoding) = open(submitted.file)?;
    report.codifica = encoding;
    report.byte_non_coperti = message.trailing as u64;
    loop {
        let apart = submitted.content.filter(|_| report.buste.is_empty());
        if apart.is_some() && message.content().is_some() {
            let text = "il contenuto consegnato a parte non è stato usato: la busta ha il suo";
            report.avvertenze.push(text.to_owned());
        }
        report.buste.push(layer(&mut message, apart, grounds, at)?);
        let content = message.content().or(apart).unwrap_or_default();
        if !envelope::is_signed_message(content) {
            if pdf::is_pdf(content) && pdf::signatures(content).is_none_or(|all| !all.is_empty()) {
                let text = "il contenuto è un PDF che ha firme proprie, da verificare a parte";
                report.avvertenze.push(text.to_owned());
            }
            break;
        }
        if report.buste.len() == LAYERS {
            let text = format!("le buste dentro la {LAYERS}ª non sono state aperte");
            report.avvertenze.push(text);
            break;
        }
        // Text that only looks like a message is content like any other.
        let Some(inner) = inner(content) else { break };
        message = inner;
    }
    warn(&mut report);
    Ok(report)
}

/// Takes the content out of all layers. Nothing is verified.
pub fn extract(file: Vec<u8>) -> Result<Vec<u8>, NotVerified> {
    let (mut message, _) = open(file)?;
    for _ in 1..LAYERS {
        let content = message.content().ok_or(NotVerified::NoContent)?;
        match envelope::is_signed_message(content)
            .then(|| inner(content))
            .flatten()
        {
            Some(inner) if inner.content().is_some() => message = inner,
            _ => break,
        }
    }
    let content = message.content().ok_or(NotVerified::NoContent)?;
    Ok(content.to_vec())
}

fn open(file: Vec<u8>) -> Result<(SignedData, Codifica), NotVerified> {
    let (bytes, encoding) = envelope::decode(file).ok_or(NotVerified::Form)?;
    let message = SignedData::read(&bytes).map_err(|_| NotVerified::Broken)?;
    Ok((message, encoding))
}

/// A message inside another: binary ones are read where they are.
fn inner(content: &[u8]) -> Option<SignedData> {
    match SignedData::read(content) {
        Ok(message) => Some(message),
        Err(_) => open(content.to_vec()).ok().map(|(message, _)| message),
    }
}

fn layer(
    message: &mut SignedData,
    apart: Option<&[u8]>,
    grounds: &Grounds,
    at: DateTime<Utc>,
) -> Result<Busta, NotVerified> {
    if message.signers.len() > SIGNERS {
        return Err(NotVerified::TooMany);
    }
    let material = Material::of(message);
    let message = &*message;
    let content = message.content().or(apart);
    let bench = Bench {
        grounds,
        material: &material,
        now: at,
    };
    let signatures = message.signers.iter().map(|one| {
        let claim = Claim {
            signer: one,
            content,
            content_type: Some(&message.content_type),
            certificates: &message.certificates,
        };
        signer::judge(claim, message, bench, Around::default())
    });
    Ok(Busta {
        firme: signatures.collect(),
        tipo_contenuto: message.content_type.clone(),
        copertura: match (message.content(), content) {
            (Some(_), _) => Copertura::ContenutoIntero,
            (None, Some(_)) => Copertura::ContenutoSeparato,
            (None, None) => Copertura::ContenutoMancante,
        },
        byte_contenuto: content.map(|content| content.len() as u64),
        impronta_contenuto: content.map(sha256),
        byte_in_coda: message.trailing as u64,
    })
}

fn warn(report: &mut VerificaFirme) {
    let layers = report.buste.iter().zip(1..);
    for (layer, number) in layers {
        if layer.firme.is_empty() {
            let text = format!("la {number}ª busta non ha nessuna firma");
            report.avvertenze.push(text);
        }
        if layer.byte_in_coda > 0 {
            let bytes = layer.byte_in_coda;
            let text = format!("{bytes} byte dopo la fine della {number}ª busta non sono firmati");
            report.avvertenze.push(text);
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}
