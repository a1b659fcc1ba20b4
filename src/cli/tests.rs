//! The command line as a whole: its help, its examples, its completions.

use clap::{Command, CommandFactory, FromArgMatches};
use clap_complete::Shell;

use super::*;

/// Every command with the words that lead to it, groups included.
fn commands(command: &Command, path: &str) -> Vec<(String, Command)> {
    let mut all = vec![(path.to_owned(), command.clone())];
    for sub in command.get_subcommands() {
        all.extend(commands(sub, &format!("{path} {}", sub.get_name())));
    }
    all
}

fn every_command() -> Vec<(String, Command)> {
    commands(&Arguments::command(), "linkgate")
}

/// The lines of a help that are examples.
fn examples(command: &Command) -> Vec<String> {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let mut lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    lines.by_ref().map_while(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// The words of a line as a shell takes them, as far as our examples go: single quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    for letter in line.chars() {
        match letter {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    assert!(!is_quoted, "{line}");
    words.push(word);
    words
}

#[test]
fn every_command_has_examples_that_are_command_lines() {
    Arguments::command().debug_assert();
    let mut count = 0;
    for (path, command) in every_command() {
        let examples = examples(&command);
        assert!(!examples.is_empty(), "{path} --help has no examples");
        for line in examples {
            assert!(line.starts_with(&path), "{path} --help shows {line}");
            assert!(line.chars().all(|sign| sign != '"' && sign != '\\'), "unquoted: {line}");
            let matches = Arguments::command().try_get_matches_from(words(&line));
            let matches = matches.unwrap_or_else(|error| panic!("{line}\n{error}"));
            assert!(Arguments::from_arg_matches(&matches).is_ok(), "{line}");
            count += 1;
        }
    }
    assert!(count > 40, "{count} are too few to be all");
}

/// A command line that is none is not taken for an example.
#[test]
fn the_parser_tells_examples_from_mistakes() {
    for line in ["linkgate serve", "linkgate accounts", "linkgate keys list -c a.yaml --force"] {
        assert!(Arguments::command().try_get_matches_from(words(line)).is_err(), "{line}");
    }
    assert_eq!(words("a 'b c' d"), ["a", "b c", "d"]);
}

#[test]
fn completions_know_every_command_and_every_option() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let text = String::from_utf8(completions(shell)).unwrap();
        for (path, command) in every_command() {
            let name = command.get_name();
            assert!(text.contains(name), "{shell}: {path}");
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                let is_there = match shell {
                    Shell::Fish => text.contains(&format!("-l {option}")),
                    _ => text.contains(&format!("--{option}")),
                };
                assert!(is_there, "{shell}: {path} --{option}");
            }
        }
    }
}
