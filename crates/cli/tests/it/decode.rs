use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Finished, finished, text};

async fn decode(event: &str, resource: &str, options: &[&str]) -> Finished {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("resource");
    std::fs::write(&file, resource).unwrap();
    finished(&[&["decode", event, text(&file)], options].concat()).await
}

#[tokio::test]
async fn every_events_example_comes_back_to_the_letter() {
    let list = finished(&["catalog", "--json"]).await.stdout.join("\n");
    let list: Value = serde_json::from_str(&list).unwrap();
    let mut names: Vec<_> = list["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["event_type"].as_str().unwrap())
        .collect();
    names.dedup();
    for name in names {
        let event = finished(&["catalog", "--json", name]).await.stdout.join("\n");
        let event: Value = serde_json::from_str(&event).unwrap();
        for entry in event["events"].as_array().unwrap() {
            let example = entry["example"].to_string();
            let decoded = decode(name, &example, &["--json"]).await;
            assert_eq!(decoded.status.code(), Some(0), "{name}: {:?}", decoded.stderr);
            let report: Value = serde_json::from_str(&decoded.stdout.join("\n")).unwrap();
            assert_eq!(report["resource"], entry["example"], "{name}");
            assert_eq!((&report["variant"], &report["fits"]), (&entry["variant"], &json!(true)), "{name}");
        }
    }
}

#[tokio::test]
async fn tokens_and_order_stay() {
    let resource = r#"{"newer":[1.50,1e3],"transaction_id":1008450740201411110005820873,"mchid":"","amount":{"total":"7","x":null}}"#;
    let decoded = decode("TRANSACTION.SUCCESS#BASIC", &format!("{{ {}", &resource[1..]), &[]).await;
    assert_eq!(
        (decoded.status.code(), decoded.stdout.as_slice()),
        (Some(0), [resource.to_owned()].as_slice())
    );
    for note in
        ["note: newer: in no document", "note: amount.x: in no document", "note: out_trade_no: missing"]
    {
        assert!(decoded.stderr.iter().any(|line| line.starts_with(note)), "{note}: {:?}", decoded.stderr);
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named_and_not_quoted() {
    let decoded = decode("TRANSACTION.SUCCESS#BASIC", r#"{"amount":{"total":"s3cret"}}"#, &[]).await;
    assert_eq!((decoded.status.code(), decoded.stdout.len()), (Some(1), 0));
    let error = decoded.stderr.last().unwrap();
    assert_eq!(
        error,
        "error: it doesn't fit payment::TransactionSuccessBasic: amount.total: not an integer amount"
    );
    assert!(!decoded.stderr.join("").contains("s3cret"));

    let report = decode("TRANSACTION.SUCCESS#BASIC", r#"{"amount":{"total":0.5}}"#, &["--json"]).await;
    assert_eq!(report.status.code(), Some(1));
    let report: Value = serde_json::from_str(&report.stdout.join("\n")).unwrap();
    assert_eq!((&report["fits"], &report["misfit"]["at"]), (&json!(false), &json!("amount.total")));
}

#[tokio::test]
async fn names_from_outside_are_escaped_and_notes_bounded() {
    let decoded = decode("COMPLAINT.CREATE", r#"{"a\u001b[31m\nerror: fake":1}"#, &[]).await;
    assert_eq!(decoded.status.code(), Some(0));
    assert!(
        decoded.stderr.iter().any(|line| line.starts_with(r"note: a\u{1b}[31m\nerror: fake: in no document")),
        "{:?}",
        decoded.stderr
    );
    let many = format!(r#"{{"sub_orders":[{}{{}}]}}"#, "{},".repeat(5_000));
    let decoded = decode("TRANSACTION.SUCCESS#COMBINE", &many, &[]).await;
    assert_eq!((decoded.status.code(), decoded.stdout), (Some(0), vec![many]));
    assert!(decoded.stderr.len() < 150, "{}", decoded.stderr.len());
    let large = decode("COMPLAINT.CREATE", &" ".repeat(9 << 20), &[]).await;
    assert!(large.stderr[0].contains("larger than 8 MiB"), "{:?}", large.stderr);
}

#[tokio::test]
async fn the_variant_is_told_by_the_decision_list() {
    let variant = async |resource: &str| {
        let decoded = decode("TRANSACTION.SUCCESS", resource, &["--json"]).await;
        serde_json::from_str::<Value>(&decoded.stdout.join("\n")).unwrap()["variant"].clone()
    };
    assert_eq!(variant(r#"{"mchid":"1"}"#).await, "BASIC");
    assert_eq!(variant(r#"{"sp_mchid":"1","sub_mchid":"2"}"#).await, "PARTNER");
    assert_eq!(variant(r#"{"sp_mchid":"1","sub_mch_id":"2"}"#).await, "PARTNER");
    assert_eq!(variant(r#"{"mch_id":"1","receiver":[],"order_id":"7","parking_info":{}}"#).await, "BASIC");
    let none = decode("TRANSACTION.SUCCESS", r#"{"mchid":""}"#, &[]).await;
    assert_eq!(none.status.code(), Some(1));
    assert!(none.stderr[0].contains("it fits no variant of TRANSACTION.SUCCESS"), "{:?}", none.stderr);
    let closest = "the closest is TRANSACTION.SUCCESS#BASIC (it needs: ";
    let misfit = decode("TRANSACTION.SUCCESS", r#"{"amount":{"total":"x"}}"#, &[]).await;
    assert!(misfit.stderr[0].contains("amount.total: not an integer amount"), "{:?}", misfit.stderr);
    assert!(none.stderr[0].contains(closest), "{:?}", none.stderr);
}

#[tokio::test]
async fn encrypted_content_is_left_to_verify() {
    let resource = r#"{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","nonce":"0123456789ab"}"#;
    let whole = format!(r#"{{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":{resource}}}"#);
    for encrypted in [resource, &whole] {
        let decoded = decode("TRANSACTION.SUCCESS", encrypted, &[]).await;
        assert_eq!((decoded.status.code(), decoded.stdout.len()), (Some(1), 0), "{decoded:?}");
        assert!(
            decoded.stderr[0].contains("still encrypted") && decoded.stderr[0].contains("`wxhook verify`")
        );
    }
}

#[tokio::test]
async fn v2_takes_fields_as_json_or_xml_and_hidden_content_alone_or_in_its_place() {
    let xml = "<xml><mch_id>1</mch_id><total_fee>5</total_fee><transaction_id><![CDATA[7]]></transaction_id><coupon_fee_0>3</coupon_fee_0></xml>";
    let decoded = decode("v2/transaction-success", xml, &[]).await;
    assert_eq!(decoded.stdout, [r#"{"mch_id":"1","total_fee":"5","transaction_id":"7","coupon_fee_0":"3"}"#]);

    let content = r#"{"refund_id":"1","refund_fee":"5"}"#;
    let decoded = decode("v2/refund-processed#BASIC", content, &[]).await;
    assert_eq!(decoded.stdout, [content]);
    let decoded = decode(
        "v2/refund-processed#BASIC",
        "<root><refund_id>1</refund_id><refund_fee>5</refund_fee></root>",
        &[],
    )
    .await;
    assert_eq!(decoded.stdout, [content]);
    let whole = format!(r#"{{"mch_id":"1","req_info":{content}}}"#);
    let decoded = decode("v2/refund-processed#BASIC", &whole, &[]).await;
    assert_eq!(decoded.stdout, [whole]);
    let wrong = decode("v2/refund-processed#BASIC", r#"{"refund_fee":"5.5"}"#, &[]).await;
    assert!(wrong.stderr.last().unwrap().contains("refund_fee: not an integer amount"), "{:?}", wrong.stderr);

    let sealed = decode("v2/refund-processed#BASIC", "<xml><req_info>abc</req_info></xml>", &[]).await;
    assert_eq!(sealed.status.code(), Some(1));
    assert!(sealed.stderr[0].contains("still encrypted"), "{:?}", sealed.stderr);
}

#[tokio::test]
async fn what_is_no_resource_is_refused() {
    for (resource, complaint) in [
        ("", "isn't valid JSON"),
        ("{", "isn't valid JSON"),
        ("[]", "is not a JSON object"),
        ("\u{feff}{}", "byte order mark"),
        (r#"{"seq":1,"event_type":"COMPLAINT.CREATE","resource":{}}"#, "give its resource: jq .resource "),
    ] {
        let decoded = decode("COMPLAINT.CREATE", resource, &[]).await;
        assert!(matches!(decoded.status.code(), Some(1 | 2)) && decoded.stdout.is_empty(), "{resource}");
        assert!(decoded.stderr.join("").contains(complaint), "{:?}", decoded.stderr);
    }
    let missing = finished(&["decode", "COMPLAINT.CREATE", "no-such-file"]).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(missing.stderr[0].contains("can't read no-such-file"), "{:?}", missing.stderr);
    assert_eq!(finished(&["decode", "NOPE", "-"]).await.status.code(), Some(2));
}
