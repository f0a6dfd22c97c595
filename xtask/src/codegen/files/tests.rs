use super::*;
use crate::codegen::fault::texts;
use crate::codegen::sample::{AREA, PAID, SIGN, assert_fault, edited, sources};

#[track_caller]
fn assert_line(path: &str, from: &str, to: &str, line: usize, what: &str) {
    let mend = "fixtures/catalog/README.md describes the format";
    assert_fault(path, from, to, &format!("{path}:{line}: {what}: {mend}"));
}

#[test]
fn what_is_written_is_read_in_its_order() {
    let files = Files::parse(&sources()).unwrap();
    let paid = &files.events[PAID];
    assert_eq!(
        (paid.protocol, paid.cipher, paid.on_changed),
        (Protocol::V3, Cipher::AesGcm, OnChanged::Park)
    );
    assert_eq!(paid.key, [vec!["id"], vec!["mchid|sub_mchid?", "@create_time"]]);
    let names: Vec<_> = paid.variants[0].fields.keys().collect();
    assert_eq!(names, ["id", "sub_mchid", "amount", "goods"]);
    assert_eq!(paid.variants[0].fields["sub_mchid"].alias, ["sub_mch_id"]);
    let conditions =
        [When::Present("sub_mchid".to_owned()), When::Equals("amount.currency".to_owned(), "CNY".to_owned())];
    assert_eq!(paid.variants[0].when, Some(When::All(conditions.to_vec())));

    let values = &files.areas["pay"].enums["State"].values;
    assert_eq!(values.keys().collect::<Vec<_>>(), ["SUCCESS", "NOTPAY"]);
    assert_eq!((values["SUCCESS"].name.as_deref(), &*values["SUCCESS"].doc), (None, "Paid."));
    assert_eq!((values["NOTPAY"].name.as_deref(), &*values["NOTPAY"].doc), (Some("NotPaid"), "Not paid."));
}

#[test]
fn faults_name_the_line() {
    assert_line(
        SIGN,
        "question = true",
        "questoin = true",
        10,
        "unknown field `questoin`, expected one of `event`, \
        `protocol`, `area`, `type`, `doc`, `title`, `cipher`, `schedule`, `on_changed`, `key`, `older_keys`, `renamed_to`, \
        `was_unknown`, `deadline_ms`, `money`, `merchants`, `contradictions`, `question`, `reply_is_signed`, `identified_by`, `order`, `fields`, `envelope`, `reply`, `variant`",
    );
    assert_line(SIGN, "on_changed = \"deliver\"\n", "", 1, "missing field `on_changed`");
    assert_line(
        SIGN,
        "\"aes-gcm\"",
        "\"aes\"",
        6,
        "unknown variant `aes`, expected one of `none`, `aes-gcm`, `aes-ecb`",
    );
    assert_line(SIGN, "id = { type = \"string\" }", "id = { }", 13, "missing field `type`");
    assert_line(
        AREA,
        "doc = \"Not paid.\" }",
        "docs = \"Not paid.\" }",
        8,
        "unknown field `docs`, expected `name` or `doc`",
    );
    assert_line(
        AREA,
        "SUCCESS = \"Paid.\"",
        "SUCCESS = 1",
        7,
        "invalid type: integer `1`, expected a sentence, or { name = \"RustName\", doc = \"…\" }",
    );
    assert_line(
        PAID,
        "{ present = \"sub_mchid\" }",
        "{ there = \"sub_mchid\" }",
        15,
        "unknown variant `there`, expected one \
        of `all`, `any`, `present`, `equals`, `envelope_present`, `envelope_equals`",
    );
    assert_line(
        PAID,
        "[\"amount.currency\", \"CNY\"]",
        "[\"amount.currency\"]",
        15,
        "expected tuple with length 2",
    );
}

#[test]
fn every_broken_file_is_named() {
    let mut sources = edited(SIGN, "question = true", "question = ");
    sources.insert(GLOSSARY, "id = 1");
    let faults = texts(&Files::parse(&sources).unwrap_err());
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].starts_with("fixtures/catalog/v3/SIGN.toml:10: "), "{faults:?}");
    assert!(faults[1].starts_with("fixtures/catalog/glossary.toml:1: "), "{faults:?}");
}
