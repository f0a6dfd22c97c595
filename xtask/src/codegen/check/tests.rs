use crate::codegen::sample::*;

#[test]
fn enums_and_objects_are_used() {
    let take_away = "no event has it: take it away, or make it the type of a field";
    let from = "[object.Amount]";
    let unused = "[enum.Extra]\ndoc = \"Extra.\"\n[enum.Extra.values]\nA = \"A.\"\n\n";
    assert_fault(AREA, from, &format!("{unused}{from}"), &format!("{AREA}: enum Extra: {take_away}"));
    let unused =
        "[object.Extra]\ndoc = \"Extra.\"\n[object.Extra.fields]\namount = { type = \"Amount\" }\n\n";
    assert_fault(AREA, from, &format!("{unused}{from}"), &format!("{AREA}: object Extra: {take_away}"));
}

#[test]
fn an_object_within_itself() {
    let mend = "it contains itself: give the inner one an object of its own";
    let from = "good_id = { type = \"string\" }\n";
    let inner = "goods = { type = \"[Good]\" }\n";
    assert_fault(AREA, from, &format!("{from}{inner}"), &format!("{AREA}: object Good: {mend}"));
}

#[test]
fn types_of_one_area() {
    assert_fault(
        SIGN,
        "type = \"Sign\"",
        "type = \"PaidPartner\"",
        &format!(
            "{SIGN}: `PaidPartner` is also the type of {PAID}: variant PARTNER: call one of them otherwise"
        ),
    );
    assert_fault(
        PAID,
        "type = \"PaidBasic\"",
        "type = \"Paid\"",
        &format!("{PAID}: variant BASIC: `Paid` is also the type of {PAID}: call one of them otherwise"),
    );
    assert_fault(
        SIGN,
        "type = \"Sign\"",
        "type = \"Amount\"",
        &format!("{SIGN}: `Amount` is also the type of {AREA}: object Amount: call one of them otherwise"),
    );
    let camel = "write it in UpperCamelCase, ASCII letters and digits only";
    for wrong in ["sign", "Sign_ed", "签约", "Self", ""] {
        let expected = format!("{SIGN}: `{wrong}` can't be a type in Rust: {camel}");
        assert_fault(SIGN, "type = \"Sign\"", &format!("type = \"{wrong}\""), &expected);
    }
}

#[test]
fn values_of_one_enum() {
    let mend = "give it { name = \"…\", doc = \"…\" }";
    let from = "SUCCESS = \"Paid.\"";
    let place = format!("{AREA}: enum State");
    for (added, what) in [
        ("Not-Paid = \"Not paid.\"", "NOTPAY: `Not-Paid` is `NotPaid` in Rust, too"),
        ("\"0\" = \"Not paid.\"", "0: `0` can't be a value in Rust"),
        ("\"未付\" = \"Not paid.\"", "未付: `未付` can't be a value in Rust"),
        ("UNKNOWN = \"?\"", "UNKNOWN: `Unknown` is the name of all values that aren't documented"),
    ] {
        assert_fault(AREA, from, &format!("{from}\n{added}"), &format!("{place}.{what}: {mend}"));
    }
}

#[test]
fn variants_of_one_event() {
    let from = "name = \"BASIC\"";
    for (name, what) in [
        ("Partner", "variant PARTNER is `Partner` in Rust, too: call one of them otherwise"),
        ("PARTNER", "variant PARTNER is `Partner` in Rust, too: call one of them otherwise"),
        ("UNKNOWN", "`Unknown` can't be a value in Rust: call it otherwise, in capitals"),
        ("1ST", "`1st` can't be a value in Rust: call it otherwise, in capitals"),
    ] {
        let to = format!("name = \"{name}\"");
        assert_fault(PAID, from, &to, &format!("{PAID}: variant {name}: {what}"));
    }
}

#[test]
fn fields_of_one_object() {
    let from = "sub_mchid = { type = \"string\", alias = [\"sub_mch_id\"] }\n";
    let place = format!("{PAID}: variant PARTNER");
    for (added, what) in [
        (
            "sub_mch_id = { type = \"string\", doc = \"It.\" }\n",
            "sub_mch_id: `sub_mch_id` is also a name of `sub_mchid`: give it to one of them",
        ),
        (
            "sub-mchid = { type = \"string\", doc = \"It.\" }\n",
            "sub-mchid: `sub_mchid` is `sub_mchid` in Rust, too: make one an alias of the other",
        ),
        (
            "\"0\" = { type = \"string\", doc = \"It.\" }\n",
            "0: `0` can't be a field in Rust: it must begin with a letter and be no word that Rust keeps",
        ),
    ] {
        assert_fault(PAID, from, &format!("{from}{added}"), &format!("{place}.{what}"));
    }
    assert_fault(
        PAID,
        "alias = [\"sub_mch_id\"]",
        "alias = [\"sub_mch_id\", \"id\"]",
        &format!("{place}.sub_mchid: `id` is also a name of `id`: give it to one of them"),
    );
}

#[test]
fn what_fields_say_beside_their_type() {
    let place = format!("{PAID}: variant BASIC");
    let values = "is no value of its type: correct it, or add it to the enum";
    assert_fault(PAID, "[\"SUCCESS\"]", "[\"DONE\"]", &format!("{place}.state: `DONE` {values}"));
    assert_fault(
        PAID,
        "mchid = { type = \"string\" }",
        "mchid = { type = \"string\", values = [\"A\"] }",
        &format!("{place}.mchid: `A` {values}"),
    );
    assert_fault(
        PAID,
        "\"time\", format",
        "\"string\", format",
        &format!("{place}.paid_at: a format without a time: take it away, or make its type time"),
    );
    assert_fault(
        PAID,
        "\"yyyyMMdd\"",
        "\"yymmdd\"",
        &format!(
            "{place}.paid_at: unknown format `yymmdd`: write yyyyMMddHHmmss or yyyy-MM-dd HH:mm:ss or yyyyMMdd"
        ),
    );
    let place = format!("{AREA}: object Amount.total");
    assert_fault(
        AREA,
        "\"fen\", required",
        "\"integer\", required",
        &format!("{place}: a unit without an amount: take it away, or make its type fen"),
    );
    assert_fault(
        AREA,
        "unit = \"currency\"",
        "unit = \"coin\"",
        &format!("{place}: no field `coin` beside it: name the field that has the currency"),
    );
}

#[test]
fn keys_identify() {
    let vague = |place: &str, rule: &str| {
        format!(
            "{place}: nothing identifies in the key's [{rule}]: at least one component must go without `?`"
        )
    };
    assert_fault(SIGN, "[[\"id\"]]", "[[\"id?\"]]", &vague(SIGN, "id?"));
    assert_fault(SIGN, "[[\"id\"]]", "[[\"id\"], []]", &vague(SIGN, ""));
    assert_fault(
        PAID,
        "\"@create_time\"]]",
        "\"@create_time\"], [\"id?\", \"mchid?\"]]",
        &vague(PAID, "id?, mchid?"),
    );
    assert_fault(PAID, "[[[\"id\", \"state?\"]]]", "[[[\"id?\", \"state?\"]]]", &vague(PAID, "id?, state?"));
    let variant = format!("{PAID}: variant PARTNER");
    assert_fault(
        PAID,
        "[[\"id\", \"goods",
        "[[\"id?\", \"goods",
        &vague(&variant, "id?, goods.amount.total?"),
    );
}

#[test]
fn keys_are_of_fields() {
    let no_field = |place: &str, path: &str, component: &str| {
        format!("{place}: no field `{path}` for the key's `{component}`: correct the path, or add the field")
    };
    assert_fault(SIGN, "[[\"id\"]]", "[[\"ids\"]]", &no_field(SIGN, "ids", "ids"));
    assert_fault(SIGN, "[[\"id\"]]", "[[\"id\", \"ids?\"]]", &no_field(SIGN, "ids", "ids?"));
    assert_fault(SIGN, "[[\"id\"]]", "[[\"id.x\"]]", &no_field(SIGN, "id.x", "id.x"));
    assert_fault(
        PAID,
        "\"mchid|sub_mchid?\"",
        "\"mchid|sub_mch?\"",
        &no_field(PAID, "sub_mch", "mchid|sub_mch?"),
    );
    assert_fault(PAID, "\"@create_time\"", "\"@created\"", &no_field(PAID, "@created", "@created"));
    let variant = format!("{PAID}: variant PARTNER");
    let path = "goods.amount.sum";
    assert_fault(
        PAID,
        "\"goods.amount.total?\"",
        &format!("\"{path}?\""),
        &no_field(&variant, path, &format!("{path}?")),
    );
    assert_fault(V2_PAID, "\"@mchid?\"", "\"@mch?\"", &no_field(V2_PAID, "@mch", "@mch?"));
    assert_fault(V2_REFUND, "[[\"id\"]]", "[[\"id\", \"mchid\"]]", &no_field(V2_REFUND, "mchid", "mchid"));
    assert_fault(V2_REFUND, "[[\"id\"]]", "[[\"id\", \"@id\"]]", &no_field(V2_REFUND, "@id", "@id"));
    catalog(&edited(V2_REFUND, "[[\"id\"]]", "[[\"id\", \"@mchid\"]]"));
    // an alias is as good as a name
    catalog(&edited(PAID, "\"mchid|sub_mchid?\"", "\"mchid|sub_mch_id?\""));
}

#[test]
fn each_variant_has_what_its_key_needs() {
    let nothing = |place: &str, variant: &str, component: &str| {
        let mend = "add the field, or give the variant a key of its own";
        format!("{place}: PAID#{variant} has nothing for the key's `{component}`: {mend}")
    };
    assert_fault(PAID, "\"mchid|sub_mchid?\"", "\"sub_mchid\"", &nothing(PAID, "BASIC", "sub_mchid"));
    catalog(&edited(PAID, "\"mchid|sub_mchid?\"", "\"sub_mchid|mchid\""));
    let variant = format!("{PAID}: variant PARTNER");
    assert_fault(PAID, "[\"id\", \"goods", "[\"mchid\", \"goods", &nothing(&variant, "PARTNER", "mchid"));
}

#[test]
fn conditions_are_of_fields() {
    let no_field = |place: &str, path: &str, of: &str| {
        format!(
            "{place}: a condition over `{path}`, which is no field of {of}: correct the path, or add the field"
        )
    };
    let [partner, basic] = ["PARTNER", "BASIC"].map(|name| format!("{PAID}: variant {name}"));
    assert_fault(
        PAID,
        "present = \"sub_mchid\"",
        "present = \"sub_mch\"",
        &no_field(&partner, "sub_mch", "any variant"),
    );
    catalog(&edited(PAID, "present = \"sub_mchid\"", "present = \"mchid\""));
    let path = "amount.total.x";
    assert_fault(
        PAID,
        "[\"amount.currency\", \"CNY\"]",
        &format!("[\"{path}\", \"CNY\"]"),
        &no_field(&partner, path, "any variant"),
    );
    assert_fault(
        PAID,
        "[\"resource.original_type\",",
        "[\"original_type\",",
        &no_field(&basic, "original_type", "the envelope"),
    );
    assert_fault(
        V2_PAID,
        "{ present = \"id\" }",
        "{ present = \"ids\" }",
        &no_field(V2_PAID, "ids", "any variant"),
    );
    assert_fault(
        V2_REFUND,
        "envelope_present = \"req_info\"",
        "envelope_present = \"id\"",
        &no_field(V2_REFUND, "id", "the envelope"),
    );
    catalog(&edited(V2_PAID, "{ present = \"id\" }", "{ envelope_present = \"id\" }"));
}

#[test]
fn each_variant_can_be_reached() {
    let never = |above: &str| {
        let mend = "move it up, or give it a `when` of its own";
        format!("{PAID}: variant BASIC: never reached: all that is left here is of {above}: {mend}")
    };
    let first =
        "when = { all = [{ present = \"sub_mchid\" }, { equals = [\"amount.currency\", \"CNY\"] }] }\n";
    let second = "when = { envelope_equals = [\"resource.original_type\", \"transaction\"] }\n";
    assert_fault(PAID, second, first, &never("PARTNER"));
    assert_fault(PAID, first, &second.replace('=', "= ").replace("when = ", "when ="), &never("PARTNER"));
    assert_fault(PAID, first, "", &never("PARTNER"));
    let listed = "when = { any = [{ all = [{ envelope_equals = [\"resource.original_type\", \"transaction\"] }] }] }\n";
    assert_fault(PAID, first, listed, &never("PARTNER"));
    catalog(&edited(PAID, second, ""));
}

#[test]
fn v2_kinds_are_a_decision_list() {
    assert_fault(
        V2_REFUND,
        "order = 1",
        "order = 2",
        &format!("{V2_REFUND}: order = 2, as v2/paid has: give each its own place"),
    );
    let from = "identified_by = { envelope_present = \"req_info\" }";
    let expected =
        format!("{V2_PAID}: never reached: told by the same as v2/refund: tell it by something else");
    assert_fault(V2_REFUND, from, "identified_by = { all = [{ present = \"id\" }] }", &expected);
}

#[test]
fn an_old_name_leads_to_an_event() {
    for wrong in ["SIGNS", "OLD.SIGN", "paid"] {
        let mend = "name an event that has a catalog file and this name still";
        let expected = format!("{OLD_SIGN}: renamed_to leads to {wrong}, which isn't one: {mend}");
        assert_fault(OLD_SIGN, "renamed_to = \"SIGN\"", &format!("renamed_to = \"{wrong}\""), &expected);
    }
}

#[test]
fn docs_are_one_line() {
    let from = "doc = \"It is signed.\"";
    let mend = "for a doc: write one line";
    assert_fault(SIGN, from, r#"doc = "It is\nsigned.""#, &format!(r#"{SIGN}: "It is\nsigned." {mend}"#));
    assert_fault(SIGN, from, "doc = \"\"", &format!("{SIGN}: \"\" {mend}"));
    assert_fault(AREA, "doc = \"A good.\"", "doc = \" \"", &format!("{AREA}: object Good: \" \" {mend}"));
    let place = format!("{AREA}: enum State");
    assert_fault(AREA, "\"How it stands.\"", "\"\"", &format!("{place}: \"\" {mend}"));
    assert_fault(AREA, "\"Not paid.\"", "\"\"", &format!("{place}.NOTPAY: \"\" {mend}"));
    let place = format!("{PAID}: variant BASIC.state");
    let from = "\"How the payment stands.\"";
    assert_fault(PAID, from, r#""A\nB""#, &format!(r#"{place}: "A\nB" {mend}"#));
}

#[test]
fn facts_lead_somewhere() {
    let from = "doc = \"It is paid.\"\ncipher";
    let to = |line: &str| format!("doc = \"It is paid.\"\n{line}\ncipher");
    assert_fault(
        PAID,
        from,
        &to("merchants = [\"mchid\", \"payee\"]"),
        &format!("{PAID}: no field `payee` for a merchant's number: correct the path, or add the field"),
    );
    assert_fault(
        PAID,
        from,
        &to("contradictions = { status = [\"NOTPAY\"] }"),
        &format!("{PAID}: contradictions.status: no such field: correct the path, or add the field"),
    );
    assert_fault(
        PAID,
        from,
        &to("contradictions = { state = [\"NOTPAY\", \"UNPAID\"] }"),
        &format!(
            "{PAID}: contradictions.state: `UNPAID` is no value of its type: correct it, or add it to the enum"
        ),
    );
}

#[test]
fn a_hidden_component_leads_somewhere() {
    let mend = "correct the path, or add the field";
    let fault = format!("{SIGN}: no field `ids` for the key's `#ids`: {mend}");
    assert_fault(SIGN, "key = [[\"id\"]]", "key = [[\"#ids\"]]\nolder_keys = [[[\"id\"]]]", &fault);
}
