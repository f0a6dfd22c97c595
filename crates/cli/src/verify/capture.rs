//! A request as it was written down.

mod dumped;
mod json;
mod sdk;
mod text;

use std::io::{self, Read as _};
use std::path::Path;

use super::printed;
use crate::args::VerifyArgs;
use crate::usage::Usage;

/// Far more than any notification has.
const MOST_BYTES: u64 = 8 << 20;

/// In their order, as they were written down; names in lower case, with hyphens.
pub(super) type Headers = Vec<(String, String)>;

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) headers: Headers,
    pub(super) body: Option<Vec<u8>>,
    /// The target of the request line.
    pub(super) path: Option<String>,
}

/// Reads what the arguments name.
///
/// # Errors
/// [`Usage`]: without a request there is no verdict.
pub(super) fn read(args: &VerifyArgs) -> Result<Captured, Usage> {
    if is_stdin(&args.headers) && args.body.as_deref().is_some_and(is_stdin) {
        return Err(Usage::new("--headers and --body can't both be stdin"));
    }
    let head = bytes("--headers", &args.headers)?;
    let captured = parse(&head);
    let is_none = captured.headers.is_empty();
    let body = match &args.body {
        Some(file) => bytes("--body", file)?,
        None => captured.body.ok_or_else(|| {
            if is_none && !head.is_empty() {
                return unreadable(&args.headers, &head);
            }
            Usage::new("--body is missing, and the file of the headers has no body behind them")
        })?,
    };
    // v2 needs no header, and what was written down may have none.
    let is_v2 = body.trim_ascii_start().starts_with(b"<");
    if is_none && !is_v2 && head.iter().any(|byte| !b" \t\r\n{}[]\0".contains(byte)) {
        return Err(unreadable(&args.headers, &head));
    }
    Ok(Captured { body: Some(body), ..captured })
}

fn unreadable(file: &Path, head: &[u8]) -> Usage {
    let file = file.display();
    if sdk::is_incomplete(&String::from_utf8_lossy(head)) {
        return Usage::new(format!(
            "--headers: {file} has an SDK's error text without what was verified (signature, time, nonce and body), as \
             wechatpay-go writes it; log the headers and the body, and give those"
        ));
    }
    Usage::new(format!(
        "--headers: can't read the form that {file} is in; give raw HTTP, what curl -v prints, JSON (an object, a list, HAR), \
         CGI variables, a printed request or event, or the error text of wechatpay-java or wechatpay-apache-httpclient"
    ))
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

fn bytes(option: &str, file: &Path) -> Result<Vec<u8>, Usage> {
    let mut bytes = Vec::new();
    let read = if is_stdin(file) {
        io::stdin().take(MOST_BYTES + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
    };
    let read =
        read.map_err(|error| Usage::new(format!("{option}: can't read {}: {error}", file.display())))?;
    if u64::try_from(read).is_ok_and(|read| read > MOST_BYTES) {
        let most = MOST_BYTES >> 20;
        return Err(Usage::new(format!("{option}: {} is larger than {most} MiB", file.display())));
    }
    Ok(bytes)
}

/// Told by its beginning: JSON, or lines. Where these don't have what is wanted, it is looked for in any form.
fn parse(bytes: &[u8]) -> Captured {
    let utf8;
    let bytes = match bytes {
        // What PowerShell's `>` writes.
        [0xff, 0xfe, rest @ ..] => {
            let units: Vec<_> =
                rest.chunks_exact(2).map(|pair| u16::from_le_bytes([at(pair, 0), at(pair, 1)])).collect();
            utf8 = String::from_utf16_lossy(&units);
            utf8.as_bytes()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => rest,
        other => other,
    };
    if let Some(captured) = sdk::parse(&String::from_utf8_lossy(bytes)) {
        return captured;
    }
    let begin = bytes.trim_ascii_start();
    let looks_like_json = begin.starts_with(b"{") || begin.starts_with(b"[");
    let of_json = looks_like_json.then(|| json::parse(&String::from_utf8_lossy(begin))).flatten();
    if serde_json::from_slice::<serde::de::IgnoredAny>(begin).is_ok() {
        return of_json.unwrap_or_default();
    }
    let captured = of_json.unwrap_or_else(|| text::parse(bytes));
    if captured.headers.iter().any(|(name, _)| name.starts_with("wechatpay-")) {
        return captured;
    }
    let text = String::from_utf8_lossy(bytes);
    let dumped = dumped::parse(&text);
    if dumped.is_empty() {
        return captured;
    }
    let path = || ["path", "url"].into_iter().find_map(|name| printed::member(&text, name));
    Captured {
        headers: dumped,
        body: dumped::body(&text).or(captured.body),
        path: captured.path.or_else(|| path().and_then(|path| String::from_utf8(path).ok())),
    }
}

fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or_default()
}

/// A header's name in one spelling: `Wechatpay-Serial`, `wechatpay_serial` and `HTTP_WECHATPAY_SERIAL` are one.
fn name(written: &str) -> String {
    let lower = written.trim().to_ascii_lowercase().replace('_', "-");
    lower.strip_prefix("http-").unwrap_or(&lower).to_owned()
}
