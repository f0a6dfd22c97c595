use crate::refusal::Refusal;
use http::HeaderMap;
use wxhook_wire::v3::header;

/// The headers of a request that matter here.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    headers: &'a HeaderMap,
}

/// What a v3 notification is verified with, as received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signing<'a> {
    pub(crate) serial: &'a str,
    pub(crate) timestamp: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) signature: &'a str,
    pub(crate) signature_type: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Of these headers.
    pub const fn new(headers: &'a HeaderMap) -> Self {
        Self { headers }
    }

    /// The `Wechatpay-*` headers, each exactly once and not empty; the signature's type may be missing.
    pub(crate) fn signing(&self) -> Result<Signing<'a>, Refusal> {
        let needed = |name| self.only(name)?.filter(|text| !text.is_empty()).ok_or(Refusal::Header);
        Ok(Signing {
            serial: needed(header::SERIAL)?,
            timestamp: needed(header::TIMESTAMP)?,
            nonce: needed(header::NONCE)?,
            signature: needed(header::SIGNATURE)?,
            signature_type: self.only(header::SIGNATURE_TYPE)?,
        })
    }

    /// The value of a header, if it is there.
    ///
    /// # Errors
    /// [`Refusal::DoubledHeader`]; [`Refusal::Header`] for what is no text.
    pub fn only(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str().map_err(|_| Refusal::Header)).transpose()?;
        if values.next().is_some() { Err(Refusal::DoubledHeader) } else { Ok(first) }
    }

    /// The first value of a header, for nothing but looking.
    pub(crate) fn first(&self, name: &'static str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The delivery attempt's id, fit for a log line: escaped and cut.
    pub(crate) fn request_id(&self) -> String {
        self.headers.get(header::REQUEST_ID).map(|value| for_log(value.as_bytes())).unwrap_or_default()
    }

    /// The serial, fit for a log line.
    pub(crate) fn serial(&self) -> String {
        self.headers.get(header::SERIAL).map(|value| for_log(value.as_bytes())).unwrap_or_default()
    }

    /// The headers that verification used, to be kept with a quarantined body.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let headers = self.headers;
        let names = [
            header::SERIAL,
            header::TIMESTAMP,
            header::NONCE,
            header::SIGNATURE,
            header::SIGNATURE_TYPE,
            header::REQUEST_ID,
        ];
        names.into_iter().filter_map(move |name| Some((name, headers.get(name)?.to_str().ok()?)))
    }
}

impl std::fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} headers)", self.headers.len())
    }
}

/// Unverified text for a log line: printable ASCII, the rest escaped, at most 64 bytes.
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
    use http::HeaderValue;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::SERIAL, "5F1C"),
            (header::TIMESTAMP, "1700000000"),
            (header::NONCE, "abc"),
            (header::SIGNATURE, "AAAA"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn each_header_once_and_not_empty() {
        assert!(Head::new(&headers()).signing().is_ok());
        for name in [header::SERIAL, header::TIMESTAMP, header::NONCE, header::SIGNATURE] {
            let mut missing = headers();
            missing.remove(name);
            assert_eq!(Head::new(&missing).signing().unwrap_err(), Refusal::Header);
            let mut empty = headers();
            empty.insert(name, HeaderValue::from_static(""));
            assert_eq!(Head::new(&empty).signing().unwrap_err(), Refusal::Header);
            let mut doubled = headers();
            doubled.append(name, doubled[name].clone());
            assert_eq!(Head::new(&doubled).signing().unwrap_err(), Refusal::DoubledHeader);
            let mut binary = headers();
            binary.insert(name, HeaderValue::from_bytes(b"\xff").unwrap());
            assert_eq!(Head::new(&binary).signing().unwrap_err(), Refusal::Header);
        }
        let mut doubled = headers();
        doubled.append(header::SIGNATURE_TYPE, HeaderValue::from_static("a"));
        doubled.append(header::SIGNATURE_TYPE, HeaderValue::from_static("a"));
        assert_eq!(Head::new(&doubled).signing().unwrap_err(), Refusal::DoubledHeader);
    }

    #[test]
    fn log_text_is_escaped_and_cut() {
        assert_eq!(for_log(b"a\n\x1b[31m"), "a\\n\\x1b[31m");
        assert_eq!(for_log(&[b'x'; 64]).len(), 64);
        assert_eq!(for_log(&[b'x'; 500]).len(), 64);
    }
}
