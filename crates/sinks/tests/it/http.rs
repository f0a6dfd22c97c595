//! The HTTP sink against servers that answer well, badly and not at all.

use crate::endpoint::{Act, Endpoint};
use crate::support::{CONTENT, SECRET, delivery, http_sink, keyed};
use std::time::Duration;
use tokio::net::TcpListener;
use wxhook_delivery::{Sink as _, SinkError};
use wxhook_sinks::Success;

/// Delivers one record to an endpoint that answers like this.
async fn answered(act: Act) -> Result<(), SinkError> {
    let endpoint = Endpoint::always(act).await;
    let sink = http_sink(&endpoint.url(), |options| options.timeout = Duration::from_millis(400));
    sink.deliver(&delivery(1)).await.map(drop)
}

fn retry(why: &str) -> Result<(), SinkError> {
    Err(SinkError::retry(why))
}

#[tokio::test]
async fn records_are_posted_and_signed() {
    let mut endpoint = Endpoint::always(Act::Take).await;
    let sink = http_sink(&endpoint.url(), |options| options.secret = Some(SECRET.parse().unwrap()));
    sink.deliver(&delivery(42)).await.unwrap();
    let request = endpoint.next().await;
    assert!(request.head.starts_with("POST /events HTTP/1.1\r\n"), "{}", request.head);
    for (name, value) in [
        ("content-type", "application/json"),
        ("webhook-id", "42-2"),
        ("idempotency-key", "shop/TRANSACTION.SUCCESS/transaction_id=42"),
        ("wxhook-fence", "7000000042"),
        ("user-agent", concat!("wxhook/", env!("CARGO_PKG_VERSION"))),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.body, delivery(42).record.to_json().into_bytes(), "as on stdout");
    assert_eq!((&request.json()["seq"], &request.json()["generation"]), (&42.into(), &2.into()));

    // By the reference implementation, which also looks at the time.
    let webhook = standardwebhooks::Webhook::new(SECRET).unwrap();
    webhook.verify(&request.body, &request.headers).unwrap();
    let other = standardwebhooks::Webhook::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDI=").unwrap();
    other.verify(&request.body, &request.headers).unwrap_err();
    let mut changed = request.body.clone();
    changed[10] ^= 1;
    webhook.verify(&changed, &request.headers).unwrap_err();
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut headers = request.headers.clone();
        let value = format!("{}1", request.header(name).unwrap());
        headers.insert(name, value.parse().unwrap());
        webhook.verify(&request.body, &headers).unwrap_err();
    }
}

#[tokio::test]
async fn requests_without_a_secret_are_not_signed() {
    let mut endpoint = Endpoint::always(Act::Take).await;
    http_sink(&endpoint.url(), |_| {}).deliver(&delivery(1)).await.unwrap();
    let request = endpoint.next().await;
    assert_eq!(request.header("webhook-signature"), None);
    assert!(request.header("webhook-timestamp").is_some() && request.header("webhook-id").is_some());
}

#[tokio::test]
async fn credentials_in_the_url_are_sent_but_not_printed() {
    let mut endpoint = Endpoint::always(Act::status(500, "")).await;
    let sink = http_sink(&format!("http://u:s3cret@{}/events?token=s3cret", endpoint.addr), |_| {});
    let error = sink.deliver(&delivery(1)).await.unwrap_err();
    let request = endpoint.next().await;
    assert_eq!(request.header("authorization"), Some("Basic dTpzM2NyZXQ="));
    assert!(request.head.starts_with("POST /events?token=s3cret "));
    assert!(!format!("{error} {error:?} {sink:?}").contains("s3cret"));
}

#[tokio::test]
async fn statuses_decide_between_done_retry_and_park() {
    for code in [200, 201, 202, 204, 299] {
        assert_eq!(answered(Act::status(code, "")).await, Ok(()), "{code}");
    }
    assert_eq!(answered(Act::status(200, "retry-after: 9\r\n")).await, Ok(()));
    for code in [400, 401, 404, 409, 422, 429, 500, 502, 503] {
        assert_eq!(answered(Act::status(code, "")).await, retry(&format!("answered {code}")));
    }
    let gone = SinkError::park("answered 410: the receiver is gone");
    assert_eq!(answered(Act::status(410, "retry-after: 9\r\n")).await, Err(gone));
    for code in [429, 503, 500, 404] {
        let pause = |pause| SinkError::retry_after(format!("answered {code}"), Duration::from_secs(pause));
        assert_eq!(answered(Act::status(code, "retry-after: 120\r\n")).await, Err(pause(120)));
        assert_eq!(answered(Act::status(code, "retry-after: 86400\r\n")).await, Err(pause(3600)));
        let past = "retry-after: Fri, 08 Jun 2018 02:34:56 GMT\r\n";
        assert_eq!(answered(Act::status(code, past)).await, Err(pause(0)));
        let unclear = "retry-after: soon\r\n";
        assert_eq!(answered(Act::status(code, unclear)).await, retry(&format!("answered {code}")));
    }
}

#[tokio::test]
async fn replies_can_follow_the_platforms_rule() {
    let fail = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"code\":\"FAIL\"}";
    assert_eq!(answered(Act::Say(fail.to_owned())).await, Ok(()), "by default a body says nothing");
    let endpoint = Endpoint::always(Act::Say(fail.to_owned())).await;
    let sink = http_sink(&endpoint.url(), |options| options.success = Success::WechatPay);
    let (answer, result) = sink.exchange(&delivery(1)).await;
    assert_eq!(result.map(drop), retry("answered 200 with a code other than SUCCESS"));
    assert_eq!(answer, Some((200, b"{\"code\":\"FAIL\"}".to_vec())));
    let endpoint = Endpoint::always(Act::status(204, "")).await;
    let sink = http_sink(&endpoint.url(), |options| options.success = Success::WechatPay);
    assert_eq!(sink.deliver(&delivery(1)).await.map(drop), Ok(()));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut other = Endpoint::always(Act::Take).await;
    for code in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", other.url());
        let why = format!("answered {code}: redirects are not followed");
        assert_eq!(answered(Act::status(code, &location)).await, retry(&why));
    }
    assert!(other.rest().is_empty());
}

#[tokio::test]
async fn incomplete_replies_do_not_count() {
    let say = |text: &str| Act::Say(text.to_owned());
    let broke_off = retry("the answer broke off");
    assert_eq!(answered(say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n1234")).await, broke_off);
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n1234\r\n";
    assert_eq!(answered(say(chunked)).await, broke_off);
    assert_eq!(answered(say(&format!("{chunked}0\r\n\r\n"))).await, Ok(()));
    let none = retry("no usable answer: the connection was closed, or it isn't HTTP");
    for text in ["", "HTTP/1.1 200 OK\r\ncont", "220 mail.example.com ESMTP\r\n"] {
        assert_eq!(answered(say(text)).await, none, "{text}");
    }
    assert_eq!(answered(Act::Hang).await, retry("took longer than 400ms"));
}

#[tokio::test]
async fn long_replies_are_not_read_to_the_end() {
    // Closed long before the end that it announces, but after what is read of it.
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{}", "x".repeat(1 << 20));
    assert_eq!(answered(Act::Say(long)).await, Ok(()));
}

#[tokio::test]
async fn unreachable_receivers_are_retried() {
    let addr = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let sink = http_sink(&format!("http://u:s3cret@{addr}/s3cret"), |_| {});
    let error = sink.deliver(&delivery(1)).await.unwrap_err().to_string();
    assert!(error.starts_with("can't connect: ") && error.contains("refused"), "{error}");
    let sink = http_sink("http://nobody.invalid/", |_| {});
    let error = sink.deliver(&delivery(1)).await.unwrap_err().to_string();
    assert!(error.starts_with("can't connect"), "{error}");
    assert!(!error.contains(CONTENT) && !error.contains("s3cret"));
}

#[tokio::test]
async fn connections_are_reused() {
    let mut endpoint = Endpoint::always(Act::Take).await;
    let sink = http_sink(&endpoint.url(), |_| {});
    for seq in 1..=20 {
        sink.deliver(&delivery(seq)).await.unwrap();
    }
    assert_eq!(endpoint.rest().len(), 20);
    assert_eq!(endpoint.connections(), 1);
}

#[tokio::test]
async fn keys_that_are_not_ascii_are_parked() {
    let endpoint = Endpoint::always(Act::Take).await;
    let error = http_sink(&endpoint.url(), |_| {}).deliver(&keyed(1, "shop/备")).await.unwrap_err();
    assert_eq!(error, SinkError::park("the key is not usable as a header value"));
}
