//! Numbers, with words of its own for what isn't one.

use std::str::FromStr;

/// A whole number, from 0 on or from 1, as the type has it.
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    let least = if "0".parse::<T>().is_ok() { 0 } else { 1 };
    text.parse().map_err(|_| format!("write a whole number, {least} or more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;

    #[test]
    fn numbers_begin_where_their_type_does() {
        assert_eq!(whole::<u64>("42"), Ok(42));
        assert_eq!(whole::<u64>("abc").unwrap_err(), "write a whole number, 0 or more");
        assert_eq!(whole::<NonZeroU32>("0").unwrap_err(), "write a whole number, 1 or more");
    }
}
