//! Keys of a faulty generator (CVE-2017-15361, "ROCA"), found by the fingerprint that their moduli bear.

use openssl::bn::BigNumRef;
use openssl::error::ErrorStack;

/// The primes of the published test (Nemec and others, 2017): modulo each, such a modulus is a power of 65537.
const PRIMES: [u32; 17] = [
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
];

/// Whether the modulus bears the fingerprint; of sound keys about one in a hundred million does.
pub fn is_roca(modulus: &BigNumRef) -> Result<bool, ErrorStack> {
    for prime in PRIMES {
        let rest = modulus.mod_word(prime)?;
        if !is_power_of_65537(rest, u64::from(prime)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_power_of_65537(rest: u64, prime: u64) -> bool {
    let mut power = 1;
    for _ in 0..prime {
        if power == rest {
            return true;
        }
        power = power * 65537 % prime;
    }
    false
}

#[cfg(test)]
mod tests {
    use openssl::bn::{BigNum, BigNumContext};
    use openssl::rsa::Rsa;

    use super::*;

    #[test]
    fn a_modulus_of_the_faulty_generator_is_found_and_a_sound_one_is_not() {
        let mut context = BigNumContext::new().expect("a context");
        let mut product = BigNum::from_u32(1).expect("one");
        for prime in PRIMES {
            product.mul_word(prime).expect("a product");
        }
        // What the generator does: primes of the form k·M + (65537^a mod M), so their product is such a number too.
        let (base, exponent) = (BigNum::from_u32(65537), BigNum::from_u32(1_234_567));
        let mut modulus = BigNum::new().expect("a number");
        modulus
            .mod_exp(
                &base.expect("base"),
                &exponent.expect("exponent"),
                &product,
                &mut context,
            )
            .expect("a power");
        let mut large = BigNum::new().expect("a number");
        let factor = BigNum::from_u32(987_654_321).expect("a factor");
        large
            .checked_mul(&product, &factor, &mut context)
            .expect("a product");
        let mut made = BigNum::new().expect("a number");
        made.checked_add(&large, &modulus).expect("a sum");
        assert!(is_roca(&made).expect("arithmetic"));
        let sound = Rsa::generate(2048).expect("a key");
        assert!(!is_roca(sound.n()).expect("arithmetic"));
    }
}
