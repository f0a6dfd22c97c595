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
    for command in [&["--help"][..], &["events", "--help"], &["verify", "--help"], &["listen", "--help"]] {
        // Examples aren't wrapped on a terminal of 80 columns.
        let help = finished(command).await.stdout;
        let examples = help.iter().skip_while(|line| !line.starts_with("Examples"));
        let examples = examples.take_while(|line| !line.is_empty());
        examples.for_each(|line| assert!(line.chars().count() <= 80, "{line}"));
    }

    for version in ["--version", "version"] {
        let version = finished(&[version]).await;
        assert_eq!(
            (version.status.code(), version.stdout),
            (Some(0), vec![format!("wxhook {}", env!("CARGO_PKG_VERSION"))])
        );
    }
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
        let examples = help.iter().skip_while(|line| !line.starts_with("Examples")).collect::<Vec<_>>();
        assert!(examples.iter().all(|line| line.chars().count() < 100), "{examples:#?}");
    }
}

/// The current folder of a command is this test's own.
fn in_folder(folder: &std::path::Path, arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wxhook"));
    command.env_remove("WXHOOK_CONFIG").current_dir(folder).args(arguments).output().unwrap()
}

#[test]
fn the_configuration_of_the_current_folder_counts_where_none_is_named() {
    let (shop, empty) = (crate::support::Shop::new(), tempfile::tempdir().unwrap());
    let checked = in_folder(shop.folder.path(), &["check"]);
    assert!(checked.status.success() && checked.stdout.starts_with(b"ok: wxhook.toml"), "{checked:?}");
    let decoded = in_folder(shop.folder.path(), &["events", "list", "--offline"]);
    let said = String::from_utf8(decoded.stderr).unwrap();
    assert!(said.contains("there is no database wxhook.db"), "{said}");
    let elsewhere = in_folder(empty.path(), &["check", "--config", shop.config.to_str().unwrap()]);
    assert!(elsewhere.status.success(), "{elsewhere:?}");
    let url = "http://127.0.0.1:9/notify/shop";
    for arguments in [
        &["serve"][..],
        &["check"],
        &["listen"],
        &["verify", "--headers", "h"],
        &["trigger", "COMPLAINT.CREATE", "--to", url],
        &["events", "list", "--offline"],
    ] {
        let missing = in_folder(empty.path(), arguments);
        let said = String::from_utf8(missing.stderr).unwrap();
        assert_eq!((missing.status.code(), missing.stdout.len()), (Some(2), 0), "{said}");
        let ways = "no configuration: give --config FILE, set WXHOOK_CONFIG, or put wxhook.toml into the current folder";
        assert_eq!(said.trim_end(), format!("error: {ways}"), "{arguments:?}");
    }
    // A server that is named has a configuration of its own.
    std::fs::write(empty.path().join("wxhook.toml"), "no TOML").unwrap();
    let asked = in_folder(empty.path(), &["events", "list", "--admin", "http://127.0.0.1:1"]);
    assert!(String::from_utf8(asked.stderr).unwrap().contains("can't ask the admin API"));
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
