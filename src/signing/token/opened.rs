//! The keys that this process has opened: a login belongs to the process, so a reload takes up those that are open.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;

use super::TokenSigner;
use crate::config::key::TokenKey;
use crate::jose::Algorithm;
use crate::signing::SigningError;
use crate::signing::certificates::read_chain;

static OPENED: LazyLock<Mutex<Vec<Opened>>> = LazyLock::new(Mutex::default);

/// Held while a key is opened, which may take as long as its token likes: whoever looks at the keys that are open must not wait for it.
static OPENING: Mutex<()> = Mutex::new(());

/// A key, as it was opened.
struct Opened {
    key: TokenKey,
    chain: Vec<Vec<u8>>,
    algorithm: Option<Algorithm>,
    signer: Arc<TokenSigner>,
}

/// The signer of a key, opened unless it is open. Blocks: a card may take seconds.
pub(in crate::signing) fn shared(
    key: &TokenKey,
    algorithm: Option<Algorithm>,
) -> Result<Arc<TokenSigner>, SigningError> {
    let chain = key.certificate.as_deref().map(read_chain).transpose()?;
    let chain = chain.unwrap_or_default();
    let _one_at_a_time = OPENING.lock();
    let opened = OPENED.lock();
    let known = opened
        .iter()
        .find(|one| one.key == *key && one.chain == chain && one.algorithm == algorithm);
    if let Some(known) = known {
        return Ok(Arc::clone(&known.signer));
    }
    drop(opened);
    let signer = Arc::new(TokenSigner::open(key, chain.clone(), algorithm)?);
    OPENED.lock().push(Opened {
        key: key.clone(),
        chain,
        algorithm,
        signer: Arc::clone(&signer),
    });
    Ok(signer)
}

/// The keys that are open, by the names that the configuration gives them.
pub fn opened() -> Vec<(String, Arc<TokenSigner>)> {
    let opened = OPENED.lock();
    let named = opened.iter();
    named
        .map(|one| (one.key.name.clone(), Arc::clone(&one.signer)))
        .collect()
}

/// Lets go of the keys that a new configuration names no more, or otherwise. Whoever still signs with one keeps it.
pub fn keep_open(named: &[TokenKey]) {
    OPENED.lock().retain(|one| named.contains(&one.key));
}
