use std::time::Duration;

use serde::Serialize;
use wxhook_simulator::{Answer, Error};
use wxhook_wire::{EventMeta, Protocol};

use crate::named;

/// Longer answers are cut on the line.
const MOST_SHOWN: usize = 300;

/// One notification that was sent, and what came back.
#[derive(Debug, Serialize)]
pub(super) struct Attempt<'a> {
    event_type: &'a str,
    variant: Option<&'a str>,
    /// v2 has none.
    id: Option<&'a str>,
    status: Option<u16>,
    elapsed_ms: u64,
    body: Option<String>,
    error: Option<String>,
    accepted: bool,
    #[serde(skip)]
    name: String,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(meta: &'a EventMeta, id: &'a str) -> Self {
        Self {
            event_type: meta.name,
            variant: meta.variant,
            id: (meta.protocol == Protocol::V3).then_some(id),
            status: None,
            elapsed_ms: 0,
            body: None,
            error: None,
            accepted: false,
            name: named::name(meta),
        }
    }

    /// Takes down how it went; `elapsed` counts where there was no answer.
    pub(super) fn answered(&mut self, answer: Result<Answer, Error>, elapsed: Duration) {
        let milliseconds = |elapsed: Duration| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(answer) => {
                self.status = Some(answer.status);
                self.elapsed_ms = milliseconds(answer.elapsed);
                self.body = Some(String::from_utf8_lossy(&answer.body).into_owned());
                self.accepted = answer.accepted();
            }
            Err(error) => {
                self.elapsed_ms = milliseconds(elapsed);
                self.error = Some(format!("{:#}", anyhow::Error::from(error)));
            }
        }
    }

    /// Whether the platform would be content.
    pub(super) fn is_accepted(&self) -> bool {
        self.accepted
    }

    pub(super) fn sent(&self) -> String {
        let id = self.id.map(|id| format!(" id={id}")).unwrap_or_default();
        format!("--> {}{id}", self.name)
    }

    pub(super) fn came_back(&self) -> String {
        let milliseconds = self.elapsed_ms;
        let line = match (self.status, &self.error) {
            (Some(status), _) => {
                let body = self.body.as_deref().unwrap_or_default();
                format!("<-- {status} {milliseconds}ms {}", shown(body))
            }
            (None, error) => {
                format!("<-- failed {milliseconds}ms {}", shown(error.as_deref().unwrap_or_default()))
            }
        };
        line.trim_end().to_owned()
    }

    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// On one line, without anything that a terminal could take for more than text.
fn shown(text: &str) -> String {
    let line = text
        .trim()
        .chars()
        .take(MOST_SHOWN)
        .map(|character| if character.is_control() { ' ' } else { character });
    let mut line: String = line.collect();
    if text.trim().chars().nth(MOST_SHOWN).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: EventMeta = EventMeta::v3("PAID", "支付").variant("BASIC", wxhook_wire::When::Always);

    #[test]
    fn no_answer_is_a_failure_with_its_reason() {
        let mut attempt = Attempt::new(&PAID, "EV-1");
        assert_eq!(attempt.sent(), "--> PAID#BASIC id=EV-1");
        attempt.answered(Err(Error::Timeout(Duration::from_secs(5))), Duration::from_millis(5001));
        assert_eq!(attempt.came_back(), "<-- failed 5001ms no answer within 5s");
        assert!(!attempt.is_accepted());
        assert_eq!(
            attempt.to_json().unwrap(),
            r#"{"event_type":"PAID","variant":"BASIC","id":"EV-1","status":null,"elapsed_ms":5001,"body":null,"error":"no answer within 5s","accepted":false}"#
        );
    }

    #[test]
    fn an_answer_is_shown_on_one_line() {
        assert_eq!(shown(" <xml>\n<a/>\u{1b}[31m\r\n</xml>\n"), "<xml> <a/> [31m  </xml>");
        assert_eq!(shown(&"x".repeat(400)).chars().count(), 301);
    }
}
