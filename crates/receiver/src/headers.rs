use crate::rejection::Rejection;
use http::HeaderMap;
use std::fmt;
use wxhook_wire::v3::header;

const NAMES: [&str; 6] = [
    header::SERIAL,
    header::TIMESTAMP,
    header::NONCE,
    header::SIGNATURE,
    header::SIGNATURE_TYPE,
    header::REQUEST_ID,
];

/// The headers of a request that matter to the receiver: those of the signature and the request id.
///
/// Made from an `http::HeaderMap`, or from name-value pairs for frameworks with types of their own:
///
/// ```
/// use wxhook_receiver::NotificationHeaders;
///
/// let headers = [("Wechatpay-Serial", "PUB_KEY_ID_0119"), ("Content-Type", "application/json")];
/// let headers = NotificationHeaders::from_pairs(headers);
/// assert_eq!(headers.get("wechatpay-serial"), Ok(Some("PUB_KEY_ID_0119")));
/// ```
#[derive(Clone, Copy, Default)]
pub struct NotificationHeaders<'a> {
    /// In the order of [`NAMES`].
    values: [Option<Value<'a>>; NAMES.len()],
}

#[derive(Clone, Copy)]
struct Value<'a> {
    first: &'a [u8],
    is_repeated: bool,
}

impl<'a> NotificationHeaders<'a> {
    /// Creates them from all headers of a request. Names are compared without regard to case.
    pub fn from_pairs<N, V>(pairs: impl IntoIterator<Item = (N, &'a V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<[u8]> + ?Sized + 'a,
    {
        let mut headers = Self::default();
        for (name, value) in pairs {
            let mut slots = NAMES.iter().zip(&mut headers.values);
            if let Some((_, slot)) = slots.find(|(known, _)| name.as_ref().eq_ignore_ascii_case(known)) {
                let first = slot.map_or(value.as_ref(), |value| value.first);
                *slot = Some(Value { first, is_repeated: slot.is_some() });
            }
        }
        headers
    }

    /// Returns the value of a header, if the request has it.
    ///
    /// # Errors
    /// [`Rejection::DuplicateHeader`], also for duplicates that a proxy has joined with a comma; [`Rejection::Header`] for a
    /// value that isn't text.
    pub fn get(&self, name: &str) -> Result<Option<&'a str>, Rejection> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let text = text(value.first).ok_or(Rejection::Header)?;
        if value.is_repeated || first_of_joined(name, text).is_some() {
            return Err(Rejection::DuplicateHeader);
        }
        Ok(Some(text))
    }

    /// Checks that each header of the signature is there exactly once and not empty; the signature type may be missing.
    pub(crate) fn check(&self) -> Result<(), Rejection> {
        for name in [header::SERIAL, header::TIMESTAMP, header::NONCE, header::SIGNATURE] {
            self.get(name)?.filter(|text| !text.is_empty()).ok_or(Rejection::Header)?;
        }
        self.get(header::SIGNATURE_TYPE).map(drop)
    }

    /// Returns the first value of a header, also of a repeated or joined one, if the request has it.
    pub(crate) fn first(&self, name: &str) -> Result<Option<&'a str>, Rejection> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let text = text(value.first).ok_or(Rejection::Header)?;
        Ok(Some(first_of_joined(name, text).unwrap_or(text)))
    }

    /// Returns the first value of a header that must not be missing or empty.
    pub(crate) fn required(&self, name: &str) -> Result<&'a str, Rejection> {
        self.first(name)?.filter(|text| !text.is_empty()).ok_or(Rejection::Header)
    }

    /// Returns a header for a log line, escaped and truncated, if it isn't empty.
    pub(crate) fn for_log(&self, name: &str) -> Option<String> {
        Some(for_log(self.value(name)?.first)).filter(|text| !text.is_empty())
    }

    /// Returns every header that is text.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        NAMES.into_iter().zip(self.values).filter_map(|(name, value)| Some((name, text(value?.first)?)))
    }

    fn value(&self, name: &str) -> Option<Value<'a>> {
        let index = NAMES.iter().position(|known| *known == name)?;
        *self.values.get(index)?
    }
}

impl<'a> From<&'a HeaderMap> for NotificationHeaders<'a> {
    fn from(headers: &'a HeaderMap) -> Self {
        Self {
            values: NAMES.map(|name| {
                let mut values = headers.get_all(name).iter();
                let first = values.next()?.as_bytes();
                Some(Value { first, is_repeated: values.next().is_some() })
            }),
        }
    }
}

impl fmt::Debug for NotificationHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// Returns the text of a header: visible ASCII, spaces and tabs.
fn text(value: &[u8]) -> Option<&str> {
    let is_text = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    std::str::from_utf8(value).ok().filter(|_| is_text)
}

/// Returns the first of several values that a proxy has joined with commas, as RFC 9110 allows for lists.
///
/// Timestamps and signatures never contain a comma. The other headers are opaque: only equal values count as joined.
fn first_of_joined<'a>(name: &str, value: &'a str) -> Option<&'a str> {
    let (first, rest) = value.split_once(',')?;
    let first = first.trim();
    let is_opaque = ![header::TIMESTAMP, header::SIGNATURE].contains(&name);
    let is_list = !is_opaque || rest.split(',').all(|other| other.trim() == first);
    (is_list && !first.is_empty()).then_some(first)
}

/// Returns unverified text for a log line: printable ASCII, the rest escaped, at most 64 bytes.
pub(crate) fn for_log(bytes: &[u8]) -> String {
    let mut text = bytes.escape_ascii().take(65).map(char::from).collect::<String>();
    if text.len() > 64 {
        text.truncate(61);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: [(&str, &[u8]); 4] = [
        (header::SERIAL, b"5F1C"),
        (header::TIMESTAMP, b"1700000000"),
        (header::NONCE, b"abc"),
        (header::SIGNATURE, b"AAAA"),
    ];

    /// Returns the result of checking the signed headers after a change, which must not depend on how they are given.
    fn check(change: impl FnOnce(&mut Vec<(&'static str, &'static [u8])>)) -> Result<(), Rejection> {
        let mut pairs = SIGNED.to_vec();
        change(&mut pairs);
        let mut map = HeaderMap::new();
        for (name, value) in &pairs {
            map.append(*name, http::HeaderValue::from_bytes(value).unwrap());
        }
        let checked = NotificationHeaders::from(&map).check();
        let upper = pairs.iter().map(|(name, value)| (name.to_ascii_uppercase(), *value));
        assert_eq!(NotificationHeaders::from_pairs(upper).check(), checked);
        checked
    }

    #[test]
    fn each_header_is_there_once_and_not_empty() {
        assert_eq!(check(|_| {}), Ok(()));
        for (at, (name, value)) in SIGNED.into_iter().enumerate() {
            assert_eq!(check(|pairs| _ = pairs.remove(at)), Err(Rejection::Header));
            assert_eq!(check(|pairs| pairs[at].1 = b""), Err(Rejection::Header));
            assert_eq!(check(|pairs| pairs[at].1 = b"\xff"), Err(Rejection::Header));
            assert_eq!(check(|pairs| pairs.push((name, value))), Err(Rejection::DuplicateHeader));
        }
        let types = [(header::SIGNATURE_TYPE, &b"a"[..]); 2];
        assert_eq!(check(|pairs| pairs.push(types[0])), Ok(()));
        assert_eq!(check(|pairs| pairs.extend(types)), Err(Rejection::DuplicateHeader));
    }

    #[test]
    fn joined_values_are_duplicates() {
        let get = |name: &'static str, value: &'static str| {
            let headers = NotificationHeaders::from_pairs([(name, value)]);
            (headers.get(name).err(), headers.required(name).unwrap())
        };
        for name in NAMES {
            assert_eq!(get(name, "a+/=, a+/="), (Some(Rejection::DuplicateHeader), "a+/="));
            assert_eq!(get(name, "a,a , a"), (Some(Rejection::DuplicateHeader), "a"));
        }
        assert_eq!(get(header::SIGNATURE, "a, b"), (Some(Rejection::DuplicateHeader), "a"));
        assert_eq!(get(header::TIMESTAMP, "1,2"), (Some(Rejection::DuplicateHeader), "1"));
        for (name, value) in [
            (header::SERIAL, "a, b"),
            (header::NONCE, "a,b"),
            (header::NONCE, "a,aa"),
            (header::NONCE, ",,"),
            (header::SIGNATURE, "aa"),
            (header::SIGNATURE, "a a"),
        ] {
            assert_eq!(get(name, value), (None, value));
        }
    }

    #[test]
    fn log_text_is_escaped_and_truncated() {
        assert_eq!(for_log(b"a\n\x1b[31m"), "a\\n\\x1b[31m");
        assert_eq!(for_log(&[b'x'; 64]).len(), 64);
        assert_eq!(for_log(&[b'x'; 500]).len(), 64);
    }
}
