//! Decisions that follow from a seed.

use wxhook_crypto::sha256;

use crate::{Error, Message, Nonces};

/// Returns a pseudorandom number derived from these.
pub(crate) fn number(seed: u64, nth: u32, what: &str) -> u64 {
    first(&sha256(format!("{seed}/{nth}/{what}").as_bytes()))
}

/// Returns whether this one belongs to a share of them, 0 to 1.
pub(crate) fn of_share(share: f64, seed: u64, nth: u32, what: &str) -> bool {
    let [a, b, c, d, ..] = number(seed, nth, what).to_le_bytes();
    f64::from(u32::from_le_bytes([a, b, c, d])) < share * (f64::from(u32::MAX) + 1.0)
}

/// Returns the nonces of one copy of one try. Seeded nonces depend on the content, so no two contents share one.
pub(crate) fn nonces(seed: Option<u64>, message: &Message, try_: u32, copy: u32) -> Result<Nonces, Error> {
    let Some(seed) = seed else { return Nonces::fresh() };
    let (name, id, resource) = (message.meta().name, message.id(), message.resource().to_json());
    let text = format!("{seed}/{try_}/{copy}/{name}/{id}/{resource}");
    Ok(Nonces::seeded(first(&sha256(text.as_bytes()))))
}

fn first(hash: &[u8; 32]) -> u64 {
    hash.first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_about_as_large_as_it_says() {
        let count = |share| (0..10_000).filter(|nth| of_share(share, 7, *nth, "test")).count();
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        assert_eq!((count(-1.0), count(2.0), count(f64::NAN)), (0, 10_000, 0));
        assert!((900..1100).contains(&count(0.1)), "{}", count(0.1));
    }
}
