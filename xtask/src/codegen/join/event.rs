//! One event's file and its rows.

use super::field::{Named, Reader};
use super::rows::{newest_modes, newest_title, with_fragment};
use crate::codegen::fault::Fault;
use crate::codegen::files::{EventFile, VariantTable};
use crate::codegen::input::OVERVIEW;
use crate::codegen::model::{Cipher, Event, Facts, Money, Protocol, Variant, event_file, event_name};
use crate::codegen::overview::Row;

pub(super) fn join(
    path: &str,
    file: &EventFile,
    rows: &[&Row],
    named: &Named,
    reader: &mut Reader<'_>,
) -> Event {
    reader.faults.extend(file_faults(path, file));
    reader.faults.extend(fragment_faults(path, file, rows));
    let is_v2 = file.protocol == Protocol::V2;
    let own_rows = with_fragment(rows, None);
    let from_rows = newest_title(&own_rows);
    // an event whose rows all name variants is titled like the first of them
    let of_any_row = newest_title(rows);
    reader.faults.extend(title_fault(path, file.title.as_ref(), of_any_row.is_some()));
    Event {
        protocol: file.protocol,
        name: event_name(file.protocol, &file.event),
        file: path.to_owned(),
        area: file.area.clone(),
        type_name: file.type_name.clone(),
        doc: file.doc.clone(),
        title: from_rows.or_else(|| file.title.clone()).or(of_any_row).unwrap_or_default(),
        cipher: file.cipher,
        on_changed: file.on_changed,
        key: file.key.clone(),
        older_keys: file.older_keys.clone(),
        renamed_to: file.renamed_to.as_ref().map(|name| event_name(file.protocol, name)),
        was_unknown: file.was_unknown,
        deadline_ms: file.deadline_ms,
        facts: facts(file, None),
        question: file.question,
        reply_is_signed: file.reply_is_signed,
        identified_by: file.identified_by.clone(),
        order: file.order.unwrap_or_default(),
        fields: reader.read(&format!("{path}: fields"), &file.fields, named, is_v2),
        envelope: reader.read(&format!("{path}: envelope"), &file.envelope, named, false),
        reply: reader.read(&format!("{path}: reply"), &file.reply, named, false),
        rows: rows.iter().map(|row| (*row).clone()).collect(),
        modes: newest_modes(rows),
        variants: file.variants.iter().map(|table| variant(path, file, table, rows, named, reader)).collect(),
    }
}

fn variant(
    path: &str,
    file: &EventFile,
    table: &VariantTable,
    rows: &[&Row],
    named: &Named,
    reader: &mut Reader<'_>,
) -> Variant {
    let place = format!("{path}: variant {}", table.name);
    let fragment = Some(table.name.as_str());
    let from_rows = newest_title(&with_fragment(rows, fragment)).or(newest_title(&with_fragment(rows, None)));
    if table.title.is_some() || file.title.is_none() {
        reader.faults.extend(title_fault(&place, table.title.as_ref(), from_rows.is_some()));
    }
    let rows: Vec<_> = rows
        .iter()
        .filter(|row| row.fragment.is_none() || row.fragment.as_deref() == fragment)
        .copied()
        .collect();
    let older_of_event = if table.key.is_none() { file.older_keys.clone() } else { Vec::new() };
    Variant {
        name: table.name.clone(),
        type_name: table.type_name.clone(),
        doc: table.doc.clone(),
        title: from_rows.or_else(|| table.title.clone()).or_else(|| file.title.clone()).unwrap_or_default(),
        when: table.when.clone(),
        key: table.key.clone().unwrap_or_else(|| file.key.clone()),
        older_keys: table.older_keys.clone().unwrap_or(older_of_event),
        facts: facts(file, Some(table)),
        confidence: table.confidence.clone(),
        fields: reader.read(&place, &table.fields, named, file.protocol == Protocol::V2),
        modes: newest_modes(&rows),
        rows: rows.into_iter().cloned().collect(),
    }
}

/// Returns what the variant says, or else its event.
fn facts(file: &EventFile, variant: Option<&VariantTable>) -> Facts {
    let schedule = variant.and_then(|table| table.schedule.as_ref()).or(file.schedule.as_ref());
    let contradictions = variant.and_then(|table| table.contradictions.as_ref());
    Facts {
        schedule: schedule.cloned().unwrap_or_else(|| "standard".to_owned()),
        money: variant.and_then(|table| table.money).or(file.money).filter(|money| *money != Money::None),
        merchants: variant.and_then(|table| table.merchants.clone()).or_else(|| file.merchants.clone()),
        contradictions: contradictions.unwrap_or(&file.contradictions).clone(),
    }
}

/// Returns the contradictions within the file.
fn file_faults(path: &str, file: &EventFile) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |is: bool, what: &str, mend: &str| {
        if is {
            faults.push(Fault::new(path, what, mend));
        }
    };
    let expected = event_file(file.protocol, &file.event);
    let is_v2 = file.protocol == Protocol::V2;
    let is_told = file.identified_by.is_some() && file.order.is_some();
    let is_told_at_all = file.identified_by.is_some() || file.order.is_some();
    fault(
        path != expected,
        &format!("{} {} in it", file.protocol, file.event),
        &format!("call it {expected}"),
    );
    fault(is_v2 && !is_told, "nothing tells this v2 event from others", "add identified_by and order");
    fault(
        !is_v2 && is_told_at_all,
        "identified_by or order of a v3 event",
        "take them away: its event type tells it",
    );
    fault(
        !is_v2 && !file.envelope.is_empty(),
        "[envelope] of a v3 event",
        "take it away: all v3 events have one",
    );
    let hidden_in = match file.cipher {
        Cipher::AesEcb => Some("req_info"),
        Cipher::AesGcm => Some("event_ciphertext"),
        Cipher::None => None,
    };
    fault(!is_v2 && file.cipher == Cipher::AesEcb, "a v3 event with aes-ecb", "make it aes-gcm or none");
    fault(
        is_v2 && hidden_in.is_some_and(|name| !file.envelope.contains_key(name)),
        "its content is hidden, and [envelope] has no field that holds it",
        "add req_info (aes-ecb) or event_ciphertext (aes-gcm)",
    );
    fault(
        is_v2 && hidden_in.is_none() && !file.envelope.is_empty(),
        "[envelope] without hidden content",
        "list its fields with the others",
    );
    fault(!is_v2 && file.was_unknown, "was_unknown of a v3 event", "take it away: its name was always known");
    fault(!file.question && !file.reply.is_empty(), "[reply] without a question", "add question = true");
    fault(
        !file.question && file.reply_is_signed,
        "reply_is_signed without a question",
        "add question = true",
    );
    fault(
        !file.variants.is_empty() && !file.fields.is_empty(),
        "[fields] and variants",
        "list the fields in each variant",
    );
    faults
}

fn fragment_faults(path: &str, file: &EventFile, rows: &[&Row]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for row in rows {
        let fragment = row.fragment.as_deref();
        if let Some(fragment) = fragment
            && !file.variants.iter().any(|variant| variant.name == fragment)
        {
            let what = format!("{} has no variant {fragment}", row.name());
            let mend = format!("correct the link, or add a [[variant]] to {path}");
            faults.push(Fault::new(format!("{OVERVIEW}:{}", row.line), what, mend));
        }
    }
    faults
}

/// A title of the file's own counts only where the overview has none.
fn title_fault(place: &str, own: Option<&String>, has_row: bool) -> Option<Fault> {
    match (own, has_row) {
        (None, false) => Some(Fault::new(place, "in no row of the overview", "add the row, or a title here")),
        (Some(_), true) => {
            Some(Fault::new(place, "the overview has a title for it", "take the title here away"))
        }
        _ => None,
    }
}
