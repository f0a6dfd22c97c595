//! What is said about what was meant, beside what is sent.

use std::fs;

use super::target::{SUCCESS, Target};
use super::{Keys, made};
use crate::sinks::tls_server;
use crate::support::{Child, finished, text};

const PAID: &str = "TRANSACTION.SUCCESS";

#[tokio::test]
async fn a_whole_record_is_no_resource() {
    let keys = Keys::new().await;
    let file = keys.config.with_file_name("record.json");
    for (content, told) in [
        (
            r#"{"seq":1,"event_type":"A","resource":{}}"#,
            "whole event record; give its resource: jq .resource",
        ),
        ("\u{feff}{}", "byte order mark"),
        ("[]", "no JSON object"),
    ] {
        fs::write(&file, content).unwrap();
        let refused = keys.trigger("http://127.0.0.1:9/", &[PAID, "--resource", text(&file)]).await;
        assert!(refused.stdout.is_empty() && refused.stderr.len() == 1, "{refused:?}");
        assert!(refused.stderr[0].contains(told), "{refused:?}");
    }
}

#[tokio::test]
async fn a_field_of_no_document_is_told() {
    let keys = Keys::new().await;
    let target = Target::start(|_| SUCCESS).await;
    let sent = keys.trigger(&target.url, &[PAID, "--set", "amont.total=7", "--set", "amount.total=7"]).await;
    let told = "note: --set amont.total: no documented field of TRANSACTION.SUCCESS#BASIC; sent all the same; did you mean amount.total?";
    assert_eq!((sent.status.code(), &*sent.stderr), (Some(0), &[told.to_owned()][..]), "{sent:?}");
}

#[tokio::test]
async fn only_who_looked_at_it_refused_it() {
    let keys = Keys::new().await;
    let spoiled = [PAID, "--tamper", "body"];
    let target = Target::start(|_| (403, "")).await;
    let sent = keys.trigger(&target.url, &spoiled).await;
    assert_eq!((sent.status.code(), sent.stderr.len()), (Some(0), 0), "{sent:?}");
    assert_eq!(sent.stdout.last().unwrap(), "refused, as it must be");

    let target = Target::start(|_| (404, "")).await;
    let sent = keys.trigger(&target.url, &spoiled).await;
    assert_eq!((sent.status.code(), sent.stdout.len()), (Some(1), 2), "{sent:?}");
    assert!(sent.stderr[0].starts_with("answered 404: that is no refusal"), "{sent:?}");

    let target = Target::start(|_| (500, "")).await;
    let sent = keys.trigger(&target.url, &[PAID, "--probe"]).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert!(sent.stderr[0].contains("answered 500") && sent.stderr[0].contains("--probe"), "{sent:?}");
}

#[tokio::test]
async fn what_can_be_sent_is_listed_with_how_it_is_resent() {
    let (all, none) = (finished(&["trigger", "all", "--list"]).await, finished(&["trigger", "--list"]).await);
    assert_eq!((all.status.code(), &all.stdout), (Some(0), &none.stdout), "{all:?}");
    let questions: Vec<_> = wxhook_events::catalog()
        .events()
        .filter(|meta| meta.question)
        .map(|meta| meta.name.to_owned())
        .collect();
    assert!(!questions.is_empty());
    for question in questions {
        let line = all.stdout.iter().find(|line| line.starts_with(&question)).unwrap();
        assert!(line.trim_end().ends_with(" once"), "{line}");
    }
}

#[tokio::test]
async fn what_was_signed_long_ago_is_refused() {
    let keys = Keys::new().await;
    let server = Child::serve(&keys.config, &[]).await;
    for (age, status) in [("3m", 200), ("10m", 401)] {
        let sent = keys.trigger(&server.notify(), &[PAID, "--age", age]).await;
        assert!(sent.stdout[1].starts_with(&format!("<-- {status} ")), "{sent:?}");
        assert_eq!(sent.status.code(), Some(0), "as it should be: {sent:?}");
        assert_eq!(sent.stdout.last().unwrap() == "refused, as it must be", status == 401, "{sent:?}");
    }
    let json = keys.trigger(&server.notify(), &[PAID, "--age", "10m", "--json"]).await;
    assert!(json.stdout.last().unwrap().contains(r#""fault":"age""#), "{json:?}");
    let all = keys.trigger(&server.notify(), &["all", "--age", "10m", "--show", "none"]).await;
    assert_eq!(all.status.code(), Some(0), "{all:?}");
    assert!(all.stderr[0].starts_with("--age doesn't apply to "), "v2 has no time: {all:?}");
    server.terminate().await;
    // One that takes whatever comes.
    let target = Target::start(|_| SUCCESS).await;
    for (age, code) in [("3m", 0), ("10m", 1)] {
        let sent = keys.trigger(&target.url, &[PAID, "--age", age]).await;
        assert_eq!(sent.status.code(), Some(code), "{sent:?}");
    }
}

#[tokio::test]
async fn https_is_sent_to_what_is_trusted() {
    let keys = Keys::new().await;
    let (certificate, port, mut bodies) = tls_server().await;
    let url = format!("https://localhost:{port}/notify/shop");
    let ca = keys.config.with_file_name("ca.pem");
    fs::write(&ca, certificate).unwrap();
    for trust in [&["--cacert", text(&ca)][..], &["--insecure"], &["--insecure", "--prepare"]] {
        let sent = keys.trigger(&url, &[&[PAID], trust].concat()).await;
        assert_eq!(sent.status.code(), Some(0), "{sent:?}");
        assert!(bodies.recv().await.unwrap().contains("\"ciphertext\""));
    }
    let untrusted = keys.trigger(&url, &[PAID]).await;
    assert_eq!(untrusted.status.code(), Some(1), "{untrusted:?}");
    assert!(untrusted.stdout[1].contains("certificate"), "{untrusted:?}");
    let nothing = keys.config.clone();
    let wrong = keys.trigger(&url, &[PAID, "--cacert", text(&nothing)]).await;
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    assert!(wrong.stderr[0].contains("no CA certificate in PEM"), "{wrong:?}");
    assert!(bodies.try_recv().is_err(), "nothing else was sent");
}

#[tokio::test]
async fn a_private_key_of_another_pair_is_told() {
    let keys = Keys::new().await;
    let other = made(&keys.config.with_file_name("other")).await;
    let config = fs::read_to_string(&keys.config).unwrap();
    let line = config.lines().find(|line| line.starts_with("private_key_file")).unwrap();
    let name = line.split('"').nth(1).unwrap();
    let file = other.with_file_name(std::path::Path::new(name).file_name().unwrap());
    fs::write(&keys.config, config.replace(line, &format!("private_key_file = {:?}", text(&file)))).unwrap();
    let target = Target::start(|_| SUCCESS).await;
    let sent = keys.trigger(&target.url, &[PAID]).await;
    assert_eq!((sent.status.code(), sent.stderr.len()), (Some(0), 1), "{sent:?}");
    assert!(
        sent.stderr[0].starts_with("warning: ") && sent.stderr[0].contains("will be refused"),
        "{sent:?}"
    );
    // v2 isn't signed with it.
    assert!(keys.trigger(&target.url, &["v2/refund-processed"]).await.stderr.is_empty());
}
