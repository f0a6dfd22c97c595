use super::*;

const TABLE: &str = "\
| 通知格式 | 直连商户模式 | 合作伙伴模式
| :------: | :----------: | :----------:
| XML {rowspan=2} | [付款通知](/webhook/v2/paid) {colspan=2}
| [退款通知](/webhook/v2/refund) {colspan=2}
| JSON {rowspan=4} | [支付通知](/webhook/v3/PAID) {colspan=2}
| [服务商支付通知](/webhook/v3/PAID#PARTNER) :closed_lock_with_key: {colspan=2}
| [开卡通知](/webhook/v3/CARD.OPEN)
| [签约通知](/webhook/v3/SIGN)
";

fn report_on(table: &str) -> String {
    let known = editions("known.md", &format!("## Edition 7\n\n{TABLE}")).unwrap();
    let other = editions("new.md", table).unwrap();
    report(&known[0], &other[0].rows, &|file| file.contains("PAID") || file.contains("SIGN"))
}

#[track_caller]
fn assert_report(from: &str, to: &str, expected: &str) {
    assert_eq!(TABLE.matches(from).count(), 1, "{from}");
    let report = report_on(&TABLE.replace(from, to));
    let last =
        "append the table to fixtures/overview.md under a heading ## Edition N, and run cargo xtask codegen";
    let (changes, steps) = report.split_once("\nto do:\n").unwrap();
    let changes = changes.split_once("\n\n").unwrap().1;
    assert_eq!(format!("{changes}{steps}"), format!("{expected}  {last}\n"));
}

#[test]
fn nothing_new() {
    assert_eq!(report_on(TABLE), "nothing new: 6 rows as in edition 7\n");
}

#[test]
fn the_order_of_rows_says_nothing() {
    let moved = TABLE
        .replace("| [退款通知](/webhook/v2/refund) {colspan=2}\n", "")
        .replace("| XML {rowspan=2}", "| XML | [退款通知](/webhook/v2/refund) {colspan=2}\n| XML");
    assert_eq!(report_on(&moved), "nothing new: 6 rows as in edition 7\n");
}

#[test]
fn a_whole_report() {
    let table = TABLE
        .replace("| [开卡通知](/webhook/v3/CARD.OPEN)", "| [开卡通知](/webhook/v3/BRAND.CARD.OPEN)")
        .replace("| [签约通知](/webhook/v3/SIGN)", "| [解约通知](/webhook/v3/TERMINATE)");
    assert_eq!(
        report_on(&table),
        "\
against edition 7 (6 rows), 6 rows

new:
  TERMINATE  解约通知  direct

gone:
  SIGN  签约通知  direct

renamed:
  CARD.OPEN -> BRAND.CARD.OPEN  开卡通知

to do:
  write fixtures/catalog/v3/BRAND.CARD.OPEN.toml
  write fixtures/catalog/v3/TERMINATE.toml
  add renamed_to = \"BRAND.CARD.OPEN\" to fixtures/catalog/v3/CARD.OPEN.toml; the old name stays
  keep the files of what is gone: old notifications still arrive
  append the table to fixtures/overview.md under a heading ## Edition N, and run cargo xtask codegen
"
    );
}

#[test]
fn changes_of_one_kind() {
    assert_report("[签约通知]", "[签约成功通知]", "other title:\n  SIGN  签约通知 -> 签约成功通知\n");
    assert_report(
        "/webhook/v3/SIGN)",
        "/webhook/v3/SIGN) {colspan=2}",
        "other modes:\n  SIGN  direct -> direct, partner\n",
    );
    assert_report(" :closed_lock_with_key:", "", "other lock:\n  PAID#PARTNER  locked -> open\n");
    assert_report(
        "| [签约通知]",
        "| [停车](/webhook/v3/PAID#PARKING) | [签约通知]",
        "new:\n  PAID#PARKING  停车  direct\n\nother modes:\n  SIGN  direct -> partner\n  see that \
         fixtures/catalog/v3/PAID.toml has the variant PARKING\n",
    );
    assert_report(
        "/webhook/v3/PAID#PARTNER)",
        "/webhook/v3/PAID#PROVIDER)",
        "renamed:\n  PAID#PARTNER -> PAID#PROVIDER  服务商支付通知\n",
    );
}

#[test]
fn of_the_projects_own_overview() {
    let sources = Sources::read(crate::root()).unwrap();
    let report = diff(&sources, &crate::root().join(OVERVIEW)).unwrap();
    assert!(report.starts_with("nothing new: "), "{report}");
    let editions = editions(OVERVIEW, sources.get(OVERVIEW).unwrap()).unwrap();
    let report = Changes::between(&editions[0].rows, &editions[1].rows).describe();
    let count = |title: &str| {
        let section = report.split("\n\n").find(|section| section.trim_start().starts_with(title));
        section.map_or(0, |section| section.trim().lines().count() - 1)
    };
    let titles = ["new:", "gone:", "renamed:", "other title:", "other modes:"];
    assert_eq!(titles.map(count), [22, 0, 2, 4, 0], "{report}");
}

/// The raw document of an edition that is known already.
#[test]
fn an_older_edition() {
    let sources = Sources::read(crate::root()).unwrap();
    let overview = sources.get(OVERVIEW).unwrap();
    let first = overview.split("## Edition 1\n").nth(1).unwrap().split("## Edition").next().unwrap();
    let file = std::env::temp_dir().join(format!("wxhook-older-edition-{}.md", std::process::id()));
    fs::write(&file, format!("---\ntitle: 回调通知概览\n---\n{first}\n{{.im-table}}\n")).unwrap();
    let report = diff(&sources, &file);
    fs::remove_file(&file).unwrap();
    let report = report.unwrap();
    assert!(report.starts_with("edition 1 again: nothing to do\n\ngone:\n"), "{report}");
    assert!(!report.contains("to do:"), "{report}");
}

#[test]
fn a_table_that_cannot_be_read() {
    let error = editions("new.md", &TABLE.replace("| JSON {rowspan=4}", "| JSON {rowspan=5}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the table can't be read:\nnew.md:5: cell 1: its rowspan goes past the end of the table: lower it by 1"
    );
}
