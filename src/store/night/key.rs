//! The data key of one copy: one part seals its rows, the other makes the tags by which they are found.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};

use super::{Place, StoreError};
use crate::store::sealing::Ring;

/// Bytes of the tag at the end of each sealed piece.
const TAG_LEN: usize = 16;

/// The data key of one copy.
pub(super) struct DataKey {
    rows: LessSafeKey,
    tags: hmac::Key,
    /// What every row is bound to, besides its table and number.
    bound_to: Vec<u8>,
}

impl DataKey {
    /// A fresh key, and itself wrapped for the copy's file.
    pub(super) fn fresh(ring: &Ring, place: &Place) -> (DataKey, Vec<u8>) {
        let secret: [u8; 32] = rand::random();
        let wrapped = ring.seal(&place.wrapped_for(), &secret);
        (DataKey::of(&secret, place), wrapped)
    }

    /// The key that was wrapped in a copy's file.
    pub(super) fn unwrap(
        ring: &Ring,
        place: &Place,
        wrapped: &[u8],
    ) -> Result<DataKey, StoreError> {
        let secret = ring.open(&place.wrapped_for(), wrapped)?;
        Ok(DataKey::of(&secret, place))
    }

    fn of(secret: &[u8], place: &Place) -> DataKey {
        let master = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
        let rows = UnboundKey::new(&AES_256_GCM, &part(&master, "rows"))
            .expect("the key has the length that AES-256 wants");
        DataKey {
            rows: LessSafeKey::new(rows),
            tags: hmac::Key::new(hmac::HMAC_SHA256, &part(&master, "tags")),
            bound_to: place.wrapped_for(),
        }
    }

    /// Seals one piece. Each number is sealed once under a copy's key, so it is the nonce.
    pub(super) fn seal(&self, table: &str, number: i64, piece: &mut Vec<u8>) {
        self.rows
            .seal_in_place_append_tag(nonce(number), self.bound(table, number), piece)
            .expect("AES-256-GCM refuses only more bytes than memory holds");
    }

    /// Opens a piece of that table and number, in place.
    pub(super) fn open<'p>(
        &self,
        table: &str,
        number: i64,
        piece: &'p mut [u8],
    ) -> Result<&'p [u8], StoreError> {
        if piece.len() < TAG_LEN {
            return Err(StoreError::Unsealable("una riga della copia è troncata"));
        }
        self.rows
            .open_in_place(nonce(number), self.bound(table, number), piece)
            .map(|opened| &*opened)
            .map_err(|_| StoreError::Unsealable("una riga della copia è stata alterata o spostata"))
    }

    fn bound(&self, table: &str, number: i64) -> Aad<Vec<u8>> {
        let mut bound = self.bound_to.clone();
        bound.push(0);
        bound.extend_from_slice(table.as_bytes());
        bound.push(0);
        bound.extend_from_slice(&number.to_be_bytes());
        Aad::from(bound)
    }

    /// The tag under which a row is found. Two values may share one: what is found is compared.
    pub(super) fn tag(&self, table: &str, column: &str, value: &str) -> i64 {
        let mut context = hmac::Context::with_key(&self.tags);
        for part in [table, column, &searched(value)] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        let (first, _) = tag
            .as_ref()
            .split_first_chunk()
            .expect("HMAC-SHA-256 gives 32 bytes");
        i64::from_be_bytes(*first)
    }
}

/// A value as it is searched: blanks around it and small letters tell no two codes apart.
pub(super) fn searched(value: &str) -> String {
    value.trim().to_uppercase()
}

fn nonce(number: i64) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[NONCE_LEN - 8..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

fn part(master: &hkdf::Prk, name: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    master
        .expand(
            &[b"pontile night copy ", name.as_bytes()],
            hkdf::HKDF_SHA256,
        )
        .and_then(|okm| okm.fill(&mut bytes))
        .expect("one block of HKDF-SHA-256 can always be filled");
    bytes
}
