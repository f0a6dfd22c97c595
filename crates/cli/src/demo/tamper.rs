//! One byte of a body changed into another one that could stand there.

/// So far from its end base64 surely speaks of the last 16 bytes, and isn't padding.
const LAST_BLOCK: usize = 8;

/// The byte that follows `mark`. Without the mark nothing changes.
pub(super) fn after(mut body: Vec<u8>, mark: &[u8]) -> Vec<u8> {
    if let Some(byte) = end_of(&body, mark).and_then(|at| body.get_mut(at)) {
        *byte = other(*byte);
    }
    body
}

/// A byte in the last cipher block of the base64 that follows `mark` and ends with `]]>`.
pub(super) fn last_block(mut body: Vec<u8>, mark: &[u8]) -> Vec<u8> {
    let start = end_of(&body, mark);
    let length = start.and_then(|start| body.get(start..)).and_then(|rest| find(rest, b"]]>"));
    let at = start.zip(length).and_then(|(start, length)| (start + length).checked_sub(LAST_BLOCK));
    if let Some(byte) = at.and_then(|at| body.get_mut(at)) {
        *byte = other(*byte);
    }
    body
}

/// Another letter or digit.
fn other(byte: u8) -> u8 {
    match byte {
        b'0'..=b'8' | b'a'..=b'y' | b'A'..=b'Y' => byte + 1,
        b'9' => b'0',
        _ => b'A',
    }
}

fn end_of(body: &[u8], mark: &[u8]) -> Option<usize> {
    find(body, mark).map(|at| at + mark.len())
}

fn find(body: &[u8], mark: &[u8]) -> Option<usize> {
    body.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_byte_differs() {
        let body = b"<a><![CDATA[YWJjZGVmZ2hpamtsbW5vcA==]]></a>".to_vec();
        assert_eq!(after(body.clone(), b"CDATA["), b"<a><![CDATA[ZWJjZGVmZ2hpamtsbW5vcA==]]></a>");
        assert_eq!(last_block(body.clone(), b"<a><![CDATA["), b"<a><![CDATA[YWJjZGVmZ2hpamtscW5vcA==]]></a>");
        assert_eq!(after(body.clone(), b"<b>"), body);
        assert_eq!(last_block(body.clone(), b"<b>"), body);
    }

    #[test]
    fn a_byte_becomes_another_one() {
        for byte in 0..=255 {
            assert_ne!(other(byte), byte);
            assert!(other(byte).is_ascii_alphanumeric());
        }
    }
}
