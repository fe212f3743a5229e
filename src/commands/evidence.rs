//! `pontile evidence check | export | verify`: whether what is on record fits its roots, and the evidence of one exchange for others.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde_json::Value;
use uuid::Uuid;

use crate::documents::sealed;
use crate::evidence::{Exhibit, Root, manifest};
use crate::store::RecordReader;
use crate::store::evidence::{Fault, Found, Verdict};

use super::trail::ReasonArguments;
use super::{Failure, record_failure, say, settings_of, trail};

/// Bytes of a container, or of a body, at most: they are held in memory.
const LARGEST: u64 = 64 << 20;

/// What can be done with the evidence of exchanges.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Walk the roots of all nodes from the first to the last, compute every receipt anew, and tell whatever does not fit; a gateway
    /// may go on beside it
    Check,
    /// Write the evidence of one exchange, for others to verify: receipt, way to the root, root, seal, and the salts that still live
    Export(ExportArguments),
    /// Verify the evidence of an exchange: needs neither configuration nor record nor network
    Verify(VerifyArguments),
}

/// What is exported.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The exchange's number (the `scambio`)
    scambio: Uuid,
    /// The file to write (ASiC-E), which must not exist: SCAMBIO.asice unless told
    #[arg(long)]
    output: Option<PathBuf>,
    #[command(flatten)]
    why: ReasonArguments,
}

/// What is verified, and against what.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The evidence (ASiC-E)
    file: PathBuf,
    /// The authorities that may have issued the seal's certificate (PEM); without them whose seal it is is not judged
    #[arg(long)]
    anchors: Option<PathBuf>,
    /// A body to compare with its digest in the receipt: richiesta=FILE, richiesta_ente=FILE, risposta_ente=FILE, risposta=FILE
    #[arg(long = "body", value_parser = parse_body)]
    bodies: Vec<Body>,
}

/// A body and its name in the receipt.
#[derive(Debug, Clone)]
pub struct Body {
    name: String,
    file: PathBuf,
}

fn parse_body(text: &str) -> Result<Body, String> {
    let named = text.split_once('=');
    let named = named.filter(|(name, _)| BODIES.contains(name));
    let (name, file) = named.ok_or_else(|| format!("write {}=FILE", BODIES.join("=FILE, ")))?;
    Ok(Body {
        name: name.to_owned(),
        file: file.into(),
    })
}

/// The bodies of a receipt.
const BODIES: [&str; 4] = ["richiesta", "richiesta_ente", "risposta_ente", "risposta"];

/// Runs the command.
pub async fn run(config: &Path, command: EvidenceCommand) -> Result<(), Failure> {
    match command {
        EvidenceCommand::Check => check(config).await,
        EvidenceCommand::Export(arguments) => export(config, arguments).await,
        EvidenceCommand::Verify(arguments) => verify(&arguments),
    }
}

async fn check(config: &Path) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let record = RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)?;
    let verdict = record.check_evidence().await.map_err(record_failure)?;
    for fault in &verdict.faults {
        say(line_of(fault))?;
    }
    say(summary(&verdict))?;
    match verdict.faults.len() {
        0 => Ok(()),
        faults => Err(Failure::Failed(format!(
            "Le prove non reggono in {faults} punti: confrontare le radici con quelle consegnate ad altri, e la registrazione con le sue copie."
        ))),
    }
}

fn line_of(fault: &Fault) -> String {
    match fault.batch {
        Some(batch) => format!("nodo {}, lotto {batch}: {}", fault.node, fault.what),
        None => format!("nodo {}: {}", fault.node, fault.what),
    }
}

fn summary(verdict: &Verdict) -> String {
    let checked = verdict.checked;
    format!(
        "Radici: {} ({} con il sigillo, che qui non si verifica). Scambi sotto una radice: {} ricalcolati, {} di mesi non più registrati; {} in attesa di radice.",
        checked.roots, checked.sealed, checked.exchanges, checked.dropped, checked.waiting
    )
}

async fn export(config: &Path, arguments: ExportArguments) -> Result<(), Failure> {
    let settings = settings_of(config)?;
    let record = RecordReader::open(&settings.record)
        .await
        .map_err(record_failure)?;
    let scambio = arguments.scambio;
    let found = record.evidence_of(scambio).await.map_err(record_failure)?;
    let exhibit = match found {
        Found::Whole(exhibit) => exhibit,
        Found::Nothing => return Err(told("non c'è nessuno scambio con questo numero")),
        Found::Waiting => {
            return Err(told(
                "lo scambio attende ancora il sigillo: GET /pronto (prove) dice da quando",
            ));
        }
        Found::WithoutReceipt => {
            return Err(told(
                "lo scambio è stato registrato da una versione che non faceva ricevute",
            ));
        }
    };
    let path = arguments
        .output
        .unwrap_or_else(|| PathBuf::from(format!("{scambio}.asice")));
    let failed = |error: std::io::Error| Failure::because(&path.display().to_string(), error);
    let mut file = File::create_new(&path).map_err(failed)?;
    let reason = &arguments.why.reason;
    trail::note(&settings, "evidence export", None, reason).await?;
    let packed = exhibit.pack();
    let packed = packed.map_err(|error| Failure::because("ASiC-E", error))?;
    file.write_all(&packed).map_err(failed)?;
    say(path.display())
}

fn told(what: &str) -> Failure {
    Failure::Failed(what.to_owned())
}

fn verify(arguments: &VerifyArguments) -> Result<(), Failure> {
    let bytes = read(&arguments.file)?;
    let exhibit = Exhibit::unpack(&bytes)
        .map_err(|error| Failure::because(&arguments.file.display().to_string(), error))?;
    let broken = |what: &dyn std::fmt::Display| told(&format!("Integrità: NO: {what}"));
    let root = exhibit.proof.check(&exhibit.receipt, &exhibit.root);
    let root = root.map_err(|fault| broken(&fault))?;
    let manifest = manifest(&exhibit.root);
    let sealed = sealed::judge(&exhibit.seal, &manifest).map_err(|why| broken(&why))?;
    say(format_args!(
        "Integrità: sì. La ricevuta è nella radice del lotto {} del nodo «{}» ({}), e il sigillo è su quella radice.",
        root.lotto, root.nodo, root.mese
    ))?;
    say(format_args!(
        "Sigillo: di {}; certificato valido fino al {}.",
        sealed.subject, sealed.valid_until
    ))?;
    say("Istante: è quello che dichiara chi ha sigillato; nessuna marca temporale lo prova.")?;
    let trusted = tell_trust(arguments, &exhibit, &root, &manifest)?;
    let receipt: Value = serde_json::from_slice(&exhibit.receipt)
        .map_err(|error| Failure::because("ricevuta.json", error))?;
    let mut fits = true;
    for body in &arguments.bodies {
        fits &= tell_body(body, &exhibit, &receipt)?;
    }
    say(format_args!(
        "Ricevuta: {}",
        serde_json::to_string_pretty(&receipt)
            .map_err(|error| Failure::because("ricevuta.json", error))?
    ))?;
    match trusted && fits {
        true => Ok(()),
        false => Err(told("La prova non regge in tutto ciò che è stato chiesto.")),
    }
}

/// Says whose seal it is as far as the anchors tell; false where they do not accept it.
fn tell_trust(
    arguments: &VerifyArguments,
    exhibit: &Exhibit,
    root: &Root,
    manifest: &[u8],
) -> Result<bool, Failure> {
    let Some(anchors) = &arguments.anchors else {
        say("Identità: non giudicata: nessuna autorità indicata (--anchors).")?;
        return Ok(true);
    };
    let anchors = read(anchors)?;
    let at: DateTime<Utc> = root
        .istante
        .parse()
        .map_err(|error| Failure::because("radice.json", error))?;
    match sealed::is_trusted(&exhibit.seal, manifest, &anchors, at) {
        Ok(()) => {
            say(format_args!(
                "Identità: il certificato è di un'autorità indicata ed era valido all'istante dichiarato ({}); la revoca non è verificata.",
                root.istante
            ))?;
            Ok(true)
        }
        Err(why) => {
            say(format_args!("Identità: NO: {why}"))?;
            Ok(false)
        }
    }
}

/// Says whether a body is the one of the receipt.
fn tell_body(body: &Body, exhibit: &Exhibit, receipt: &Value) -> Result<bool, Failure> {
    let salts = &exhibit.salts;
    let salt = match body.name.as_str() {
        "richiesta" => &salts.richiesta,
        "richiesta_ente" => &salts.richiesta_ente,
        "risposta_ente" => &salts.risposta_ente,
        _ => &salts.risposta,
    };
    let expected = receipt[&body.name]["sha256"].as_str();
    let salt = salt.as_ref().and_then(|salt| hex::decode(salt).ok());
    let (Some(expected), Some(mut salted)) = (expected, salt) else {
        say(format_args!(
            "Corpo «{}»: non si può confrontare: la ricevuta non ne ha l'impronta, o il sale è stato cancellato o non è stato consegnato.",
            body.name
        ))?;
        return Ok(false);
    };
    salted.extend(read(&body.file)?);
    let is_it = hex::encode(digest(&SHA256, &salted)) == expected;
    let verdict = if is_it {
        "è quello della ricevuta"
    } else {
        "NO: non è quello della ricevuta"
    };
    say(format_args!("Corpo «{}»: {verdict}.", body.name))?;
    Ok(is_it)
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::because(&path.display().to_string(), error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    match bytes.len() as u64 <= LARGEST {
        true => Ok(bytes),
        false => Err(told(&format!("{}: più di 64 MiB", path.display()))),
    }
}
