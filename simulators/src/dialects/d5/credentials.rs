//! Credentials of D5: hashes over the account, its passphrase and the time of the request.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{NaiveDateTime, TimeDelta};

use super::{DIALECT, Operation};
use crate::dialects::password;
use crate::soap::Element;

/// How far the time of a request may be from that of the system.
const WINDOW: TimeDelta = TimeDelta::minutes(5);
const MOMENT: &str = "%d/%m/%Y %H:%M:%S%.3f";

/// Why a call is turned away, by its code.
pub const WRONG_PASSWORD: u16 = 100;
pub const NOT_ENABLED: u16 = 101;
pub const INVALID: u16 = 110;

/// Development-only account of a municipality: its Belfiore code in hexadecimal, filled up with zeros.
pub fn account(belfiore: &str) -> String {
    format!("{:0<40}", hex::encode(belfiore.to_lowercase()))
}

/// Development-only passphrase of a municipality: its password, filled up with zeros.
pub fn passphrase(belfiore: &str) -> String {
    format!("{:0<40}", password(DIALECT.name, belfiore))
}

/// `moment` is written as in the request: `dd/MM/yyyy HH:mm:ss.fff`.
pub fn hashed_password(belfiore: &str, moment: &str) -> String {
    sha256(&format!(
        "{}#{}@{moment}",
        account(belfiore),
        passphrase(belfiore)
    ))
}

/// The number of a request for an operation at a moment.
pub fn request_id(belfiore: &str, operation: &str, moment: &str) -> String {
    sha256(&format!("{}#{operation}@{moment}", account(belfiore)))
}

fn sha256(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

/// Whether `datiAutorizzazione` opens the operation at this hour of the system's clock; otherwise the code that says why not.
pub fn admit(
    given: &Element,
    belfiore: &str,
    operation: &Operation,
    now: NaiveDateTime,
) -> Result<(), u16> {
    let field = |name| given.filled(name).ok_or(INVALID);
    let moment = format!("{} {}", field("dataRichiesta")?, field("oraRichiesta")?);
    let at = NaiveDateTime::parse_from_str(&moment, MOMENT).map_err(|_| INVALID)?;
    if at.format(MOMENT).to_string() != moment {
        return Err(INVALID);
    }
    let (user, written) = (field("identificativoUtente")?, field("password")?);
    let (service, id) = (field("identificativoServizio")?, field("idRichiesta")?);
    if !is_hex(user, 40) || !is_hex(written, 64) || !is_hex(id, 64) {
        return Err(INVALID);
    }
    let known = user.eq_ignore_ascii_case(&account(belfiore))
        && written.eq_ignore_ascii_case(&hashed_password(belfiore, &moment));
    // A clock that is wrong looks like a password that is wrong.
    if !known || (now - at).abs() > WINDOW {
        return Err(WRONG_PASSWORD);
    }
    if service != operation.service {
        return Err(NOT_ENABLED);
    }
    if !id.eq_ignore_ascii_case(&request_id(belfiore, operation.name, &moment)) {
        return Err(INVALID);
    }
    Ok(())
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}
