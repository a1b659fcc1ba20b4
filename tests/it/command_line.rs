//! The commands as a shell meets them: exit codes, where they write, completions.

use std::io::Write;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

const FILE: &str = r#"listen: [{ address: "127.0.0.1:$PORT" }]
admin: { listen: off }
store: { memory: {} }
mail: { from: login@example.com, folder: { path: mails } }
sites:
  - name: app
    origin: http://localhost
    upstream: http://127.0.0.1:3000
    allow: [everyone]
"#;

/// What a command says: exit code, standard output, standard error.
type Said = (Option<i32>, String, String);

fn linkgate(arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
    let Output { status, stdout, stderr } =
        command.args(arguments).stdin(Stdio::null()).output().expect("linkgate runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (status.code(), text(stdout), text(stderr))
}

/// A configuration in a folder of its own.
fn configured(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("linkgate.yaml");
    std::fs::write(&path, text).expect("a file");
    (folder, path.display().to_string())
}

#[test]
fn what_worked_is_0_and_answers_on_the_standard_output() {
    let (_folder, path) = configured(&FILE.replace("$PORT", "0"));
    for line in [
        &["--help"][..],
        &["-h"],
        &["help"],
        &["help", "accounts", "add"],
        &["accounts", "--help"],
        &["keys", "rotate", "--help"],
        &["--version"],
        &["completions", "bash"],
        &["check", "-c", &path],
        &["explain", "-c", &path, "GET", "http://localhost/"],
    ] {
        let (code, out, err) = linkgate(line);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line:?}");
        assert!(!out.is_empty(), "{line:?}");
        let is_help = line.iter().any(|word| word.contains("help") || *word == "-h");
        assert_eq!(out.contains("\nExamples:\n  linkgate "), is_help, "{line:?}: {out}");
    }
}

#[test]
fn what_could_not_be_done_is_1_and_says_why() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let (_folder, path) = configured(&FILE.replace("$PORT", &port));
    for (line, why) in [
        (&["serve", "-c", &path][..], "cannot listen there"),
        (&["accounts", "list", "-c", &path], "no admin API"),
        (&["keys", "list", "-c", &path], "no admin API"),
    ] {
        let (code, _, err) = linkgate(line);
        assert_eq!(code, Some(1), "{line:?}: {err}");
        assert!(err.contains(why), "{line:?}: {err}");
    }
}

/// Where it was looked for, and never how it is logged in to.
#[test]
fn a_redis_that_is_not_there_is_named() {
    // Nobody else may have the port meanwhile, and nobody listens there.
    let held = tokio::net::TcpSocket::new_v4().expect("a socket");
    held.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
    let address = held.local_addr().expect("it has one").to_string();
    let store = "{ redis: { url: { file: url } } }";
    let secret = "secret: { file: secret }";
    let file = FILE.replace("$PORT", "0").replace("{ memory: {} }", store);
    let (folder, path) = configured(&format!("{secret}\n{file}"));
    let write = |name, text| std::fs::write(folder.path().join(name), text).expect("a file");
    write("secret", "a secret of tests, ".repeat(4));
    write("url", format!("redis://lg:hidden@{address}/2"));
    for line in [&["sessions", "list"][..], &["accounts", "list"], &["audit"]] {
        let (code, out, err) = linkgate(&[line, &["-c", &path]].concat());
        assert_eq!((code, out.as_str()), (Some(1), ""), "{line:?}: {err}");
        assert!(err.contains(&format!("{address} (of store.redis) cannot be used: ")), "{err}");
        assert!(!err.contains("hidden"), "{err}");
    }
}

#[test]
fn mistakes_in_the_command_line_and_the_configuration_are_64() {
    let (_folder, path) = configured(&FILE.replace("$PORT", "0").replace("name:", "nam:"));
    for (line, why) in [
        (&[][..], "Usage: linkgate <COMMAND>"),
        (&["serf"], "unrecognized subcommand 'serf'"),
        (&["--verbose"], "unexpected argument '--verbose'"),
        (&["serve"], "--config <FILE>"),
        (&["serve", "-c"], "--config <FILE>"),
        (&["serve", "-c", &path, "more"], "unexpected argument 'more'"),
        (&["accounts"], "Usage: linkgate accounts <COMMAND>"),
        (&["keys"], "Usage: linkgate keys <COMMAND>"),
        (&["keys", "destroy"], "unrecognized subcommand 'destroy'"),
        (&["accounts", "add", "-c", &path, "bob"], "bob"),
        (&["demo", "--port", "70000"], "70000"),
        (&["completions", "cmd.exe"], "[possible values: bash"),
        (&["check", "-c", &path], "sites[0].nam: is no key that we know"),
        (&["serve", "-c", &path], "sites[0].nam: is no key that we know"),
        (
            &["accounts", "add", "-c", &path, "bob@example.com"],
            "sites[0].nam: is no key that we know",
        ),
        (&["accounts", "suspend", "-c", &path, "bob@example.com"], "does not go on"),
        (&["check", "-c", "no/such/file.yaml"], "cannot be read"),
    ] {
        let (code, out, err) = linkgate(line);
        assert_eq!((code, out.as_str()), (Some(64), ""), "{line:?}: {err}");
        assert!(err.contains(why), "{line:?}: {err}");
    }
}

/// What bash offers for the last of these words.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let last = words.len() - 1;
    let ask = format!(
        "source /dev/stdin; COMP_WORDS=({}); COMP_CWORD={last}; \
         _linkgate linkgate '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words[last],
        words[last - 1],
    );
    let mut bash = Command::new("bash")
        .args(["--norc", "-c", &ask])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut pipe = bash.stdin.take().expect("a pipe");
    pipe.write_all(script.as_bytes()).expect("the script");
    drop(pipe);
    let output = bash.wait_with_output().expect("bash ends");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let (code, script, _) = linkgate(&["completions", "bash"]);
    assert_eq!(code, Some(0));
    assert_eq!(offered(&script, &["linkgate", "acc"]), ["accounts"]);
    assert_eq!(offered(&script, &["linkgate", "accounts", "su"]), ["suspend"]);
    assert_eq!(offered(&script, &["linkgate", "keys", "rotate", "--n"]), ["--now"]);
    assert_eq!(offered(&script, &["linkgate", "completions", "f"]), ["fish"]);
    assert_eq!(offered(&script, &["linkgate", "nothing"]), [""]);
}

#[test]
fn zsh_and_fish_get_scripts_of_their_own() {
    let (code, zsh, _) = linkgate(&["completions", "zsh"]);
    assert_eq!((code, zsh.lines().next()), (Some(0), Some("#compdef linkgate")));
    let (code, fish, _) = linkgate(&["completions", "fish"]);
    assert_eq!(code, Some(0));
    assert!(fish.lines().any(|line| line.starts_with("complete -c linkgate ")), "{fish}");
}

#[test]
fn a_reader_who_leaves_early_is_no_accident() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_linkgate"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("linkgate runs");
    drop(child.stdout.take());
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert_eq!((status.code(), stderr), (Some(0), Vec::new()));
}
