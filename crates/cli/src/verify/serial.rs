//! The forms in which the number of a certificate is written.

/// Whether two texts are one number, or one id, written differently.
pub(super) fn same(one: &str, other: &str) -> bool {
    let canonical = canonical(one);
    if canonical.is_empty() {
        return false;
    }
    canonical == self::canonical(other)
        || hexadecimal(one).is_some_and(|hex| hex == self::canonical(other))
        || hexadecimal(other).is_some_and(|hex| hex == canonical)
}

/// Whether it looks like a certificate's number.
pub(super) fn is_hex(text: &str) -> bool {
    text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Upper case, without what tools put around it.
fn canonical(text: &str) -> String {
    let bare = text.trim().trim_matches(['"', '\'']).trim();
    let bare = bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")).unwrap_or(bare);
    let upper: String =
        bare.chars().filter(|c| !matches!(c, ':' | ' ')).map(|c| c.to_ascii_uppercase()).collect();
    upper.trim_start_matches('0').to_owned()
}

/// A decimal number in hexadecimal, as [`canonical`] has it.
fn hexadecimal(decimal: &str) -> Option<String> {
    // A certificate's number has at most 20 bytes.
    if decimal.is_empty() || decimal.len() > 50 || !decimal.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Of the base 16, the lowest first.
    let mut digits: Vec<u32> = Vec::new();
    for byte in decimal.bytes() {
        let mut carry = u32::from(byte - b'0');
        for digit in &mut digits {
            let value = *digit * 10 + carry;
            (*digit, carry) = (value % 16, value / 16);
        }
        while carry > 0 {
            digits.push(carry % 16);
            carry /= 16;
        }
    }
    let text = digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 16));
    Some(text.map(|digit| digit.to_ascii_uppercase()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIAL: &str = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115";

    #[test]
    fn one_number_has_many_forms() {
        for form in [
            SERIAL.to_lowercase(),
            format!("00{SERIAL}"),
            format!("0x{SERIAL}"),
            format!("\"{SERIAL}\""),
            // By Python's int().
            "542988552022308884687871296268698514612802908437".to_owned(),
            "5F:1C:72:E2:A8:93:1B:72:A2:E1:3A:F8:DE:E9:24:71:EB:39:71:15".to_owned(),
        ] {
            assert!(same(&form, SERIAL) && same(SERIAL, &form), "{form}");
        }
        assert!(same("255", "FF") && same("0FF", "255"));
        assert!(same("pub_key_id_01", "PUB_KEY_ID_01"));
        assert!(!same(SERIAL, "5F1C72E2A8931B72A2E13AF8DEE92471EB397116") && !same("", "") && !same("0", ""));
        assert_eq!(hexadecimal("18446744073709551615").as_deref(), Some("FFFFFFFFFFFFFFFF"));
    }
}
