use crate::support::{v2, v3};
use std::collections::BTreeSet;
use wxhook_events::{catalog, parking, payment, payscore, refund, transfer, v2 as xml};
use wxhook_wire::{Chain, Cipher, Event, OnChanged, Protocol};

const NAMES: &str = include_str!("../../../../fixtures/events/names.txt");

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
    assert_eq!(events.len(), 115);
    assert!(catalog.lookup("TRANSACTION.SUCCESS", None).is_none());
}

#[test]
fn it_chains_with_others_but_not_with_itself() {
    assert!(Chain::new([catalog()]).is_ok());
    assert!(Chain::new([catalog(), catalog()]).is_err());
}

#[test]
fn every_alternative_of_a_key_identifies() {
    for meta in catalog().events() {
        for alternative in meta.key.alternatives {
            assert!(alternative.iter().any(|component| !component.ends_with('?')), "{meta:?}");
            let mut names = BTreeSet::new();
            for path in alternative.iter().flat_map(|component| component.trim_end_matches('?').split('|')) {
                assert!(names.insert(path), "{meta:?}: {path} twice");
                let path = path.strip_prefix('@').unwrap_or(path);
                let plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(path.split('.').all(|name| !name.is_empty() && name.chars().all(plain)), "{path}");
            }
        }
    }
}

#[test]
fn what_identifies_is_never_left_out() {
    let catalog = catalog();
    let plain = catalog.events().filter(|meta| meta.protocol == Protocol::V3 && meta.variant.is_none());
    for meta in plain {
        let told = v3(meta.name, "", "{}").unwrap();
        assert_eq!(told.key, format!("shop/{}/@id=EV-1", meta.name));
        assert_eq!(told.fallback, !meta.key.alternatives.is_empty());
    }
}

#[test]
fn what_fits_no_variant_is_told_so() {
    for meta in catalog().events().filter(|meta| meta.variant.is_some() && meta.protocol == Protocol::V3) {
        let told = v3(meta.name, "", r#"{"newer":"1"}"#).unwrap();
        assert!(told.meta.fits_no_variant && told.meta.model.is_none(), "{meta:?}");
        assert_eq!(told.meta.on_changed, meta.on_changed);
    }
    let (told, _) = v2("<xml><transaction_id>1</transaction_id><total_fee>1</total_fee></xml>", None);
    assert!(told.unwrap().meta.fits_no_variant);
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
    let on_changed = |name: &str| -> Vec<OnChanged> {
        catalog.events().filter(|meta| meta.name == name).map(|meta| meta.on_changed).collect()
    };
    for name in money {
        let found = on_changed(name);
        assert!(!found.is_empty() && found.iter().all(|found| *found == OnChanged::Park), "{name}");
    }
    for name in ["REFUND.ABNORMAL", "PAYSCORE.USER_CONFIRM", "v2/vehicle-state-changed-for-parking"] {
        assert!(on_changed(name).iter().all(|found| *found == OnChanged::Deliver), "{name}");
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
fn renamed_events_keep_their_old_names() {
    for name in ["MEMBERCARDSP.USER_CARD.CREATE", "MEMBERCARDSP.USER_CARD.DELETE"] {
        let renamed = name.replace("MEMBERCARDSP", "BRAND_MEMBER_CARD_SP");
        let (old, new) = (v3(name, "", "{}").unwrap(), v3(&renamed, "", "{}").unwrap());
        assert_eq!(old.meta.title, new.meta.title);
    }
}

#[test]
fn every_model_stands_for_an_event_of_the_catalog() {
    fn stands<E: Event>() {
        let catalog = catalog();
        let of_it = |meta: &&wxhook_wire::EventMeta| {
            meta.name == E::NAME && (E::VARIANT.is_none() || meta.variant == E::VARIANT)
        };
        let found = catalog.events().find(of_it);
        assert!(found.is_some_and(|meta| meta.model.is_some()), "{} {:?}", E::NAME, E::VARIANT);
        assert!(
            E::decode(None, "{}").is_ok()
                && E::decode(None, "[]").is_err()
                && E::decode(None, "null").is_err()
        );
    }
    stands::<payment::TransactionSuccess>();
    stands::<payment::TransactionSuccessBasic>();
    stands::<payment::TransactionSuccessPartner>();
    stands::<payment::TransactionSuccessCombine>();
    stands::<payment::TransactionSuccessGlobal>();
    stands::<payment::TransactionSuccessGlobalPartner>();
    stands::<payment::TransactionSuccessProfitsharing>();
    stands::<payment::TransactionSuccessParking>();
    stands::<refund::RefundSuccess>();
    stands::<refund::RefundAbnormal>();
    stands::<refund::RefundClosed>();
    stands::<payscore::UserPaid>();
    stands::<payscore::UserConfirm>();
    stands::<transfer::AuthorizationConfirmed>();
    stands::<transfer::AuthorizationClosed>();
    stands::<transfer::BillFinished>();
    stands::<parking::QueryTransInfo>();
    stands::<xml::TransactionSuccess>();
    stands::<xml::CombinedTransactionsSuccess>();
    stands::<xml::RefundProcessed>();
    stands::<xml::VehicleStateChanged>();
    stands::<xml::ContractStateChanged>();
    stands::<xml::TransactionsRisk>();
    stands::<xml::CheckSuccess>();
    stands::<xml::CheckFail>();
    stands::<xml::DepositFreePaid>();
    stands::<xml::DepositFreeUnpaid>();
}
