use wxhook_crypto::AeadAlgorithm;
use wxhook_crypto::v2::{self, SignAlgorithm};

use super::Platform;
use crate::{DepositFree, Error, Nonces, SignedRequest, xml};

pub(super) const USER_AGENT: &str = "Mozilla/4.0";

impl Platform {
    /// Makes a v2 notification: the fields, `nonce_str` and `sign_type` if they are missing, and `sign`.
    ///
    /// # Errors
    /// [`Error::Missing`] without an APIv2 key, [`Error::Field`] for a field that XML can't hold.
    pub fn v2(
        &self,
        mut fields: Vec<(String, String)>,
        algorithm: SignAlgorithm,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        add(&mut fields, "nonce_str", &nonces.signature);
        add(&mut fields, "sign_type", algorithm.as_str());
        self.v2_sign(fields, algorithm)
    }

    /// Signs any fields with this algorithm, even if the fields name another one or none. Only `sign` is added or
    /// replaced.
    ///
    /// # Errors
    /// The errors of [`v2`](Self::v2).
    pub fn v2_sign(
        &self,
        mut fields: Vec<(String, String)>,
        algorithm: SignAlgorithm,
    ) -> Result<SignedRequest, Error> {
        fields.retain(|(name, _)| name != "sign");
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let sign = v2::sign(pairs, self.v2_key()?, algorithm);
        fields.push(("sign".to_owned(), sign));
        request(&fields)
    }

    /// Makes a v2 refund: the fields, `nonce_str`, and the others encrypted in `req_info`. It has no `sign`.
    ///
    /// # Errors
    /// The errors of [`v2`](Self::v2).
    pub fn v2_refund(
        &self,
        mut fields: Vec<(String, String)>,
        req_info: &[(String, String)],
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        add(&mut fields, "nonce_str", &nonces.signature);
        let sealed = v2::seal_refund(xml::refund(req_info)?.as_bytes(), self.v2_key()?);
        fields.push(("req_info".to_owned(), sealed));
        request(&fields)
    }

    /// Makes a v2 notification of deposit-free rent or stay: encrypted as in v3, and signed with HMAC-SHA256.
    ///
    /// # Errors
    /// The errors of [`v2`](Self::v2) and [`envelope`](Self::envelope).
    pub fn v2_deposit_free(
        &self,
        notification: &DepositFree,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        let fields = [
            ("mch_id", self.mchid.as_str()),
            ("appid", &notification.appid),
            ("event_id", &notification.event_id),
            ("event_create_time", &notification.event_create_time),
            ("event_type", &notification.event_type),
            ("event_associated_data", &notification.associated_data),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.v2_event(fields.to_vec(), &notification.fields, None, nonces)
    }

    /// Encrypts the event's fields and signs all fields: with HMAC-SHA256, which the notification names, or with the
    /// given algorithm, which it doesn't name.
    pub(super) fn v2_event(
        &self,
        mut fields: Vec<(String, String)>,
        event: &[(String, String)],
        sign: Option<SignAlgorithm>,
        nonces: &Nonces,
    ) -> Result<SignedRequest, Error> {
        let associated_data = fields.iter().find(|(name, _)| name == "event_associated_data");
        let associated_data = associated_data.map_or("", |(_, value)| value.as_str());
        let ciphertext = self.sealed(&xml::document(event)?, associated_data, nonces)?;
        let algorithm = sign.unwrap_or(SignAlgorithm::HmacSha256);
        let name = sign.is_none().then_some(("algorithm", algorithm.as_str()));
        let others = [
            ("nonce_str", &*nonces.signature),
            ("event_algorithm", AeadAlgorithm::Aes256Gcm.as_str()),
            ("event_nonce", &nonces.seal),
            ("event_ciphertext", &ciphertext),
        ];
        for (name, value) in name.into_iter().chain(others) {
            fields.retain(|(known, _)| known != name);
            fields.push((name.to_owned(), value.to_owned()));
        }
        self.v2_sign(fields, algorithm)
    }
}

fn add(fields: &mut Vec<(String, String)>, name: &str, value: &str) {
    if !fields.iter().any(|(known, _)| known == name) {
        fields.push((name.to_owned(), value.to_owned()));
    }
}

fn request(fields: &[(String, String)]) -> Result<SignedRequest, Error> {
    let headers = [("Content-Type", "text/xml"), ("User-Agent", USER_AGENT)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Ok(SignedRequest::new(headers, xml::document(fields)?))
}
