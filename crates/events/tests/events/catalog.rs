use crate::support::{v2, v3};
use std::collections::BTreeSet;
use wxhook_events::catalog;
use wxhook_wire::{Catalog as _, Chain, Cipher, ConflictPolicy, FieldKind, FieldMeta, Protocol, When};

const NAMES: &str = include_str!("../data/names.txt");

#[test]
fn it_has_every_event_and_variant_and_nothing_else() {
    let catalog = catalog();
    let mut listed = BTreeSet::new();
    for meta in catalog.events() {
        let name = meta.variant.map_or(meta.name.to_owned(), |variant| format!("{}#{variant}", meta.name));
        assert!(listed.insert(name), "{meta:?} twice");
        assert_eq!(catalog.lookup(meta.name, meta.variant).map(|found| found.title), Some(meta.title));
        assert!(!meta.title.is_empty() && !meta.schedule.is_empty(), "{meta:?}");
        assert_eq!(meta.name.starts_with("v2/"), meta.protocol == Protocol::V2);
    }
    assert_eq!(listed, NAMES.lines().map(str::to_owned).collect());
    let events: BTreeSet<_> = NAMES.lines().map(|line| line.split('#').next().unwrap()).collect();
    assert_eq!(events.len(), 121);
    assert!(catalog.lookup("TRANSACTION.SUCCESS", None).is_none());
}

#[test]
fn it_chains_with_others_but_not_with_itself() {
    assert!(Chain::new([catalog()]).is_ok());
    let twice = Chain::new([catalog(), catalog()]).unwrap();
    assert_eq!(twice.events().count(), catalog().events().count());
    assert_eq!(twice.replaced().count(), catalog().events().count());
}

#[test]
fn what_fits_no_variant_is_told_so() {
    for meta in catalog().events().filter(|meta| meta.variant.is_some() && meta.protocol == Protocol::V3) {
        let told = v3(meta.name, "", r#"{"newer":"1"}"#).unwrap();
        assert!(told.meta.is_fallback && told.meta.model.is_none(), "{meta:?}");
        assert_eq!(told.meta.on_changed, meta.on_changed);
    }
    let (told, _) = v2("<xml><transaction_id>1</transaction_id><total_fee>1</total_fee></xml>", None);
    assert!(told.unwrap().meta.is_fallback);
    assert!(v3("SOMETHING.NEWER", "", "{}").is_none());
}

#[test]
fn other_content_about_money_waits_for_a_person() {
    let money = [
        "TRANSACTION.SUCCESS",
        "TRANSACTION.PAY_BACK",
        "TRANSACTION.INDUSTRY_SUCCESS",
        "REFUND.SUCCESS",
        "REFUND.CLOSED",
        "PAYSCORE.USER_PAID",
        "DISCOUNT_CARD.USER_PAID",
        "PROFITSHARING.SUCCESS",
        "PROFITSHARING.RETURN",
        "MCHTRANSFER.BILL.FINISHED",
        "MCHTRANSFER.BATCH.FINISHED",
        "RECHARGE.SUCCESS",
        "v2/transaction-success",
        "v2/refund-processed",
        "v2/combined-transactions-success",
        "v2/pap-contract-state-changed",
        "v2/TRANSACTION.SUCCESS",
    ];
    let catalog = catalog();
    let on_changed = |name: &str| -> Vec<ConflictPolicy> {
        catalog.events().filter(|meta| meta.name == name).map(|meta| meta.on_changed).collect()
    };
    for name in money {
        let found = on_changed(name);
        assert!(!found.is_empty() && found.iter().all(|found| *found == ConflictPolicy::Park), "{name}");
    }
    for name in ["REFUND.ABNORMAL", "PAYSCORE.USER_CONFIRM", "v2/vehicle-state-changed-for-parking"] {
        assert!(on_changed(name).iter().all(|found| *found == ConflictPolicy::Deliver), "{name}");
    }
}

#[test]
fn questions_and_ciphers() {
    let catalog = catalog();
    let questions: BTreeSet<_> =
        catalog.events().filter(|meta| meta.question).map(|meta| meta.name).collect();
    let expected = [
        "CROSS_BORDER_PAY.GET_MCH_INFO",
        "CROSS_BORDER_PAY.PUSH_ORDER_INFO",
        "ENTRUST.TERMINATE_RETENTION",
        "PARKING_FEE.QUERY_TRANS_INFO",
        "v2/native-prepay-question",
    ];
    assert_eq!(questions, expected.into());
    for meta in catalog.events() {
        let expected = match meta.name {
            "v2/refund-processed" => Cipher::AesEcb,
            name if meta.protocol == Protocol::V3 || name.contains('.') => Cipher::AesGcm,
            _ => Cipher::None,
        };
        assert_eq!(meta.cipher, expected, "{meta:?}");
    }
}

#[test]
fn names_that_are_misspelt_for_good_stay() {
    fn names(fields: &[FieldMeta], out: &mut BTreeSet<&'static str>) {
        for field in fields {
            out.extend(field.aliases.iter().chain([&field.name]).chain(field.values));
            if let FieldKind::Enum(values) = field.kind {
                out.extend(values);
            }
            names(field.kind.fields(), out);
        }
    }
    let mut found = BTreeSet::new();
    catalog().events().for_each(|meta| names(meta.fields, &mut found));
    for name in ["refund_recv_accout", "messsage", "TRANSFERING", "SENDED", "AUTH_STATE_INEFFECTIE"] {
        assert!(found.contains(name), "{name}");
    }
}

#[test]
fn conditions_are_about_documented_fields() {
    fn known(fields: &[FieldMeta], path: &str) -> bool {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let field = fields.iter().find(|field| field.name == name || field.aliases.contains(&name));
        field.is_some_and(|field| rest.is_empty() || known(field.kind.fields(), rest))
    }
    fn paths(when: &When, out: &mut Vec<&'static str>) {
        match when {
            When::All(conditions) | When::Any(conditions) => {
                conditions.iter().for_each(|when| paths(when, out));
            }
            When::Present(path) | When::Equals(path, _) => out.push(path),
            When::EnvelopePresent(path) | When::EnvelopeEquals(path, _) => out.push(path),
            _ => {}
        }
    }
    let catalog = catalog();
    for meta in catalog.events() {
        let mut asked = Vec::new();
        paths(&meta.identified_by, &mut asked);
        paths(&meta.when, &mut asked);
        // What tells one variant may be a field that only another one has.
        let variants: Vec<_> = catalog.events().filter(|other| other.name == meta.name).collect();
        for path in asked.into_iter().filter(|path| *path != "resource.original_type") {
            let found = variants.iter().any(|meta| known(meta.fields, path) || known(meta.envelope, path));
            assert!(found, "{meta:?}: {path}");
        }
    }
}

#[test]
fn each_entry_has_a_type_of_its_own() {
    let catalog = catalog();
    let types: BTreeSet<_> = catalog.events().map(|meta| meta.type_name).collect();
    assert_eq!(types.len(), catalog.events().count());
    for meta in catalog.events() {
        let (area, name) = meta.type_name.split_once("::").unwrap();
        assert_eq!((area, meta.area.is_empty(), name.is_empty()), (meta.area, false, false), "{meta:?}");
        assert!(meta.doc.ends_with('.') && !meta.fields.is_empty(), "{meta:?}");
    }
}
