use serde::Serialize;
use wxhook_server::Fault;

/// What was found: what must be mended, and what is worth a look.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
}

impl Findings {
    pub(super) fn is_good(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let one = |fault| Told { place: Fault::place(fault), what: fault.what(), fix: fault.fix() };
        let faults = self.faults.iter().map(one).collect();
        serde_json::to_string(&Report { ok: self.is_good(), faults, warnings: &self.warnings })
    }
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    faults: Vec<Told<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Told<'a> {
    #[serde(rename = "where")]
    place: &'a str,
    what: &'a str,
    fix: &'a str,
}
