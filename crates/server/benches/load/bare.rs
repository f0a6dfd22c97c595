//! The floor: hyper, ring, serde, and nothing that wxhook adds. It remembers nothing and answers 200.

use super::prepare::API_V3;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ring::{aead, signature};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use wxhook_events::payment::TransactionSuccessBasic;
use wxhook_wire::Event as _;

struct Keys {
    platform: signature::UnparsedPublicKey<Vec<u8>>,
    api_v3: aead::LessSafeKey,
}

#[derive(serde::Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    resource: Resource<'a>,
}

#[derive(serde::Deserialize)]
struct Resource<'a> {
    ciphertext: &'a str,
    nonce: &'a str,
    associated_data: &'a str,
}

pub(crate) async fn serve(folder: &Path) {
    let der = std::fs::read(folder.join("platform.der")).unwrap();
    let keys = Arc::new(Keys {
        platform: signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, der),
        api_v3: aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, API_V3.as_bytes()).unwrap()),
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let keys = Arc::clone(&keys);
        tokio::spawn(async move {
            let service = hyper::service::service_fn(move |request| answer(request, Arc::clone(&keys)));
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, keys: Arc<Keys>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let header = |name: &str| parts.headers[name].as_bytes();
    let signature = BASE64_STANDARD.decode(header("wechatpay-signature")).unwrap();
    let mut message = Vec::with_capacity(body.len() + 64);
    for part in [header("wechatpay-timestamp"), header("wechatpay-nonce"), &body] {
        message.extend_from_slice(part);
        message.push(b'\n');
    }
    keys.platform.verify(&message, &signature).unwrap();
    let envelope: Envelope<'_> = serde_json::from_slice(&body).unwrap();
    let mut sealed = BASE64_STANDARD.decode(envelope.resource.ciphertext).unwrap();
    let nonce = aead::Nonce::try_assume_unique_for_key(envelope.resource.nonce.as_bytes()).unwrap();
    let associated_data = aead::Aad::from(envelope.resource.associated_data.as_bytes());
    let opened = keys.api_v3.open_in_place(nonce, associated_data, &mut sealed).unwrap();
    let paid = TransactionSuccessBasic::decode(None, std::str::from_utf8(opened).unwrap()).unwrap();
    assert!(paid.transaction_id.is_some());
    Ok(Response::new(Full::new(Bytes::from_static(br#"{"code":"SUCCESS","message":"OK"}"#))))
}
