use super::*;
use crate::codegen::fault::texts;
use crate::codegen::sample::*;

const LOCK: &str = "\
OLD.SIGN: (notification id)
PAID#BASIC: id or mchid|sub_mchid? + @create_time; 1 older
PAID#PARTNER: id + goods.amount.total?
SIGN: id
v2/paid: id + @mchid?
v2/refund: id
";

#[track_caller]
fn assert_faults(locked: &str, catalog: &Catalog, expected: &[&str]) {
    assert_eq!(texts(&check_lock(locked, catalog)), expected);
}

#[test]
fn the_lock_of_a_catalog_lets_it_pass() {
    let catalog = catalog(&sources());
    let locked = lock(&catalog);
    assert!(locked.starts_with("# "));
    assert_eq!(locked.split_once("\n").unwrap().1.split_once("\n").unwrap().1, LOCK);
    assert_faults(&locked, &catalog, &[]);
}

#[test]
fn a_key_that_changed() {
    let again = "a resend of a stored notification would count as new";
    let changed = catalog(&edited(SIGN, "key = [[\"id\"]]", "key = [[\"id\", \"@create_time\"]]"));
    let fault = format!(
        "{SIGN}: the key of SIGN changed: {again}: put the earlier rule (id, of SIGN) under older_keys"
    );
    assert_faults(LOCK, &changed, &[&fault]);
    let kept = catalog(&edited(
        SIGN,
        "key = [[\"id\"]]",
        "key = [[\"id\", \"@create_time\"]]\nolder_keys = [[[\"id\"]]]",
    ));
    assert_faults(LOCK, &kept, &[]);
    let none = catalog(&edited(SIGN, "key = [[\"id\"]]", "key = []"));
    assert_faults(LOCK, &none, &[&fault]);
}

#[test]
fn the_lock_is_part_of_the_inputs() {
    let mut sources = edited(SIGN, "key = [[\"id\"]]", "key = []");
    sources.insert(KEYS, LOCK);
    let again = "a resend of a stored notification would count as new";
    assert_only_fault(
        &sources,
        &format!(
            "{SIGN}: the key of SIGN changed: {again}: put the earlier rule (id, of SIGN) under older_keys"
        ),
    );
}

#[test]
fn entries_may_come_and_variants_go() {
    let catalog = catalog(&sources());
    assert_faults(&LOCK.replace("SIGN: id\n", ""), &catalog, &[]);
    assert_faults(&format!("{LOCK}PAID#OTHER: other\n"), &catalog, &[]);
    assert_faults(
        &format!("{LOCK}GONE#OTHER: other\n"),
        &catalog,
        &[
            "fixtures/catalog/keys.lock: GONE#OTHER is gone from the catalog: bring its file back: old notifications still \
           arrive",
        ],
    );
}

#[test]
fn variants_take_over_from_an_event_without() {
    let catalog = catalog(&sources());
    let before = LOCK.lines().filter(|line| !line.starts_with("PAID")).collect::<Vec<_>>().join("\n");
    let again = "a resend of a stored notification would count as new";
    assert_faults(
        &format!("{before}\nPAID: id + state?\n"),
        &catalog,
        &[&format!(
            "{PAID}: the key of PAID#PARTNER changed: {again}: put the earlier rule (id + state?, of PAID) under older_keys"
        )],
    );
}

#[test]
fn an_event_takes_over_from_its_variants() {
    let again = "a resend of a stored notification would count as new";
    let fault = format!(
        "{SIGN}: the key of SIGN changed: {again}: put the earlier rule (@id, of SIGN#PARTNER) under older_keys"
    );
    assert_faults(
        &LOCK.replace("SIGN: id\n", "SIGN#BASIC: id\nSIGN#PARTNER: @id\n"),
        &catalog(&sources()),
        &[&fault],
    );
}

#[test]
fn a_line_that_is_no_rule() {
    let mend = "run `cargo xtask codegen` with the file as it was committed";
    assert_faults(
        &format!("# x\n{LOCK}<<<<<<<\n"),
        &catalog(&sources()),
        &[&format!("fixtures/catalog/keys.lock:8: `<<<<<<<` is no rule: {mend}")],
    );
}
