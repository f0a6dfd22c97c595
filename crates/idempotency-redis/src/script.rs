use redis::Script;
use std::fmt;
use std::sync::LazyLock;

/// One operation's script.
#[derive(Clone, Copy)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// True if it changes something, which may have to be waited for.
    pub(crate) writes: bool,
    /// The script, for a server that doesn't know it.
    pub(crate) code: &'static str,
    script: &'static LazyLock<Script>,
}

impl Operation {
    /// Digest by which the server knows the script.
    pub(crate) fn hash(&self) -> &str {
        self.script.get_hash()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Writes out an operation: whether it may change anything, its flags, the shared parts that it needs, and its own. The
/// parts and its own become a function that `finish.lua` runs. (Inside one, what the parts share is found faster: the
/// server makes all functions anew at each call.)
///
/// Flags: without any, the server refuses the script at its beginning when memory is used up, when it can't write to
/// disk or has too few replicas, so that no script breaks off in the middle. `allow-oom` is for what gets work done or
/// frees memory: a full server must be able to become less full.
macro_rules! operations {
    ($($constant:ident: $name:literal $writes:tt $flags:literal [$($part:literal)*];)*) => {
        $(pub(crate) const $constant: Operation = {
            const CODE: &str = concat!(
                "#!lua ", $flags, "\n",
                include_str!("lua/core.lua"),
                include_str!("lua/books.lua"),
                "local NAME, WRITES = '", $name, "', ", stringify!($writes), "\nlocal function operation()\n",
                $(include_str!(concat!("lua/", $part, ".lua")),)*
                include_str!(concat!("lua/", $name, ".lua")),
                "end\n",
                include_str!("lua/finish.lua"),
            );
            static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(CODE));
            Operation { name: $name, writes: $writes, code: CODE, script: &SCRIPT }
        };)*
    };
}

operations! {
    OPEN: "open" true "flags=allow-oom" ["types"];
    ACCEPT: "accept" true "" ["record" "index" "shelf" "stream" "settle" "accepting"];
    BEGIN: "begin" true "" ["record" "content" "index" "moving" "progress" "shelf" "settle" "accepting"];
    CLAIM_DUE: "claim_due" true "flags=allow-oom" ["record" "content" "index" "moving" "progress" "shelf" "aside"];
    RENEW: "renew" true "flags=allow-oom" ["record" "index" "moving" "progress"];
    COMPLETE: "complete" true "flags=allow-oom" ["record" "index" "moving" "progress"];
    FAIL: "fail" true "flags=allow-oom" ["record" "index" "moving" "progress" "shelf"];
    RELEASE: "release" true "flags=allow-oom" ["record" "index" "moving" "progress"];
    REQUEUE: "requeue" true "flags=allow-oom" ["record" "content" "index" "moving" "progress"];
    PARK: "park" true "flags=allow-oom" ["record" "content" "index" "moving" "progress"];
    DISCARD: "discard" true "flags=allow-oom" ["record" "content" "index" "moving" "progress"];
    GET: "get" false "flags=no-writes" ["record" "content"];
    LIST: "list" false "flags=no-writes" ["record" "content" "shelf"];
    STATS: "stats" false "flags=no-writes" ["counting"];
    RECOUNT: "recount" true "flags=allow-oom" ["record" "counting" "walk"];
    SPLIT_LANE: "split_lane" true "flags=allow-oom"
        ["record" "content" "index" "moving" "shelf" "aside" "walk" "relocating"];
    ADOPT: "adopt" true "flags=allow-oom"
        ["record" "content" "index" "moving" "progress" "shelf" "aside" "walk" "relocating"];
    PURGE: "purge" true "flags=allow-oom" ["record" "content" "index" "moving" "shelf" "aside" "removing"];
    PROBE: "probe" true ""
        ["record" "content" "index" "moving" "progress" "shelf" "settle" "accepting" "removing" "types"];
    EXPORT: "export" false "flags=no-writes" ["record" "content" "shelf" "walk"];
    IMPORT: "import" true "" ["record" "index" "shelf"];
}
