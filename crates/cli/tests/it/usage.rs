use crate::support::{finished, finished_with};

#[tokio::test]
async fn help_has_examples_and_version_a_number() {
    let help = finished(&["--help"]).await;
    assert_eq!(help.status.code(), Some(0));
    let text = help.stdout.join("\n");
    for part in ["Examples:", "wxhook demo --once", "serve", "check", "Exit codes: 0 done", "WXHOOK_LOG"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(help.stdout.iter().all(|line| line.chars().count() <= 100), "{text}");

    let version = finished(&["--version"]).await;
    assert_eq!(
        (version.status.code(), version.stdout),
        (Some(0), vec![format!("wxhook {}", env!("CARGO_PKG_VERSION"))])
    );
    for command in ["serve", "check", "demo"] {
        let help = finished(&[command, "--help"]).await;
        let text = help.stdout.join("\n");
        assert!(help.status.success() && text.contains("Usage: wxhook"));
        assert_eq!(text.contains("WXHOOK_CONFIG"), command != "demo", "{text}");
    }
}

#[tokio::test]
async fn a_commands_own_options_come_first_and_examples_stay_whole() {
    for command in [&["events", "list"][..], &["listen"], &["check"], &["keys", "new"], &["trigger"]] {
        let help = finished(&[command, &["--help"]].concat()).await.stdout;
        let logging = help.iter().position(|line| line == "Logging:").unwrap();
        let other = help.iter().rposition(|line| line.trim_start().starts_with("--config"));
        assert!(other.is_none_or(|other| other < logging), "{help:#?}");
        let examples = help.iter().skip_while(|line| *line != "Examples:").collect::<Vec<_>>();
        assert!(examples.iter().all(|line| line.chars().count() < 100), "{examples:#?}");
    }
}

#[tokio::test]
async fn wrong_usage_is_2() {
    let wrong: [&[&str]; 7] = [
        &[],
        &["receive"],
        &["serve"],
        &["check", "--config"],
        &["demo", "--twice"],
        &["demo", "--once", "--log-format", "xml"],
        &["demo", "--once", "--log-level", "a=b=c"],
    ];
    for arguments in wrong {
        let finished = finished(arguments).await;
        assert_eq!(finished.status.code(), Some(2), "{arguments:?}");
        assert!(finished.stdout.is_empty() && !finished.stderr.is_empty(), "{arguments:?}");
    }
    let finished = finished_with(&["demo", "--once"], &[("WXHOOK_LOG", "a=b=c")]).await;
    assert_eq!(finished.status.code(), Some(2));
}
