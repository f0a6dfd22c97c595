//! The documents' own examples.

use crate::samples::{AUTHORIZATION, GLOBAL_PARTNER, USER_PAID};
use crate::support::v3;
use std::time::{Duration, UNIX_EPOCH};
use wxhook_events::payment::{PromotionKind, TradeState, TransactionSuccessGlobalPartner};
use wxhook_events::payscore::{ServiceOrderState, UserPaid};
use wxhook_events::transfer::{AuthorizationConfirmed, AuthorizationState};
use wxhook_wire::{Event, Fen};

#[test]
fn a_cross_border_payment() {
    let told = v3("TRANSACTION.SUCCESS", "", GLOBAL_PARTNER).unwrap();
    assert_eq!(told.name(), ("TRANSACTION.SUCCESS", Some("GLOBAL_PARTNER")));
    assert_eq!(told.key, "shop/TRANSACTION.SUCCESS/id=1008450740201411110005820873");
    assert!(told.fits(GLOBAL_PARTNER).is_ok());
    let paid = TransactionSuccessGlobalPartner::decode(None, GLOBAL_PARTNER).unwrap();
    let amount = paid.amount.unwrap();
    assert_eq!((amount.total, amount.currency.as_deref()), (Some(Fen::new(528_800)), Some("HKD")));
    assert_eq!(
        (amount.payer_total, amount.payer_currency.as_deref()),
        (Some(Fen::new(518_799)), Some("CNY"))
    );
    assert_eq!(amount.exchange_rate.unwrap().rate, Some(8_000_000));
    assert_eq!(paid.trade_state, Some(TradeState::Success));
    // `date -u -d @1528425296` prints 2018-06-08 02:34:56
    let paid_at = UNIX_EPOCH + Duration::from_secs(1_528_425_296);
    assert_eq!(paid.success_time.unwrap().instant(), Some(paid_at));
    let promotion = &paid.promotion_detail.unwrap()[0];
    assert_eq!((promotion.amount, &promotion.r#type), (Some(Fen::new(1)), &Some(PromotionKind::Discount)));
    assert_eq!(promotion.goods_detail.as_ref().unwrap()[0].price, Some(Fen::new(528_800)));
}

#[test]
fn a_service_order_with_its_amount_in_a_string() {
    let told = v3("PAYSCORE.USER_PAID", "", USER_PAID).unwrap();
    assert_eq!(told.name(), ("PAYSCORE.USER_PAID", Some("INSTITUTION")));
    assert_eq!(
        told.key,
        "shop/PAYSCORE.USER_PAID/sub_mchid=1900000109/out_order_no=1234323JKHDFE1243252/collection.paid_amount=0"
    );
    assert!(told.fits(USER_PAID).is_ok());
    let paid = UserPaid::decode(None, USER_PAID).unwrap();
    assert_eq!(paid.total_amount, Some(Fen::new(40_000)));
    assert_eq!(paid.state, Some(ServiceOrderState::Done));
    let collection = paid.collection.unwrap();
    assert_eq!((collection.state, collection.paid_amount), (None, Some(Fen::new(0))));
    // 2009-12-25 09:10:10 in Beijing; `date -u -d @1261703410` prints 2009-12-25 01:10:10
    let start = paid.time_range.unwrap().start_time.unwrap().instant();
    assert_eq!(start, Some(UNIX_EPOCH + Duration::from_secs(1_261_703_410)));
}

#[test]
fn an_authorization() {
    let told = v3("MCHTRANSFER.AUTHORIZATION.CONFIRMED", "mch_payment", AUTHORIZATION).unwrap();
    assert_eq!(told.name(), ("MCHTRANSFER.AUTHORIZATION.CONFIRMED", None));
    assert_eq!(
        told.key,
        "shop/MCHTRANSFER.AUTHORIZATION.CONFIRMED/authorization_id=201202504101000123456789012/state=TAKING_EFFECT"
    );
    assert_eq!(told.meta.schedule, "transfer");
    assert!(told.fits(AUTHORIZATION).is_ok());
    let authorization = AuthorizationConfirmed::decode(None, AUTHORIZATION).unwrap();
    assert_eq!(authorization.state, Some(AuthorizationState::TakingEffect));
    // `date -u -d @1432099775` prints 2015-05-20 05:29:35
    let at = UNIX_EPOCH + Duration::from_millis(1_432_099_775_120);
    assert_eq!(authorization.authorize_time.unwrap().instant(), Some(at));
}
