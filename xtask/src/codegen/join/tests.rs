use crate::codegen::fault::texts;
use crate::codegen::input::{GLOSSARY, OVERVIEW, Sources, load};
use crate::codegen::model::{Catalog, Event, Mode, Type};
use crate::codegen::sample::*;

fn event<'c>(catalog: &'c Catalog, name: &str) -> &'c Event {
    catalog.events().find(|event| event.name == name).unwrap()
}

#[test]
fn order_is_fixed() {
    let catalog = catalog(&sources());
    assert_eq!(catalog.editions, ["1", "2"]);
    let names: Vec<_> = catalog.entries().map(|entry| entry.id()).collect();
    assert_eq!(names, ["v2/refund", "v2/paid", "OLD.SIGN", "PAID#PARTNER", "PAID#BASIC", "SIGN"]);
}

#[test]
fn titles_and_modes_are_the_newest() {
    let catalog = catalog(&sources());
    let paid = event(&catalog, "PAID");
    let [partner, basic] = paid.variants.as_slice() else { panic!() };
    assert_eq!(
        (&*paid.title, &*partner.title, &*basic.title),
        ("支付成功通知", "服务商支付通知", "支付成功通知")
    );
    assert_eq!(paid.modes, [Mode::Direct, Mode::Partner].into());
    assert_eq!(partner.modes, [Mode::Direct, Mode::Partner].into());
    assert_eq!(basic.modes, [Mode::Direct].into());
    let old = event(&catalog, "OLD.SIGN");
    assert_eq!((&*old.title, &old.modes), ("旧签约通知", &[Mode::Partner].into()));
    assert_eq!(old.renamed_to.as_deref(), Some("SIGN"));
    let refund = event(&catalog, "v2/refund");
    assert_eq!((&*refund.title, refund.modes.len(), refund.rows.len()), ("退款", 0, 0));
}

/// As long as its rows all name variants.
#[test]
fn an_event_is_titled_like_the_first_of_its_rows() {
    let mut sources = sources();
    let overview = sources.get(OVERVIEW).unwrap().replace("/PAID)", "/PAID#BASIC)");
    sources.insert(OVERVIEW, overview);
    let catalog = catalog(&sources);
    let paid = event(&catalog, "PAID");
    assert_eq!((&*paid.title, &*paid.variants[1].title), ("支付成功通知", "支付成功通知"));
}

#[test]
fn a_row_without_a_fragment_belongs_to_all_variants() {
    let catalog = catalog(&sources());
    let paid = event(&catalog, "PAID");
    let rows = |rows: &[crate::codegen::overview::Row]| {
        let rows = rows.iter().map(|row| (row.edition.clone(), row.fragment.clone().unwrap_or_default()));
        rows.map(|(edition, fragment)| edition + &fragment).collect::<Vec<_>>()
    };
    assert_eq!(rows(&paid.rows), ["1", "1PARTNER", "2", "2PARTNER"]);
    assert_eq!(rows(&paid.variants[0].rows), ["1", "1PARTNER", "2", "2PARTNER"]);
    assert_eq!(rows(&paid.variants[1].rows), ["1", "2"]);
}

#[test]
fn keys_are_the_variants_own_or_the_events() {
    let catalog = catalog(&sources());
    let [partner, basic] = event(&catalog, "PAID").variants.as_slice() else { panic!() };
    assert_eq!((partner.key.len(), partner.older_keys.len()), (1, 0));
    assert_eq!((basic.key.len(), basic.older_keys.len()), (2, 1));
    assert_eq!(event(&catalog, "PAID").facts.schedule, "standard");
    assert_eq!(event(&catalog, "SIGN").facts.schedule, "score");
}

#[test]
fn fields_are_resolved() {
    let catalog = catalog(&sources());
    let [partner, basic] = event(&catalog, "PAID").variants.as_slice() else { panic!() };
    let good = || Box::new(Type::Object("Good".to_owned()));
    assert_eq!(partner.fields[3].ty, Type::Json(Box::new(Type::List(good()))));
    assert_eq!((&*partner.fields[3].doc, &*basic.fields[2].doc), ("The goods.", "How the payment stands."));
    assert_eq!(basic.fields[2].ty, Type::Enum("State".to_owned()));
    assert_eq!(event(&catalog, "v2/paid").fields[2].ty, Type::Numbered("Good".to_owned()));
    let values: Vec<_> =
        catalog.areas[0].enums[0].values.iter().map(|value| (&*value.wire, &*value.name)).collect();
    assert_eq!(values, [("SUCCESS", "Success"), ("NOTPAY", "NotPaid")]);
}

#[test]
fn tables_and_files_go_together() {
    let row = "| XML {rowspan=1} | [付款通知](/webhook/v2/paid) {colspan=2}\n| JSON {rowspan=2} | [支付成功通知](/webhook/v3/PAID)";
    assert_fault(
        OVERVIEW,
        row,
        &format!("| JSON | [新](/webhook/v3/NEW)\n{row}"),
        "fixtures/overview.md:16: nothing is known of NEW (新): add fixtures/catalog/v3/NEW.toml",
    );
    let row = "| JSON | | [旧签约通知](/webhook/v3/OLD.SIGN)\n";
    let lost = "fixtures/catalog/v3/OLD.SIGN.toml: in no row of the overview: add the row, or a title here";
    assert_fault(OVERVIEW, row, "", lost);
    assert_fault(
        SIGN,
        "doc = \"It is signed.\"\n",
        "doc = \"It is signed.\"\ntitle = \"签约\"\n",
        "fixtures/catalog/v3/SIGN.toml: the overview has a title for it: take the title here away",
    );
    assert_fault(
        PAID,
        "doc = \"It is paid to a sub-merchant.\"\n",
        "doc = \"It is paid to a sub-merchant.\"\ntitle = \"服务商\"\n",
        "fixtures/catalog/v3/PAID.toml: variant PARTNER: the overview has a title for it: take the title here away",
    );
    assert_fault(
        OVERVIEW,
        "[服务商支付](/webhook/v3/PAID#PARTNER)",
        "[服务商支付](/webhook/v3/PAID#OTHER)",
        "fixtures/overview.md:9: PAID has no variant OTHER: correct the link, or add a [[variant]] to \
         fixtures/catalog/v3/PAID.toml",
    );
}

#[test]
fn a_variant_without_a_title() {
    let mut sources = sources();
    let overview = sources.get(OVERVIEW).unwrap().replace("/PAID)", "/PAID#PARTNER)");
    let once: Vec<_> = overview.lines().filter(|line| !line.contains("服务商支付")).collect();
    sources.insert(OVERVIEW, once.join("\n").replace("{rowspan=2}", "{rowspan=1}"));
    let place = "fixtures/catalog/v3/PAID.toml: variant BASIC";
    let expected = format!("{place}: in no row of the overview: add the row, or a title here");
    assert_eq!(texts(&load(&sources).unwrap_err()), [expected]);
}

#[test]
fn a_table_without_a_heading() {
    let mut sources = sources();
    let overview = sources.get(OVERVIEW).unwrap().replace("## Edition 1\n", "");
    sources.insert(OVERVIEW, overview);
    let expected = "fixtures/overview.md: a table without a heading: write ## Edition N above it";
    assert_eq!(texts(&load(&sources).unwrap_err()), [expected]);
}

#[test]
fn files_that_contradict_themselves() {
    let there = "fixtures/catalog/v3/SIGNED.toml";
    assert_only_fault(&moved(SIGN, there), &format!("{there}: v3 SIGN in it: call it {SIGN}"));
    let untold = format!("{V2_PAID}: nothing tells this v2 event from others: add identified_by and order");
    assert_fault(V2_PAID, "order = 2\n", "", &untold);
    assert_fault(V2_PAID, "identified_by = { present = \"id\" }\n", "", &untold);
    for (added, what) in [
        ("order = 1\n", "identified_by or order of a v3 event: take them away: its event type tells it"),
        ("reply_is_signed = true\n", "reply_is_signed without a question: add question = true"),
        (
            "\n[envelope]\nid = { type = \"string\" }\n",
            "[envelope] of a v3 event: take it away: all v3 events have one",
        ),
        ("\n[reply]\nid = { type = \"string\" }\n", "[reply] without a question: add question = true"),
    ] {
        let from = "renamed_to = \"SIGN\"\n";
        assert_fault(OLD_SIGN, from, &format!("{from}{added}"), &format!("{OLD_SIGN}: {what}"));
    }
    let from = "older_keys = [[[\"id\", \"state?\"]]]\n";
    let fields = "\n[fields]\nid = { type = \"string\" }\n";
    let expected = format!("{PAID}: [fields] and variants: list the fields in each variant");
    assert_fault(PAID, from, &format!("{from}{fields}"), &expected);
}

#[test]
fn what_hides_content_is_told() {
    let expected = format!("{PAID}: a v3 event with aes-ecb: make it aes-gcm or none");
    assert_fault(PAID, "cipher = \"aes-gcm\"", "cipher = \"aes-ecb\"", &expected);
    let expected = format!(
        "{V2_REFUND}: its content is hidden, and [envelope] has no field that holds it: \
         add req_info (aes-ecb) or event_ciphertext (aes-gcm)"
    );
    assert_fault(V2_REFUND, "cipher = \"aes-ecb\"", "cipher = \"aes-gcm\"", &expected);
    let expected = format!("{V2_REFUND}: [envelope] without hidden content: list its fields with the others");
    assert_fault(V2_REFUND, "cipher = \"aes-ecb\"", "cipher = \"none\"", &expected);
}

#[test]
fn an_unknown_area() {
    let from = "area = \"pay\"";
    let near = format!("{SIGN}: unknown area \"pya\": write \"pay\", or add fixtures/catalog/areas/pya.toml");
    let sources = without_old_name(edited(SIGN, from, "area = \"pya\""));
    assert_only_fault(&sources, &near);
    let far = format!("{SIGN}: unknown area \"coupons\": add fixtures/catalog/areas/coupons.toml");
    assert_only_fault(&without_old_name(edited(SIGN, from, "area = \"coupons\"")), &far);
}

/// An event that is left out for its area can't be a new name either.
fn without_old_name(mut sources: Sources) -> Sources {
    let old = sources.get(OLD_SIGN).unwrap().replace("renamed_to = \"SIGN\"\n", "");
    sources.insert(OLD_SIGN, old);
    sources
}

#[test]
fn unknown_types() {
    let place = format!("{PAID}: variant BASIC.state");
    let from = "\"State\", values = [\"SUCCESS\"], doc";
    let mend = |near: &str| format!("write {near}, or define it in the area's file");
    let define = "define it as an enum or object in the area's file; see fixtures/catalog/README.md";
    for (wrong, unknown, mend) in [
        ("Stat", "Stat", &*mend("State")),
        ("strnig", "strnig", &mend("string")),
        ("[amount]", "amount", &mend("Amount")),
        ("json Goods", "Goods", &mend("Good")),
        ("Coupon", "Coupon", define),
        ("json State", "State", define),
        ("json string", "string", define),
        ("[numbered Good]", "numbered Good", define),
        ("", "", define),
    ] {
        let expected = format!("{place}: unknown type `{unknown}`: {mend}");
        assert_fault(PAID, from, &format!("\"{wrong}\", doc"), &expected);
    }
    assert_fault(
        PAID,
        from,
        "\"numbered Good\", doc",
        &format!("{place}: `numbered Good`: only the content of a v2 event has such: write [T]"),
    );
}

#[test]
fn the_glossary_has_what_is_needed_and_no_more() {
    let place = format!("{AREA}: object Amount.total");
    assert_fault(
        GLOSSARY,
        "total = \"The total.\"\n",
        "",
        &format!("{GLOSSARY}: no sentence for `total` ({place}): add total = \"…\", or give the field a doc"),
    );
    assert_fault(
        GLOSSARY,
        "total = ",
        "state = \"The state.\"\ntotal = ",
        &format!("{GLOSSARY}: no field needs `state`: take the line away"),
    );
}
