//! The API token: read once, from one of three places, and never shown.
//!
//! Owns where a token may be kept and what makes a place unsafe. [`Token`] has no text form; who
//! sends it asks for it by name. Does not know which requests carry it.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};

use super::{
    command::{self, Bounds, Ran},
    environment::Environment,
};
use crate::trust::{open_file, trust};

/// The variable that comes before every other place.
const VARIABLE: &str = "KANTATA_TOKEN";

/// More than any token has; what is longer is another file.
const LONGEST: u64 = 8 * 1024;

/// What a token command may take.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(30), output: 64 * 1024 };

/// A bearer token: visible ASCII. Wiped from memory when dropped; `Debug` shows nothing of it.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

impl Token {
    /// The text, for the header that carries it and for finding it in what must not show it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Takes text from one of the places; blanks environment it are dropped.
    fn read(text: &str, place: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let place = || place.to_owned();
        if text.is_empty() {
            return Err(TokenError::Empty { place: place() });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Characters { place: place() });
        }
        Ok(Self(SecretString::from(text)))
    }
}

/// Where the configuration says that the token is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenSource {
    /// Nowhere: it must be in `KANTATA_TOKEN`.
    #[default]
    VariableOnly,
    /// `token_file`.
    File(PathBuf),
    /// `token_command`, in words; the first is the program. No shell is involved.
    Command(Vec<String>),
}

/// Why there is no token. Says nothing of what was found in its place.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No place is set.
    #[error(
        "there is no API token: `KANTATA_TOKEN` is not set, and the configuration has neither `token_file` nor `token_command`"
    )]
    Missing,
    /// A place is set and has nothing in it.
    #[error("the API token from {place} is empty")]
    Empty {
        /// Which place.
        place: String,
    },
    /// Blanks within, several lines, or characters that no header can carry.
    #[error("the API token from {place} has characters other than visible ASCII in it")]
    Characters {
        /// Which place.
        place: String,
    },
    /// The file cannot be read.
    #[error("cannot read the token file `{}`", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The group or everybody may read or write the file.
    #[error("the token file `{}` is open to others (mode {mode:04o}); run `chmod 600` on it", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The command cannot be started.
    #[error("cannot run the token command `{program}`")]
    Start {
        /// The first word.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The command ended with a failure.
    #[error(
        "the token command `{program}` failed ({status}); what it says is not shown, as it may hold the token: run it by hand, as `token_command` has it"
    )]
    Command {
        /// The first word.
        program: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The command did not end.
    #[error("the token command `{program}` did not end within {} s and was stopped; run it by hand, as `token_command` has it: does it wait for an answer?", limit.as_secs())]
    Slow {
        /// The first word.
        program: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The command wrote more than a token.
    #[error("the token command `{program}` wrote more than {} KiB and was stopped; it must write the token and nothing else", limit / 1024)]
    Chatty {
        /// The first word.
        program: String,
        /// How much is read, in bytes.
        limit: usize,
    },
}

/// Reads the token: `KANTATA_TOKEN` if it is set, else what the configuration names.
///
/// # Errors
/// When there is none, or the place that is set does not give a usable one; the next place is not
/// tried then.
pub fn read_token(source: &TokenSource, environment: &Environment) -> Result<Token, TokenError> {
    if let Some(text) = environment.variable(VARIABLE) {
        return Token::read(&text, &format!("`{VARIABLE}`"));
    }
    match source {
        TokenSource::VariableOnly => Err(TokenError::Missing),
        TokenSource::File(path) => read_file(path),
        TokenSource::Command(words) => run_command(words),
    }
}

/// Where [`read_token`] looks, in words.
#[must_use]
pub fn token_place(source: &TokenSource, environment: &Environment) -> String {
    if environment.variable(VARIABLE).is_some() {
        return format!("`{VARIABLE}`");
    }
    match source {
        TokenSource::VariableOnly => "nowhere".to_owned(),
        TokenSource::File(path) => format!("token_file `{}`", path.display()),
        TokenSource::Command(words) => {
            format!("token_command `{}`", words.first().map_or("", String::as_str))
        }
    }
}

fn read_file(path: &Path) -> Result<Token, TokenError> {
    let failed = |source| TokenError::File { path: path.to_owned(), source };
    let file = open_file(path).map_err(failed)?;
    refuse_open(path, &file)?;
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes).map_err(failed)?;
    Token::read(&String::from_utf8_lossy(&bytes), &format!("`{}`", path.display()))
}

/// Looks at the open file, not at the path, so that what is checked is what is read.
#[cfg(unix)]
fn refuse_open(path: &Path, file: &File) -> Result<(), TokenError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata =
        file.metadata().map_err(|source| TokenError::File { path: path.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(TokenError::Open { path: path.to_owned(), mode });
    }
    trust(path, &metadata).map_err(|source| TokenError::File { path: path.to_owned(), source })
}

#[cfg(not(unix))]
fn refuse_open(_: &Path, _: &File) -> Result<(), TokenError> {
    Ok(())
}

fn run_command(words: &[String]) -> Result<Token, TokenError> {
    let program = words.first().ok_or(TokenError::Missing)?;
    let program = program.clone();
    match command::run(words, BOUNDS) {
        Err(source) => Err(TokenError::Start { program, source }),
        Ok(Ran::TooSlow) => Err(TokenError::Slow { program, limit: BOUNDS.time }),
        Ok(Ran::TooMuch) => Err(TokenError::Chatty { program, limit: BOUNDS.output }),
        Ok(Ran::Ended(status, _)) if !status.success() => {
            Err(TokenError::Command { program, status })
        }
        Ok(Ran::Ended(_, output)) => {
            Token::read(&String::from_utf8_lossy(&output), "`token_command`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t-t0ken";

    fn nothing() -> Environment {
        Environment::of(&[], Path::new("/"))
    }

    fn command(text: &str) -> TokenSource {
        TokenSource::Command(shell_words::split(text).expect("closed quotes"))
    }

    #[cfg(unix)]
    fn file(folder: &Path, text: &str, mode: u32) -> TokenSource {
        use std::os::unix::fs::PermissionsExt;

        let path = folder.join("token");
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("set");
        TokenSource::File(path)
    }

    #[test]
    fn words_are_split_without_a_shell() {
        let words = |text| shell_words::split(text).ok().map(|words| words.join("|"));
        for (text, expected) in [
            ("pass show  kantata/token", Some("pass|show|kantata/token")),
            ("a 'b c' \"d e\"f", Some("a|b c|d ef")),
            ("a '' b", Some("a||b")),
            ("a # b", Some("a")),
            (r#"a\ b "c\"d" 'e\f'"#, Some(r#"a b|c"d|e\f"#)),
            ("a $HOME; b | c", Some("a|$HOME;|b|||c")),
            ("", Some("")),
            ("a 'b", None),
            ("a \\", Some("a|\\")),
        ] {
            assert_eq!(words(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_variable_comes_first_and_an_empty_one_is_an_error() {
        let environment = Environment::of(&[(VARIABLE, " s3cr3t-t0ken\n")], Path::new("/"));
        let token = read_token(&command("false"), &environment).expect("a token");
        assert_eq!(token.expose(), SECRET);
        let environment = Environment::of(&[(VARIABLE, "")], Path::new("/"));
        let error = read_token(&command("echo other"), &environment).expect_err("empty");
        assert_eq!(error.to_string(), "the API token from `KANTATA_TOKEN` is empty");
    }

    #[test]
    fn without_a_token_all_three_places_are_named() {
        let error = read_token(&TokenSource::VariableOnly, &nothing()).expect_err("none");
        for place in ["KANTATA_TOKEN", "token_file", "token_command"] {
            assert!(error.to_string().contains(place), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_token_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        for (mode, fits) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            let source = file(folder.path(), "s3cr3t-t0ken\n", mode);
            let found = read_token(&source, &nothing());
            assert_eq!(found.is_ok(), fits, "{mode:o}");
            if let Err(error) = found {
                assert!(matches!(error, TokenError::Open { .. }), "{error}");
                assert!(error.to_string().contains(&format!("mode {mode:04o}")), "{error}");
            }
            std::fs::remove_file(folder.path().join("token")).expect("removed");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_token_that_no_header_carries_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["s3cr3t\nt0ken", "s3cr3t t0ken", "s3cr3t\u{e9}", "s3cr3t\u{0}"] {
            let error = read_token(&file(folder.path(), text, 0o600), &nothing());
            let error = error.expect_err("refused");
            assert!(matches!(error, TokenError::Characters { .. }), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_command_gives_its_output_and_its_complaints_are_not_shown() {
        let token = read_token(&command("printf 's3cr3t-t0ken\\n'"), &nothing()).expect("token");
        assert_eq!(token.expose(), SECRET);
        let source = command("sh -c 'echo s3cr3t-t0ken; echo s3cr3t-t0ken >&2; exit 3'");
        let error = read_token(&source, &nothing()).expect_err("failed");
        let text = error.to_string();
        assert!(text.starts_with("the token command `sh` failed (exit status: 3);"), "{text}");
        assert!(!format!("{error} {error:?}").contains(SECRET));
        let error = read_token(&command("yes"), &nothing()).expect_err("chatty");
        assert!(error.to_string().contains("more than 64 KiB"), "{error}");
        let error = read_token(&command("no-such-program-here"), &nothing()).expect_err("none");
        assert_eq!(error.to_string(), "cannot run the token command `no-such-program-here`");
    }

    #[test]
    fn debug_does_not_show_the_token() {
        let token = Token::read(SECRET, "a test").expect("a token");
        assert!(!format!("{token:?}").contains(SECRET));
    }
}
