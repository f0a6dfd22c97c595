//! A notify URL behind TLS, whose certificate is trusted or isn't.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use wxhook_crypto::ApiV2Key;
use wxhook_simulator::{Campaign, Client, Error, Pace, Platform, Sender, SignedRequest, Trust};

const PATIENCE: Duration = Duration::from_secs(10);

/// A server for `127.0.0.1` that answers every request with 204; its URL, and the CA that signed its certificate.
async fn server() -> (String, Vec<u8>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ca).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/notify/shop", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut request = Vec::new();
                while stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&request).into_owned();
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head
                        .to_lowercase()
                        .split("content-length: ")
                        .nth(1)
                        .and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
                    if body.len() >= length.unwrap_or_default() {
                        request.clear();
                        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                    }
                }
            });
        }
    });
    (url, ca.pem().into_bytes())
}

fn request() -> SignedRequest {
    SignedRequest::new(Vec::new(), "{}")
}

#[tokio::test]
async fn what_is_trusted_is_sent_to_and_nothing_else() {
    let (url, ca) = server().await;
    let (_, other) = server().await;
    let send = async |trust: Trust| {
        Client::trusting(PATIENCE, &trust).unwrap().post(&url, &request()).await.map(|answer| answer.status)
    };
    assert_eq!(send(Trust::Authorities(ca)).await.unwrap(), 204);
    assert_eq!(send(Trust::Anything).await.unwrap(), 204);
    assert!(matches!(send(Trust::Authorities(other)).await, Err(Error::Send(_))));
    assert!(matches!(Client::new(PATIENCE).post(&url, &request()).await, Err(Error::Url)));
    for pem in [&b""[..], b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let refused = Client::trusting(PATIENCE, &Trust::Authorities(pem.to_vec()));
        assert!(matches!(refused, Err(Error::Trust(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_batch_goes_over_tls_as_well() {
    let (url, ca) = server().await;
    let catalog = wxhook_events::catalog();
    let meta = catalog.events().find(|meta| meta.name == "v2/transaction-success").unwrap();
    let key = ApiV2Key::new(&[b'k'; 32]).unwrap();
    let platform = Platform::builder().mchid("1900000109").api_v2_key(key).build().unwrap();
    let then = || -> SystemTime { UNIX_EPOCH };
    let sender = Sender::trusting(platform, &url, then, &Trust::Authorities(ca)).unwrap();
    let campaign = Campaign::new(Arc::clone(&catalog), "1900000109", 1).event(meta).count(5);
    let batch = sender.prepare(&campaign, |_| {}).unwrap();
    let summary = batch.send(Pace::new(), |_| {}).await.unwrap();
    assert_eq!((summary.accepted, summary.failures), (5, 0), "{summary:?}");
    let plain = url.replace("https", "http");
    assert!(Client::new(PATIENCE).post(&plain, &request()).await.is_err(), "it speaks TLS only");
}
