use wxhook_server::{Config, MerchantConfig, SinkConfig};

/// What a configuration without faults says, in a few lines.
pub(super) fn summary(config: &Config, state: &str) -> String {
    let mut lines = vec![
        format!("ok: {}", config.file().display()),
        format!("  listen    {}, admin {}", config.listen, config.admin_listen),
        format!("  store     {} ({state})", config.store.url),
        format!("  sink      {}", sink(config.sink.as_ref())),
    ];
    let mut notify_urls = config.notify_urls().into_iter();
    for merchant in &config.merchants {
        lines.push(format!("  merchant  {}", describe(merchant)));
        let keys = merchant.platform_keys.iter().map(|(id, _)| format!("              platform key {id}"));
        lines.extend(keys);
        lines.extend(notify_urls.next().map(|url| format!("              notify_url {url}")));
    }
    lines.join("\n")
}

fn sink(sink: Option<&SinkConfig>) -> String {
    sink.map_or_else(|| "none: an inbox only".to_owned(), ToString::to_string)
}

fn describe(merchant: &MerchantConfig) -> String {
    let mut text = format!("{} (mchid {}):", merchant.name, merchant.mchid);
    match (&merchant.api_v3_key, &merchant.api_v2_key) {
        (Some(_), Some(_)) => text.push_str(" v3 and v2"),
        (Some(_), None) => text.push_str(" v3"),
        _ => text.push_str(" v2"),
    }
    text.push_str(&format!(", /notify/{}", merchant.name));
    for path in &merchant.paths {
        text.push_str(&format!(", {path}"));
    }
    if let Some(own) = &merchant.sink {
        text.push_str(&format!(", own sink {own}"));
    }
    text
}
