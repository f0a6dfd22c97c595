//! Sinks: what the configuration may say of them, and one line for each fault.

use crate::folder::{Folder, SMALL, WHOLE};
use std::time::Duration;
use wxhook_server::{Config, SinkConfig};

/// 32 bytes.
pub(crate) const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// [`WHOLE`] with these lines for its sink, the first of them on line 25.
fn with(sink: &str) -> String {
    WHOLE.replace("kind = \"stdout\"", sink)
}

fn sink(folder: &Folder, lines: &str) -> (SinkConfig, Config) {
    let mut config = folder.load(&with(lines)).unwrap();
    (config.sink.take().unwrap(), config)
}

#[test]
fn what_is_right_is_parsed() {
    let folder = Folder::new();
    let (stdout, _) = sink(&folder, "kind = \"stdout\"");
    assert_eq!(stdout.to_string(), "stdout");

    let (http, _) = sink(&folder, "kind = \"http\"\nurl = \"https://shop.example.com/events\"");
    assert_eq!(http.to_string(), "http https://shop.example.com/events, not signed");
    let SinkConfig::Http(http) = http else { panic!("{http:?}") };
    assert_eq!(
        (http.timeout, http.give_up_after),
        (Duration::from_secs(10), Duration::from_secs(3 * 86_400))
    );
    assert!(http.secret.is_none());

    let lines = format!(
        "kind = \"http\"\nurl = \"http://u:s3cret@h:81/a?s3cret\"\nsecret = \"{SECRET}\"\ntimeout = \"1500ms\"\ngive_up_after = \"7d\""
    );
    let (http, config) = sink(&folder, &lines);
    assert_eq!(http.to_string(), "http http://h:81/a, signed");
    let shown = format!("{http:?} {config:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("MDEy"), "{shown}");
    let SinkConfig::Http(http) = http else { panic!("{http:?}") };
    assert_eq!(
        (http.timeout, http.give_up_after),
        (Duration::from_millis(1500), Duration::from_secs(7 * 86_400))
    );

    let (file, config) = sink(&folder, "kind = \"file\"\npath = \"events.jsonl\"");
    let SinkConfig::File(file) = file else { panic!("{file:?}") };
    assert_eq!(file.path, folder.path().join("events.jsonl"));
    assert_eq!((file.rotate_size, file.rotate_keep), (100 << 20, None));
    assert!(!file.path.exists(), "reading a configuration makes nothing");
    assert!(config.warnings().is_empty());
    let lines = "kind = \"file\"\npath = \"pub.pem\"\nrotate_size = \"1MiB\"\nrotate_keep = 3\ngive_up_after = \"1h\"";
    folder.mode("pub.pem", 0o644);
    let (file, config) = sink(&folder, lines);
    let SinkConfig::File(file) = file else { panic!("{file:?}") };
    assert_eq!((file.rotate_size, file.rotate_keep), (1 << 20, Some(3)));
    assert_eq!(file.give_up_after, Duration::from_secs(3600));
    assert!(config.warnings()[0].contains("sink.path: ") && config.warnings()[0].contains("chmod 600"));
}

#[test]
fn a_stream_is_the_stores_or_elsewhere() {
    let folder = Folder::new();
    let stream = |store: &str, lines: &str| {
        let text = with(&format!("kind = \"redis-stream\"\nstream = \"wechat-pay\"\n{lines}"));
        let config = folder.load(&text.replace("sqlite://wxhook.db", store)).unwrap();
        assert!(!format!("{config:?} {:?}", config.sink).contains("s3cret"));
        let SinkConfig::RedisStream(stream) = config.sink.clone().unwrap() else { panic!("{config:?}") };
        (stream, config.sink.unwrap().to_string())
    };
    let own = "redis://:s3cret@h:6379/0";
    for lines in ["", "url = \"redis://:s3cret@h:6379/0\""] {
        let (stream, shown) = stream(own, lines);
        assert_eq!(shown, "redis-stream wechat-pay at redis://h:6379/0, added when accepted");
        assert_eq!((stream.at_accept, stream.max_len), (true, None));
        assert_eq!(stream.give_up_after, Duration::from_secs(3 * 86_400));
    }
    for (store, url) in
        [(own, "rediss://u:s3cret@h:6379/0"), (own, "redis://h:6379/1"), ("memory://", "redis://h")]
    {
        let lines = format!("url = \"{url}\"\nmax_len = 1000\ngive_up_after = \"1h\"");
        let (stream, shown) = stream(store, &lines);
        assert_eq!(shown, format!("redis-stream wechat-pay at {}", url.replace("u:s3cret@", "")));
        assert_eq!((stream.at_accept, stream.max_len), (false, Some(1_000)));
        assert_eq!(stream.give_up_after, Duration::from_secs(3600));
    }
    folder.write("stream.url", "redis://:s3cret@h:6379/0\n");
    assert!(stream(own, "url_file = \"stream.url\"").0.at_accept);
    // A store that can't be used has its own fault, and no other follows from it.
    let text = with("kind = \"redis-stream\"\nstream = \"s\"").replace("sqlite://wxhook.db", "postgres://");
    assert_eq!(folder.faults(&text, &[]).len(), 1);
}

#[test]
fn one_line_for_each_fault() {
    let folder = Folder::new();
    folder.write("a-file", "");
    let http = |more: &str| format!("kind = \"http\"\nurl = \"https://h/\"\n{more}");
    let file = |more: &str| format!("kind = \"file\"\npath = \"e.jsonl\"\n{more}");
    let stream =
        |more: &str| format!("kind = \"redis-stream\"\nstream = \"s\"\nurl = \"redis://h/\"\n{more}");
    for (lines, expected) in [
        (
            String::new(),
            "24: sink.kind: missing; expected one of \"stdout\", \"http\", \"file\", \"redis-stream\"",
        ),
        (
            "kind = \"kafka\"".into(),
            "25: sink.kind: unknown value; expected one of \"stdout\", \"http\", \"file\", \"redis-stream\"",
        ),
        ("kind = \"htpp\"".into(), "25: sink.kind: unknown value; did you mean \"http\"?"),
        (
            "kind = \"stdout\"\nurl = \"s3cret\"".into(),
            "26: sink.url: means nothing to the kind \"stdout\"; remove it",
        ),
        ("kind = \"http\"".into(), "24: sink.url: missing; add url = \"https://"),
        ("kind = \"http\"\nurl = \"s3cret\"".into(), "26: sink.url: not a usable URL; write it like"),
        ("kind = \"http\"\nurl = \"ftp://s3cret\"".into(), "26: sink.url: not a usable URL"),
        ("kind = \"http\"\nurll = \"s3cret\"".into(), "26: sink.urll: unknown key; did you mean url?"),
        (http("path = \"x\""), "27: sink.path: means nothing to the kind \"http\""),
        (
            http("secret = \"s3cret!\""),
            "27: sink.secret: not a Standard Webhooks secret: whsec_ and base64; make one",
        ),
        (
            http("secret = \"whsec_czNjcmV0\""),
            "27: sink.secret: 6 bytes in base64, where a secret has 24 to 64",
        ),
        (http("secret_file = \"gone\""), "27: sink.secret_file: the file does not exist"),
        (http("secret_file = \"a-file\""), "27: sink.secret_file: 0 bytes in base64"),
        (
            http(&format!("secret = \"{SECRET}\"\nsecret_file = \"a-file\"")),
            "28: sink.secret_file: given together with secret",
        ),
        (
            http("success = \"200\""),
            "27: sink.success: unknown value; expected one of \"2xx\", \"wechat-pay\"",
        ),
        (file("success = \"2xx\""), "27: sink.success: means nothing to the kind \"file\""),
        (http("timeout = \"1ms\""), "27: sink.timeout: out of range; give from 100ms to 5m"),
        (http("timeout = \"10\""), "27: sink.timeout: not a duration"),
        (http("give_up_after = \"31d\""), "27: sink.give_up_after: out of range; give from 1s to 30d"),
        ("kind = \"file\"".into(), "24: sink.path: missing; add path ="),
        (
            "kind = \"file\"\npath = \"none/e\"".into(),
            "26: sink.path: the folder none does not exist; create it",
        ),
        ("kind = \"file\"\npath = \".\"".into(), "26: sink.path: . is a folder; give the path of a file"),
        ("kind = \"file\"\npath = \"/dev/null\"".into(), "26: sink.path: /dev/null is not a plain file"),
        (file("rotate_size = \"1KB\""), "27: sink.rotate_size: not a size"),
        (file("rotate_size = 1"), "27: sink.rotate_size: out of range"),
        (file("rotate_keep = 0"), "27: sink.rotate_keep: out of range"),
        (file("rotate_keeps = 1"), "27: sink.rotate_keeps: unknown key; did you mean rotate_keep?"),
        (file("timeout = \"1s\""), "27: sink.timeout: means nothing to the kind \"file\""),
        (stream("secret = \"s3cret\""), "28: sink.secret: means nothing to the kind \"redis-stream\""),
        (
            "kind = \"redis-stream\"\nstream = \"s\"".into(),
            "24: sink.url: missing, and the store is no Redis; add url = \"redis://127.0.0.1:6379/0\"",
        ),
        (
            "kind = \"redis-stream\"\nurl = \"redis://h/\"".into(),
            "24: sink.stream: missing; add the stream's key, e.g. stream = ",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"{wxhook}:names\"\nurl = \"redis://h/\"".into(),
            "26: sink.stream: begins as the store's own keys do; give another one",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"s\\n\"\nurl = \"redis://h/\"".into(),
            "26: sink.stream: not a usable key",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"s\"\nurl = \"http://s3cret/\"".into(),
            "27: sink.url: not a redis:// or rediss:// url; write it like",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"s\"\nurl = \"redis://h/s3cret\"".into(),
            "27: sink.url: its path is no database number",
        ),
        (
            "kind = \"redis-stream\"\nstream = \"s\"\nurl_file = \"gone\"".into(),
            "27: sink.url_file: the file does not exist",
        ),
        (stream("url_file = \"a-file\""), "28: sink.url_file: given together with url; keep one of the two"),
        (stream("max_len = 0"), "28: sink.max_len: out of range"),
        (stream("max_len = \"many\""), "28: sink.max_len: not a number"),
    ] {
        let faults = folder.faults(&with(&lines), &[]);
        assert_eq!(faults.len(), 1, "{lines}: {faults:#?}");
        let expected = format!("wxhook.toml:{expected}");
        assert!(faults[0].starts_with(&expected), "{lines}\n     got {}\nexpected {expected}", faults[0]);
        assert!(faults[0].chars().count() <= 140, "{}", faults[0]);
    }
}

#[test]
fn secrets_are_as_other_keys() {
    let folder = Folder::new();
    let lines = "kind = \"http\"\nurl = \"https://h/\"\nsecret_file = \"secret\"";
    for text in [SECRET, SECRET.strip_prefix("whsec_").unwrap(), &SECRET[..SECRET.len() - 1]] {
        folder.write("secret", &format!("{text}\n"));
        let (sink, config) = sink(&folder, lines);
        assert!(sink.to_string().ends_with(", signed"), "{text}");
        assert!(config.warnings().is_empty());
    }
    folder.mode("secret", 0o640);
    assert!(sink(&folder, lines).1.warnings()[0].contains("secret can be read by others"));

    // What stands in a variable isn't in the file, which anybody may read then; a URL's password counts as a secret.
    use std::os::unix::fs::PermissionsExt as _;
    let base = SMALL.replace("api_v2_key = \"s3cretV2s3cretV2s3cretV2s3cretV2\"", "");
    let warnings = |sink: &str, env: &[(&str, &str)]| {
        let path = folder.write("wxhook.toml", &format!("{base}[sink]\n{sink}\n"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let key = [("WXHOOK_MERCHANT__SHOP__API_V2_KEY", "s3cretV2s3cretV2s3cretV2s3cretV2")];
        let env = key.iter().chain(env).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = Config::load(&path, env).unwrap();
        assert!(matches!(config.sink, Some(SinkConfig::Http(_))));
        config.warnings().len()
    };
    let plain = "kind = \"http\"\nurl = \"https://h/\"";
    assert_eq!(warnings(plain, &[]), 0);
    assert_eq!(warnings(plain, &[("WXHOOK_SINK__SECRET", SECRET)]), 0);
    assert_eq!(warnings(plain, &[("WXHOOK_SINK__URL", "https://u:s3cret@h/")]), 0);
    assert_eq!(warnings(&format!("{plain}\nsecret = \"{SECRET}\""), &[]), 1);
    assert_eq!(warnings("kind = \"http\"\nurl = \"https://u:s3cret@h/\"", &[]), 1);
}

#[test]
fn a_merchant_may_have_its_own() {
    let folder = Folder::new();
    let own = |sink: &str| format!("{SMALL}[merchant.sink]\n{sink}\n");
    let config = folder.load(&own("kind = \"http\"\nurl = \"https://h/\"")).unwrap();
    assert!(config.sink.is_none() && matches!(config.merchants[0].sink, Some(SinkConfig::Http(_))));
    let faults = folder.faults(&own("kind = \"s3cret\""), &[]);
    assert!(faults[0].starts_with("wxhook.toml:11: merchant[0].sink.kind: unknown value"), "{faults:?}");
    let env =
        [("WXHOOK_MERCHANT__SHOP__SINK__KIND", "file"), ("WXHOOK_MERCHANT__SHOP__SINK__PATH", "e.jsonl")];
    let config = folder.load_with(SMALL, &env).unwrap();
    assert!(matches!(config.merchants[0].sink, Some(SinkConfig::File(_))));

    let file = "kind = \"file\"\npath = \"e.jsonl\"";
    let faults = folder.faults(&format!("{}[sink]\n{file}\n", own(file)), &[]);
    assert_eq!(
        faults,
        ["wxhook.toml:15: sink.path: another sink writes this file; give each sink a file of its own"]
    );
}
