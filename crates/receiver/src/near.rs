//! Paths that differ from a merchant's by spelling only.

use http::header::{CONTENT_TYPE, HeaderMap};
use http::{Method, request};
use percent_encoding::percent_decode_str;
use std::collections::HashMap;

/// The configured paths by their normalized form.
#[derive(Debug)]
pub(crate) struct NearPaths(HashMap<String, String>);

impl NearPaths {
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a String>) -> Self {
        Self(paths.map(|path| (normalize(path), path.clone())).collect())
    }

    /// Returns the configured path that differs from a request's by slashes, case or percent-encoding only, if the request
    /// looks like a notification.
    pub(crate) fn find(&self, request: &request::Parts) -> Option<&str> {
        if !is_notification(&request.method, &request.headers) {
            return None;
        }
        self.0.get(&normalize(request.uri.path())).map(String::as_str)
    }
}

/// Returns the path that differs from a request's by slashes, case or percent-encoding only.
pub fn near_path<'p>(paths: impl IntoIterator<Item = &'p str>, path: &str) -> Option<&'p str> {
    let wanted = normalize(path);
    paths.into_iter().find(|known| normalize(known) == wanted)
}

/// Returns the path of a request target, which may be a whole URL or have a query.
pub fn path_of(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or(target);
    let behind_scheme = ["http://", "https://"].into_iter().find_map(|scheme| path.strip_prefix(scheme));
    match behind_scheme {
        Some(rest) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => path,
    }
}

/// Returns whether a request has a v3 header or is a POST of XML.
fn is_notification(method: &Method, headers: &HeaderMap) -> bool {
    let is_xml = || {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|text| text.to_ascii_lowercase().contains("xml"))
    };
    headers.keys().any(|name| name.as_str().starts_with("wechatpay-"))
        || (*method == Method::POST && is_xml())
}

/// Decodes a path, lowers its case and removes empty segments.
fn normalize(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy().to_ascii_lowercase();
    let segments = decoded.split('/').filter(|segment| !segment.is_empty());
    segments.flat_map(|segment| ["/", segment]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn find(path: &str, method: Method, header: (&str, &str)) -> Option<String> {
        let paths = ["/notify/shop".to_owned(), "/Pay/WeChat%20Callback/".to_owned()];
        let near = NearPaths::new(paths.iter());
        let request = Request::builder().method(method).uri(path).header(header.0, header.1);
        let (parts, ()) = request.body(()).unwrap().into_parts();
        near.find(&parts).map(str::to_owned)
    }

    #[test]
    fn slashes_case_and_encoding_make_a_near_miss_and_nothing_else_does() {
        let v3 = ("wechatpay-serial", "5F1C");
        for path in [
            "/notify/shop/",
            "//notify/shop",
            "/notify//shop",
            "/Notify/SHOP",
            "/%6eotify/shop",
            "/notify%2Fshop",
            "/notify/shop?a=b",
        ] {
            assert_eq!(find(path, Method::POST, v3).as_deref(), Some("/notify/shop"), "{path}");
        }
        let own = find("/pay/wechat%20callback", Method::POST, v3);
        assert_eq!(own.as_deref(), Some("/Pay/WeChat%20Callback/"));
        for path in ["/", "/notify", "/notify/shops", "/notify/sho", "/notify/shop/x", "/notifyshop", "/%ff"]
        {
            assert_eq!(find(path, Method::POST, v3), None, "{path}");
        }
    }

    #[test]
    fn targets_have_paths() {
        for target in ["/notify/shop", "/notify/shop?a=/b", "https://pay.example.com/notify/shop#x"] {
            assert_eq!(path_of(target), "/notify/shop", "{target}");
        }
        assert_eq!(path_of("http://pay.example.com"), "/");
        assert_eq!(near_path(["/a", "/notify/shop"], "//Notify/shop/"), Some("/notify/shop"));
        assert_eq!(near_path(["/a", "/notify/shop"], "/notify/shops"), None);
    }

    #[test]
    fn only_what_looks_like_a_notification_is_one() {
        let found = |method, header| find("/notify/shop/", method, header).is_some();
        assert!(found(Method::GET, ("Wechatpay-Nonce", "")));
        assert!(found(Method::POST, ("Content-Type", "text/xml; charset=utf-8")));
        assert!(found(Method::POST, ("Content-Type", "application/XML")));
        assert!(!found(Method::GET, ("Content-Type", "text/xml")));
        assert!(!found(Method::POST, ("Content-Type", "application/json")));
        assert!(!found(Method::POST, ("User-Agent", "wechatpay-")));
    }
}
