use super::*;
use crate::codegen::fault::texts;

/// In the style of the platform's document; each test changes one thing.
const GOOD: &str = "\
---
title: 回调通知概览
---

| 通知格式 | 直连商户模式 | 合作伙伴模式
| :------: | :----------: | :----------:
| XML {rowspan=2} | [普通支付通知](/webhook/v2/transaction-success) {colspan=2}
| [合单支付通知](/webhook/v2/combined) :closed_lock_with_key: {colspan=2}
| JSON {rowspan=3} | | [校园/签约通知](/webhook/v3/PAYSCORE.OPEN#SCHOOL)
| [领卡通知(模板配置)](/webhook/v3/CARD.GET)
| [领卡通知／预受理](/webhook/v3/CARD.GOT) | [受理](/webhook/v3/CARD.GET#PARTNER) |
| JSON | [a [b] \\[c\\|d](/webhook/v3/LAST) {colspan=2 rowspan=1}

{.im-table}
";

fn good() -> Vec<Row> {
    parse("t.md", GOOD).unwrap().remove(0).rows
}

/// Line, fragment or event, title, modes, lock, group.
fn shown(rows: &[Row]) -> Vec<String> {
    let shown = rows.iter().map(|row| {
        let modes: Vec<_> = row.modes.iter().map(ToString::to_string).collect();
        let lock = if row.locked { " locked" } else { "" };
        let fragment = row.fragment.as_ref().map_or(String::new(), |fragment| format!("#{fragment}"));
        format!("{} {}{fragment} {} {}{lock} {}", row.line, row.name(), row.title, modes.join("+"), row.group)
    });
    shown.collect()
}

#[track_caller]
fn assert_fault(from: &str, to: &str, expected: &str) {
    assert_eq!(GOOD.matches(from).count(), 1, "{from}");
    assert_eq!(texts(&parse("t.md", &GOOD.replace(from, to)).unwrap_err()), [expected]);
}

#[test]
fn rows_of_a_table() {
    assert_eq!(
        shown(&good()),
        [
            "7 v2/transaction-success 普通支付通知 direct+partner 0",
            "8 v2/combined 合单支付通知 direct+partner locked 0",
            "9 PAYSCORE.OPEN#SCHOOL 校园/签约通知 partner 1",
            "10 CARD.GET 领卡通知(模板配置) direct 1",
            "11 CARD.GOT 领卡通知／预受理 direct 1",
            "11 CARD.GET#PARTNER 受理 partner 1",
            "12 LAST a [b] [c|d direct+partner 2",
        ]
    );
    assert_eq!(parse("t.md", GOOD).unwrap()[0].name, "");
}

#[test]
fn a_link_may_span_lines() {
    let spanning = GOOD
        .replace(
            "| [领卡通知(模板配置)](/webhook/v3/CARD.GET)",
            "| [全](/webhook/v3/ALL) {rowspan=2} | [x](/webhook/v3/X)",
        )
        .replace("| [领卡通知／预受理](/webhook/v3/CARD.GOT) | [受理]", "| [受理]");
    let rows = parse("t.md", &spanning).unwrap().remove(0).rows;
    assert_eq!(
        shown(&rows)[3..6],
        ["10 ALL 全 direct 1", "10 X x partner 1", "11 CARD.GET#PARTNER 受理 partner 1"]
    );
}

#[test]
fn editions_by_their_headings() {
    let table = GOOD.split("---\n").last().unwrap();
    let text = format!("# Overview\n\n## Edition 1\n{table}\n## Edition 2b\n{table}");
    let editions = parse("t.md", &text).unwrap();
    assert_eq!(editions.iter().map(|edition| edition.name.as_str()).collect::<Vec<_>>(), ["1", "2b"]);
    assert!(editions.iter().all(|edition| edition.rows.iter().all(|row| row.edition == edition.name)));
    assert_eq!(editions[0].rows[0].line, 7);

    let fails = |text: &str, expected: &str| assert_eq!(texts(&parse("t.md", text).unwrap_err()), [expected]);
    fails(&text.replace("2b", "1"), "t.md:16: no name of its own: write ## Edition and the next number");
    fails(&text.replace("2b", ""), "t.md:16: no name of its own: write ## Edition and the next number");
    fails(
        &text.replace("## Edition 2b\n", ""),
        "t.md:17: a second table under one heading: take the lines between them away, or begin it with ## Edition and its \
         name",
    );
    let no_table = "add the table, which begins with | 通知格式 | 直连商户模式 | 合作伙伴模式";
    fails("no table at all\n", &format!("t.md: no table: {no_table}"));
    fails(
        &format!("## Edition 1\n{table}\n## Edition 2\n"),
        &format!("t.md: no table under ## Edition 2: {no_table}"),
    );
}

#[test]
fn header_and_separator() {
    assert_fault(
        "直连商户模式 | 合作伙伴模式",
        "合作伙伴模式 | 直连商户模式",
        "t.md:5: the columns are 通知格式 | 合作伙伴模式 | 直连商户模式: they must be | 通知格式 | 直连商户模式 | 合作伙伴模式",
    );
    let separator = "no separator line: write | :---: | :---: | :---: between the header and the rows";
    assert_fault("| :------: | :----------: | :----------:\n", "", &format!("t.md:6: {separator}"));
    assert_fault("| :------: |", "| :----x-: |", &format!("t.md:6: {separator}"));
    assert_fault("| :------: |", "|", &format!("t.md:6: {separator}"));
}

#[test]
fn cells() {
    let link = "[领卡通知(模板配置)](/webhook/v3/CARD.GET)";
    let path = "write /webhook/v2/NAME or /webhook/v3/EVENT, with #VARIANT if it is one";
    for (wrong, expected) in [
        (
            "[领卡(/webhook/v3/CARD.GET)",
            r"a `[` is never closed: add a `]`, or write `\[` where it is part of the title",
        ),
        ("[](/webhook/v3/CARD.GET)", "a link without a title: write it between the brackets"),
        ("[领卡] (/webhook/v3/CARD.GET)", "no `(` after `[领卡]`: write [title](/webhook/v3/EVENT#VARIANT)"),
        ("[领卡](/webhook/v3/CARD.GET", "the `(` after `[领卡]` is never closed: add a `)`"),
        ("[领卡](/webhook/v4/CARD)", &format!("`/webhook/v4/CARD` leads to no event: {path}")),
        ("[领卡](/docs/v3/CARD)", &format!("`/docs/v3/CARD` leads to no event: {path}")),
        ("[领卡](/webhook/v3/)", &format!("`/webhook/v3/` leads to no event: {path}")),
        ("[领卡](/webhook/v3/CARD#)", &format!("`/webhook/v3/CARD#` leads to no event: {path}")),
        ("[领卡](/webhook/v3/CARD GET)", &format!("`/webhook/v3/CARD GET` leads to no event: {path}")),
        (
            "[领卡](/webhook/v3/CARD) :lock:",
            "`:lock:` after the link: only `:closed_lock_with_key:` and `{rowspan=N colspan=M}` may follow a link",
        ),
        ("[领卡](/webhook/v3/CARD) {colspan=2", "a `{` is never closed: end the cell with `}`"),
        (
            "[领卡](/webhook/v3/CARD) {span=2}",
            "unknown attribute `span=2`: write rowspan=N, colspan=M or both",
        ),
        ("[领卡](/webhook/v3/CARD) {colspan}", "`colspan`: give one whole number from 1"),
        ("[领卡](/webhook/v3/CARD) {colspan=0}", "`colspan=0`: give one whole number from 1"),
        ("[领卡](/webhook/v3/CARD) {colspan=2 colspan=2}", "`colspan=2`: give one whole number from 1"),
    ] {
        assert_fault(link, wrong, &format!("t.md:10: cell 1: {expected}"));
    }
}

#[test]
fn every_bad_cell_is_named() {
    let text = GOOD.replace("{colspan=2}", "{colspan=x}");
    let faults = texts(&parse("t.md", &text).unwrap_err());
    assert_eq!(
        faults,
        [
            "t.md:7: cell 2: `colspan=x`: give one whole number from 1",
            "t.md:8: cell 1: `colspan=x`: give one whole number from 1"
        ]
    );
}

#[test]
fn spans() {
    assert_fault(
        "(/webhook/v3/LAST) {colspan=2 rowspan=1}",
        "(/webhook/v3/LAST) {colspan=3 rowspan=1}",
        "t.md:12: cell 2: colspan=3 goes past the last of 3 columns: lower it to 2",
    );
    assert_fault(
        "(/webhook/v3/LAST) {colspan=2 rowspan=1}",
        "(/webhook/v3/LAST) | | | [x](/webhook/v3/X)",
        "t.md:12: cell 4: no column is left for it: take it away, or lower a rowspan or colspan before it",
    );
    assert_fault(
        "(/webhook/v3/LAST) {colspan=2 rowspan=1}",
        "(/webhook/v3/LAST) {rowspan=3}",
        "t.md:12: cell 2: its rowspan goes past the end of the table: lower it by 2",
    );
    assert_fault(
        "| | [校园/签约通知](/webhook/v3/PAYSCORE.OPEN#SCHOOL)\n| [领卡通知(模板配置)](/webhook/v3/CARD.GET)",
        "| | [校园/签约通知](/webhook/v3/PAYSCORE.OPEN#SCHOOL) {rowspan=2}\n| [领卡](/webhook/v3/CARD.GET) {colspan=2}",
        "t.md:10: cell 1: column 3 is covered from above: lower its colspan or the rowspan above",
    );
}

#[test]
fn formats() {
    let missing =
        "the format is missing: begin the line with XML or JSON, or raise the rowspan of the format above";
    assert_fault("| XML {rowspan=2} |", "| XML |", &format!("t.md:8: cell 1: {missing}"));
    assert_fault("| XML {rowspan=2} |", "|", &format!("t.md:7: cell 1: {missing}"));
    assert_fault("| JSON {rowspan=3} |", "| |", &format!("t.md:9: cell 1: {missing}"));
    assert_fault(
        "| XML {rowspan=2} |",
        "| YAML {rowspan=2} |",
        "t.md:7: cell 1: unknown format `YAML`: write XML or JSON",
    );
    assert_fault(
        "| JSON {rowspan=3} |",
        "| JSON {rowspan=3 colspan=2} |",
        "t.md:9: cell 1: a format over several columns: take its colspan away",
    );
    assert_fault(
        "| JSON {rowspan=3} |",
        "| JSON {rowspan=4} |",
        "t.md:12: cell 1: `JSON` in the column of a mode: write a link, or lower the rowspan at t.md:9: cell 1",
    );
    assert_fault(
        "| JSON | [a",
        "| JSON | a | [a",
        "t.md:12: cell 2: `a` in the column of a mode: write a link",
    );
    let other = "XML goes with v2, JSON with v3: correct the format or the link";
    assert_fault(
        "(/webhook/v2/combined)",
        "(/webhook/v3/combined)",
        &format!("t.md:8: cell 1: a link to /webhook/v3 in a group of XML: {other}"),
    );
    assert_fault(
        "(/webhook/v3/LAST)",
        "(/webhook/v2/LAST)",
        &format!("t.md:12: cell 2: a link to /webhook/v2 in a group of JSON: {other}"),
    );
}

#[test]
fn rows_have_links_of_their_own() {
    assert_fault(
        "| [领卡通知(模板配置)](/webhook/v3/CARD.GET)",
        "| | |",
        "t.md:10: a row without a link: write [title](/webhook/v3/EVENT) in the column of its mode",
    );
    assert_fault(
        "(/webhook/v3/CARD.GOT)",
        "(/webhook/v3/CARD.GET)",
        "t.md:11: cell 1: the same link as on line 10: keep one, with colspan=2 if it is for both modes",
    );
}
