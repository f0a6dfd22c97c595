use crate::merchant::Merchant;
use wxhook_wire::{EventMeta, FieldMeta, Opened};

/// The payee of what a provider or a platform is notified of.
const SUB_MERCHANTS: [&str; 2] = ["sub_mchid", "sub_mch_id"];

/// Returns whether the content is about another merchant: it names who is notified, and that isn't this one.
///
/// A provider (`sp_mchid`, `mch_id`, `combine_mchid`) is notified of payments to any of its sub-merchants. A sub-merchant
/// may be notified itself. Where only a sub-merchant is named, it counts if the documents of the event name more than that.
pub(super) fn is_other(merchant: &Merchant, meta: Option<&EventMeta>, opened: &Opened<'_>) -> bool {
    let names = meta.map_or(EventMeta::MERCHANTS, |meta| meta.merchants);
    let is_ours = |path: &&str| {
        let outer = opened.envelope_text(path).filter(|text| !text.is_empty()).map(Into::into);
        let inner = opened.text(path).filter(|text| !text.is_empty());
        let found = [outer, inner];
        let mut found = found.into_iter().flatten().peekable();
        found.peek()?;
        Some(found.any(|text| merchant.is_called(&text)))
    };
    let mut notified = names.iter().filter_map(is_ours).peekable();
    let is_named = notified.peek().is_some();
    if notified.any(|ours| ours) {
        return false;
    }
    let sub_merchant = SUB_MERCHANTS.iter().find_map(is_ours);
    match (is_named, sub_merchant) {
        (_, Some(true)) | (false, None) => false,
        (true, _) => true,
        (false, Some(false)) => meta.is_some_and(|meta| {
            if meta.is_fallback {
                return !names.is_empty();
            }
            let mut fields = meta.fields.iter().chain(meta.envelope);
            fields.any(|field| names.iter().any(|name| is_named_so(field, name)))
        }),
    }
}

fn is_named_so(field: &FieldMeta, name: &str) -> bool {
    field.name == name || field.aliases.contains(&name)
}
