//! `pontile sign`: officers and citizens sign a document on their own machine, with their own card.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use chrono::Utc;
use clap::Args;

use crate::config::key::{KeyName, TokenKey, TokenName};
use crate::config::secret::{SecretReference, open_to_others};
use crate::documents::creating::{Placement, seal};
use crate::signing::{self, TokenSigner};

use super::{Failure, say};

/// Bytes of a document at most: it is held in memory, and DER ends there.
const LARGEST: u64 = 256 << 20;

/// A card asks for its PIN and thinks for seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the module of OpenSC is on Debian.
const OPENSC: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";

/// What is signed, and by which key.
#[derive(Debug, Args)]
pub struct SignArguments {
    /// The document, which is not changed
    document: PathBuf,
    /// The signed document: DOCUMENT.p7m, or DOCUMENT.p7s with --detached, unless told; it must not exist
    #[arg(long)]
    output: Option<PathBuf>,
    /// Leave the content out of the signature's file: who verifies needs both
    #[arg(long)]
    detached: bool,
    /// The PKCS#11 module of the card
    #[arg(long, default_value = OPENSC)]
    module: PathBuf,
    /// The card by its label
    #[arg(long, required_unless_present = "serial", conflicts_with = "serial")]
    token: Option<String>,
    /// The card by its serial number
    #[arg(long)]
    serial: Option<String>,
    /// The key on the card by its label
    #[arg(long, required_unless_present = "id", conflicts_with = "id")]
    key: Option<String>,
    /// The key on the card by its identifier, in hexadecimal digits
    #[arg(long, value_parser = parse_id)]
    id: Option<Id>,
    /// The key's certificate and intermediates (PEM), where the card does not have it
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// A file with the PIN that only you can read; without it the PIN is asked for, once
    #[arg(long)]
    pin_file: Option<PathBuf>,
}

/// `CKA_ID`.
#[derive(Debug, Clone)]
struct Id(Vec<u8>);

fn parse_id(text: &str) -> Result<Id, String> {
    let id = hex::decode(text).ok().filter(|id| !id.is_empty());
    id.map(Id).ok_or_else(|| "hexadecimal digits".to_owned())
}

/// Signs the document.
pub async fn run(arguments: SignArguments) -> Result<(), Failure> {
    let content = read(&arguments.document)?;
    let (placement, ending) = match arguments.detached {
        true => (Placement::Detached, "p7s"),
        false => (Placement::Attached, "p7m"),
    };
    let output = arguments.output.clone();
    let output = output.unwrap_or_else(|| with_ending(&arguments.document, ending));
    // Made before the PIN is asked for: who cannot write there need not give it.
    let mut created = create(&output)?;
    let sealed = sealed(&arguments, &content, placement).await;
    let written = sealed.and_then(|sealed| {
        let written = created.write_all(&sealed).and_then(|()| created.sync_all());
        written.map_err(|failure| Failure::because(&output.display().to_string(), failure))
    });
    if written.is_err() {
        // Nothing that looks signed stays behind.
        let _ = std::fs::remove_file(&output);
    }
    written?;
    say(format_args!(
        "Firmato: {} (CAdES B-B, senza marca temporale)",
        output.display()
    ))
}

async fn sealed(
    arguments: &SignArguments,
    content: &[u8],
    placement: Placement,
) -> Result<Vec<u8>, Failure> {
    let refused = |failure: &dyn std::fmt::Display| Failure::because("firma", failure);
    let chain = arguments.certificate.as_deref().map(signing::read_chain);
    let chain = chain.transpose().map_err(|failure| refused(&failure))?;
    let typed = match &arguments.pin_file {
        Some(_) => None,
        None => Some(ask()?),
    };
    let pin = match (&arguments.pin_file, &typed) {
        (Some(file), _) => file.clone(),
        (None, Some(typed)) => PathBuf::from(format!("/proc/self/fd/{}", typed.as_raw_fd())),
        (None, None) => return Err(Failure::Usage("--pin-file".to_owned())),
    };
    let key = key(arguments, pin)?;
    if let Some(reason) = open_to_others(&key.pin) {
        return Err(Failure::Usage(reason));
    }
    let signer = TokenSigner::open(&key, chain.unwrap_or_default(), None);
    let signer = signer.map_err(|failure| refused(&failure))?;
    let sealed = seal(&signer, content, placement, Utc::now()).await;
    sealed.map_err(|failure| refused(&failure))
}

fn key(arguments: &SignArguments, pin: PathBuf) -> Result<TokenKey, Failure> {
    let of_token = |label: &String| TokenName::Label(label.clone());
    let by_serial = || arguments.serial.clone().map(TokenName::Serial);
    let of_key = |label: &String| KeyName::Label(label.clone());
    let by_id = || arguments.id.clone().map(|Id(id)| KeyName::Id(id));
    let token = arguments.token.as_ref().map(of_token).or_else(by_serial);
    let key = arguments.key.as_ref().map(of_key).or_else(by_id);
    let (Some(token), Some(key)) = (token, key) else {
        return Err(Failure::Usage(
            "--token o --serial, --key o --id".to_owned(),
        ));
    };
    Ok(TokenKey {
        name: "firma".to_owned(),
        module: arguments.module.clone(),
        token,
        key,
        pin: SecretReference::File(pin),
        certificate: None,
        sessions: 1,
        queue: 1,
        deadline: PATIENCE,
    })
}

fn read(document: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |failure| Failure::because(&document.display().to_string(), failure);
    let file = File::open(document).map_err(failed)?;
    let mut content = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    match content.len() as u64 {
        0 => Err(Failure::Usage("il documento è vuoto".to_owned())),
        1..=LARGEST => Ok(content),
        _ => Err(Failure::Usage("il documento supera 256 MiB".to_owned())),
    }
}

fn create(output: &Path) -> Result<File, Failure> {
    let created = OpenOptions::new().write(true).create_new(true).open(output);
    created.map_err(|failure| Failure::because(&output.display().to_string(), failure))
}

fn with_ending(document: &Path, ending: &str) -> PathBuf {
    let mut name = document.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Asks for the PIN without showing it. It goes into a file in memory that has no name: one is what the token reads a PIN from.
fn ask() -> Result<File, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "il PIN si chiede da un terminale: altrove serve --pin-file".to_owned(),
        ));
    }
    let failed = |failure| Failure::because("PIN", failure);
    eprint!("PIN: ");
    let shown = echo(false);
    let mut pin = String::new();
    let typed = std::io::stdin().read_line(&mut pin);
    if shown {
        echo(true);
    }
    eprintln!();
    typed.map_err(failed)?;
    let name = format!("/dev/shm/pontile-{:032x}", rand::random::<u128>());
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create_new(true).mode(0o600);
    let mut file = options.open(&name).map_err(failed)?;
    std::fs::remove_file(&name).map_err(failed)?;
    file.write_all(pin.trim_end_matches(['\n', '\r']).as_bytes())
        .map_err(failed)?;
    Ok(file)
}

/// Has the terminal show what is typed, or not; whether it obeyed.
fn echo(shown: bool) -> bool {
    let mode = if shown { "echo" } else { "-echo" };
    let told = Command::new("stty")
        .arg(mode)
        .stdin(Stdio::inherit())
        .status();
    told.is_ok_and(|status| status.success())
}
