use std::fmt;

/// A request as the platform would send it, to send or to modify.
///
/// Header names may repeat; [`header`](Self::header) and the other methods ignore their case. `Debug` shows neither
/// header values nor the body.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedRequest {
    /// The headers, as names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl SignedRequest {
    /// Creates a request with any headers and body, valid or not.
    pub fn new(headers: Vec<(String, String)>, body: impl Into<Vec<u8>>) -> Self {
        Self { headers, body: body.into() }
    }

    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Sets a header to this value and removes its other values.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        let place = self.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        self.remove_header(name);
        let place = place.unwrap_or(self.headers.len());
        self.headers.insert(place.min(self.headers.len()), (name.to_owned(), value.into()));
    }

    /// Removes all values of a header.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("SignedRequest").field("headers", &names).field("body", &self.body.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::SignedRequest;

    fn request() -> SignedRequest {
        let headers = [("A", "1"), ("B", "2"), ("a", "3")];
        SignedRequest::new(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(), "body")
    }

    #[test]
    fn headers_are_found_set_and_removed_in_any_case() {
        let mut request = request();
        assert_eq!(request.header("a"), Some("1"));
        request.set_header("a", "4");
        assert_eq!(request.headers, [("a".into(), "4".into()), ("B".into(), "2".into())]);
        request.set_header("C", "5");
        request.remove_header("b");
        assert_eq!(request.headers, [("a".into(), "4".into()), ("C".into(), "5".into())]);
        assert_eq!(request.header("b"), None);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(format!("{:?}", request()), r#"SignedRequest { headers: ["A", "B", "a"], body: 4 }"#);
    }
}
