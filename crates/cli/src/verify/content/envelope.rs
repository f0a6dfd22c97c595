use wxhook_wire::Error;
use wxhook_wire::json::Doc;
use wxhook_wire::v3::Envelope;

use super::super::case::Case;
use super::super::{printed, reserialized, wrapped};

/// Why a v3 body can't be read, in more words than the receiver has.
pub(super) fn unusable(case: &Case<'_>, what: &str) -> String {
    let Ok(text) = str::from_utf8(&case.body) else {
        let gbk = || {
            let read = |body: &[u8]| {
                str::from_utf8(body)
                    .is_ok_and(|text| Doc::parse(text).is_ok_and(|doc| Envelope::read(&doc).is_ok()))
            };
            let found = wrapped::before(&case.body).into_iter().find(|(body, _)| read(body));
            found.map(|(_, what)| format!("the body is not UTF-8: {what}"))
        };
        return case.misframed().or_else(gbk).unwrap_or_else(|| "the body is not UTF-8".to_owned());
    };
    let Ok(doc) = Doc::parse(text) else {
        for (body, what) in wrapped::before(&case.body) {
            if str::from_utf8(&body)
                .is_ok_and(|text| Doc::parse(text).is_ok_and(|doc| Envelope::read(&doc).is_ok()))
            {
                return format!("the body is not JSON: {what}");
            }
        }
        if printed::is_object(&case.body) {
            return "the body is an object as a program prints it (console.log, print, toString), not the bytes that came: \
                    write those to a file before anything parses them"
                .to_owned();
        }
        let cut = || {
            text.trim_end()
                .starts_with('{')
                .then(|| "the body is not JSON: it was cut off or changed".to_owned())
        };
        return case.misframed().or_else(cut).unwrap_or_else(|| "the body is not JSON".to_owned());
    };
    let envelope = match Envelope::read(&doc) {
        Ok(envelope) => envelope,
        Err(Error::Envelope("object")) => return "the body is JSON, but no object".to_owned(),
        Err(Error::Envelope(_)) if reserialized::snake_case(text).is_some() => {
            return "the names of its members are in camelCase (eventType, createTime), where the platform's have underscores: \
                    it was re-serialized, i.e. parsed into an object of one's own and written again; keep the bytes as they came"
                .to_owned();
        }
        Err(Error::Envelope(part)) => {
            return format!(
                "{part} is missing, empty or of another type: that is no notification as the platform sends it"
            );
        }
        Err(error) => return error.to_string(),
    };
    match (envelope.resource.nonce.len(), &*envelope.resource.ciphertext) {
        (12, ciphertext) if ciphertext.contains(' ') => {
            format!("{what}: it has blanks where + was, so it was URL-decoded")
        }
        (12, ciphertext) if ciphertext.contains(['-', '_']) => {
            format!("{what}: it is in the URL-safe alphabet (- and _)")
        }
        (12, _) => format!("{what}: it was cut off or changed"),
        (length, _) => format!("resource.nonce has {length} bytes, where one has 12"),
    }
}

/// Why a v2 body can't be read.
pub(super) fn unreadable_xml(case: &Case<'_>, error: Error) -> String {
    let found =
        wrapped::before(&case.body).into_iter().find(|(body, _)| case.with_body(body.clone()).result.is_ok());
    match (found, case.misframed()) {
        (Some((_, what)), _) => format!("{error}: {what}"),
        (None, Some(what)) => format!("{error}: {what}"),
        (None, None) => error.to_string(),
    }
}
