//! Where a value is from: which layer, and which place of a file.
//!
//! Knows no keys and reads nothing.

use std::{fmt, path::PathBuf};

/// Which layer a value is from; a later variant wins over an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `config/default.toml`, compiled in.
    Default,
    /// What the system says where nothing is set: a variable such as `XDG_STATE_HOME`.
    System(&'static str),
    /// The configuration file.
    File(String),
    /// A `[profile.NAME]` of the configuration file.
    Profile(String),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl Source {
    /// Whether one layer holds both; two variables are one layer.
    pub(super) fn is_same_layer(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Where exactly a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The layer.
    pub source: Source,
    /// Where in the file.
    pub position: Option<Position>,
    /// What a relative path in the value is relative to; empty for the working directory.
    pub base: PathBuf,
}

impl Origin {
    pub(super) fn of(source: Source) -> Self {
        Self { source, position: None, base: PathBuf::new() }
    }

    /// To the character, for a person who has to correct something there.
    pub(super) fn exact(&self) -> String {
        let column = self.position.map(|at| format!(":{}", at.column));
        format!("{self}{}", column.unwrap_or_default())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, self.position) {
            (Source::Default, _) => f.write_str("default"),
            (Source::File(file) | Source::Profile(file), Some(at)) => {
                write!(f, "{file}:{}", at.line)
            }
            (Source::File(name) | Source::Profile(name) | Source::Variable(name), _) => {
                f.write_str(name)
            }
            (Source::System(name) | Source::Flag(name), _) => f.write_str(name),
        }
    }
}

/// A place in a text, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Position {
    /// Where the byte at `offset` is.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_in_characters() {
        for (text, offset, line, column) in
            [("", 0, 1, 1), ("a\r\nb = é1", 3, 2, 1), ("a\nb = é1", 8, 2, 6), ("a", 99, 1, 2)]
        {
            assert_eq!(Position::of(text, offset), Position { line, column }, "{text} {offset}");
        }
    }
}
