//! The `config` command's output: every effective value as TOML, with where it came from.
//!
//! The lines without their comments are a configuration that means the same. There is no token in
//! it, because there is none in the configuration.

use std::io::{self, Write};

use super::{Configuration, key::KEYS, origin::Source};

/// Writes the effective values.
///
/// # Errors
/// Those of the writer.
pub fn render_config(configuration: &Configuration, out: &mut dyn Write) -> io::Result<()> {
    match &configuration.file {
        Some(file) => writeln!(out, "# file: {}", file.display())?,
        None => writeln!(out, "# file: none")?,
    }
    if let Some(profile) = &configuration.settings.profile {
        writeln!(out, "# profile: {profile}")?;
    }
    let mut open = "";
    for key in KEYS {
        let (table, name) = key.path.rsplit_once('.').unwrap_or(("", key.path));
        if table != open {
            writeln!(out, "\n[{table}]")?;
            open = table;
        }
        match configuration.values.get(key.path) {
            Some((value, origin)) => {
                let profile =
                    if matches!(origin.source, Source::Profile(_)) { " (profile)" } else { "" };
                writeln!(out, "{name} = {value}  # from {origin}{profile}")?;
            }
            None => writeln!(out, "# {name} is not set")?,
        }
    }
    Ok(())
}
