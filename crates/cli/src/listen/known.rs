use std::sync::Arc;

use wxhook_server::{Config, MerchantConfig};

/// What the configuration knows, as far as it helps to say why something was refused.
#[derive(Debug, Clone)]
pub(super) struct Known(Arc<[Merchant]>);

#[derive(Debug)]
pub(super) struct Merchant {
    pub(super) name: String,
    /// Where it is notified.
    pub(super) paths: Vec<String>,
    pub(super) public_keys: Vec<String>,
    pub(super) certificates: Vec<String>,
}

impl Known {
    pub(super) fn of(config: &Config) -> Self {
        Self(config.merchants.iter().map(Merchant::of).collect())
    }

    pub(super) fn merchant(&self, name: &str) -> Option<&Merchant> {
        self.0.iter().find(|merchant| merchant.name == name)
    }

    pub(super) fn paths(&self) -> Vec<&str> {
        self.0.iter().flat_map(|merchant| &merchant.paths).map(String::as_str).collect()
    }
}

impl Merchant {
    fn of(config: &MerchantConfig) -> Self {
        let (certificates, public_keys): (Vec<_>, Vec<_>) =
            config.platform_keys.iter().partition(|(_, key)| key.serial().is_some());
        let ids = |keys: Vec<&(String, _)>| keys.into_iter().map(|(id, _)| id.clone()).collect();
        let own = format!("/notify/{}", config.name);
        Self {
            name: config.name.clone(),
            paths: std::iter::once(own).chain(config.paths.iter().cloned()).collect(),
            public_keys: ids(public_keys),
            certificates: ids(certificates),
        }
    }
}
