//! What a process finds environment itself: environment variables and the working directory.
//!
//! A value, so that tests set up their own; nothing else in `config` asks the operating system for
//! variables. It knows the XDG folders and the home folder, not what is kept there.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// The environment and the working directory.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, OsString>,
    folder: PathBuf,
}

impl Environment {
    /// Takes what the process was given; the caller asks for it once.
    ///
    /// What is not UTF-8 in the name of a variable becomes U+FFFD.
    #[must_use]
    pub fn new(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        folder: impl Into<PathBuf>,
    ) -> Self {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value))
            .collect();
        Self { variables, folder: folder.into() }
    }

    /// A variable, set to something or to nothing; what is not UTF-8 in it becomes U+FFFD.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.variables.get(name).map(|value| value.to_string_lossy())
    }

    /// The variables whose name begins so, by the rest of their name, in order.
    pub(super) fn with_prefix<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a OsStr)> {
        self.variables
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_os_str())))
    }

    /// The working directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A folder named by a variable; XDG says that relative and empty ones count as not set.
    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.variables.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        self.absolute("HOME")
    }

    /// `$XDG_CONFIG_HOME/kantata-sync`, else `~/.config/kantata-sync`.
    pub(super) fn config_folder(&self) -> Option<PathBuf> {
        let base = self.absolute("XDG_CONFIG_HOME");
        base.or_else(|| Some(self.home()?.join(".config"))).map(|base| base.join("kantata-sync"))
    }

    /// `$XDG_STATE_HOME/kantata-sync`, else `~/.local/state/kantata-sync`; with the variable that
    /// decided.
    pub(super) fn state_folder(&self) -> Option<(PathBuf, &'static str)> {
        let (base, variable) = match self.absolute("XDG_STATE_HOME") {
            Some(base) => (base, "XDG_STATE_HOME"),
            None => (self.home()?.join(".local/state"), "HOME"),
        };
        Some((base.join("kantata-sync"), variable))
    }

    /// Makes a path absolute: `~/` is the home folder, all else is relative to `base`.
    pub(super) fn resolve(&self, path: &str, base: &Path) -> PathBuf {
        match (path.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.folder.join(base).join(path),
        }
    }
}

#[cfg(test)]
impl Environment {
    pub(super) fn of(variables: &[(&str, &str)], folder: &Path) -> Self {
        let owned = variables.iter().map(|(name, value)| (name.into(), value.into()));
        Self::new(owned, folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_folders_stand_before_home_and_relative_ones_do_not_count() {
        let folder = |variables: &[(&str, &str)]| {
            Environment::of(variables, Path::new("/work")).state_folder()
        };
        let home = ("HOME", "/home/a");
        assert_eq!(
            folder(&[home, ("XDG_STATE_HOME", "/state")]),
            Some(("/state/kantata-sync".into(), "XDG_STATE_HOME"))
        );
        for xdg in ["", "state"] {
            assert_eq!(
                folder(&[home, ("XDG_STATE_HOME", xdg)]),
                Some(("/home/a/.local/state/kantata-sync".into(), "HOME"))
            );
        }
        assert_eq!(folder(&[]), None);
    }

    #[test]
    fn paths_are_resolved_against_home_or_their_base() {
        let environment = Environment::of(&[("HOME", "/home/a")], Path::new("/work"));
        let resolve = |path| environment.resolve(path, Path::new("conf"));
        assert_eq!(resolve("~/t"), Path::new("/home/a/t"));
        assert_eq!(resolve("t"), Path::new("/work/conf/t"));
        assert_eq!(resolve("/t"), Path::new("/t"));
    }
}
