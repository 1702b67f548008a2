//! What a person should know of a run and that changes no exit code: as values with a code for
//! scripts, and here, and nowhere else, the words. Earlier versions wrote the words alone.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    memory::ProjectChange,
    model::{LOST_WITH_A_RECORD, ParticipationId, WorkspaceId, coded_or_words},
    plan::Remark,
    roster::{RosterNote, RosterWarning},
    run::RunId,
};

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum RunWarning {
    /// The last run of this profile was for another API.
    OtherApi {
        /// The API that is configured.
        base_url: String,
        /// The profile.
        profile: String,
        /// That run.
        run: RunId,
        /// The host and port that it was for.
        before: String,
    },
    /// Something was put right in reading the roster.
    PutRight {
        /// The roster.
        roster: String,
        /// What it was.
        row: RosterWarning,
    },
    /// What is to be known of the roster as a whole.
    OfRoster {
        /// The roster.
        roster: String,
        /// What it is.
        note: RosterNote,
    },
    /// An entry of `protect.users` means nobody on the projects in scope.
    ProtectsNobody {
        /// The entry.
        entry: String,
    },
    /// A live record has no person.
    NamesNoPerson {
        /// Which.
        participation: ParticipationId,
        /// Where.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
    },
    /// The last applied roster had a project, and this one has not.
    LeftTheRoster {
        /// Which.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
        /// How many were managed there.
        memberships: usize,
    },
    /// A project that the last applied run could read cannot be read now.
    ReadBefore {
        /// Which.
        workspace: WorkspaceId,
        /// Its title.
        title: String,
    },
    /// What the last applied run left cannot be read.
    MemoryUnread {
        /// Why, in words.
        message: String,
    },
    /// The journal of the last run that wrote cannot be read.
    DoubtsUnknown {
        /// That run.
        run: RunId,
        /// Why, in words.
        message: String,
    },
    /// The journal of the last run that wrote is damaged.
    JournalDamaged {
        /// That run.
        run: RunId,
        /// Where, in words.
        damage: String,
    },
    /// What the next run has to know could not be kept.
    NotRemembered {
        /// Why, in words.
        message: String,
    },
    /// Not all of the run's output could be written.
    OutputNotWritten {
        /// Why, in words.
        message: String,
    },
    /// An undo does not take back all that the run touched.
    NotTakenBack {
        /// How many it touched.
        touched: usize,
        /// Of how many something is left.
        held: usize,
    },
    /// The journal of the run that is undone has no end.
    JournalCut {
        /// That run.
        run: RunId,
    },
    /// An undo creates anew whom the run deleted.
    CreatedAgain {
        /// How many.
        memberships: usize,
    },
    /// Of these the run could not see the access level.
    LevelUnknown {
        /// How many.
        memberships: usize,
    },
    /// The next apply of the same roster does again what an undo takes back.
    DoneAgainByTheRoster,
    /// As an earlier version said it.
    Earlier {
        /// The words.
        words: String,
    },
}

impl From<String> for RunWarning {
    fn from(words: String) -> Self {
        Self::Earlier { words }
    }
}

impl From<Remark> for RunWarning {
    fn from(remark: Remark) -> Self {
        match remark {
            Remark::NamesNoPerson { participation, workspace, title } => {
                Self::NamesNoPerson { participation, workspace, title }
            }
        }
    }
}

impl From<ProjectChange> for RunWarning {
    fn from(change: ProjectChange) -> Self {
        match change {
            ProjectChange::Left { workspace, title, memberships } => {
                Self::LeftTheRoster { workspace, title, memberships }
            }
            ProjectChange::Unreadable { workspace, title } => Self::ReadBefore { workspace, title },
        }
    }
}

impl fmt::Display for RunWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherApi { base_url, profile, run, before } => write!(
                f,
                "the token goes to `{base_url}`; the last run of the profile `{profile}` ({run}) was for `{before}`: if nobody changed `base_url`, stop this run and change the token"
            ),
            Self::PutRight { roster, row } => write!(f, "{roster}:{row}"),
            Self::OfRoster { roster, note } => write!(f, "{roster}: {note}"),
            Self::ProtectsNobody { entry } => {
                write!(f, "`{entry}` in protect.users matches nobody on the projects in scope")
            }
            Self::NamesNoPerson { participation, workspace, title } => write!(
                f,
                "participation {participation} of project {workspace} ({title}) names no person; it is held"
            ),
            Self::LeftTheRoster { workspace, title, memberships } => write!(
                f,
                "project {workspace} ({title}) left the roster, {memberships} memberships no longer managed"
            ),
            Self::ReadBefore { workspace, title } => write!(
                f,
                "project {workspace} ({title}) was read in the last applied run and cannot be read now"
            ),
            Self::DoubtsUnknown { run, message } => {
                write!(f, "what run {run} left in doubt is not known: {message}")
            }
            Self::JournalDamaged { run, damage } => write!(f, "run {run}: {damage}"),
            Self::NotRemembered { message } => write!(
                f,
                "{message}: this run does not count for absences and changes without effect"
            ),
            Self::OutputNotWritten { message } => {
                write!(f, "not all of its output could be written: {message}")
            }
            Self::MemoryUnread { message: words } | Self::Earlier { words } => f.write_str(words),
            of_an_undo => of_an_undo.undo_words(f),
        }
    }
}

impl RunWarning {
    fn undo_words(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTakenBack { touched, held } => write!(
                f,
                "of {touched} memberships that the run touched, {held} are not taken back, or only in part: each is listed as held with its reason; correct those through the roster"
            ),
            Self::JournalCut { run } => write!(
                f,
                "the journal of run {run} has no end: the run was killed, or the file is cut off; what it does not record is not undone"
            ),
            Self::CreatedAgain { memberships } => write!(
                f,
                "memberships created again: {memberships}; the {LOST_WITH_A_RECORD} that they had do not come back"
            ),
            Self::LevelUnknown { memberships } => write!(
                f,
                "memberships of these whose access level the run could not see: {memberships}; they get the account's default"
            ),
            Self::DoneAgainByTheRoster => f.write_str(
                "the next apply of the same roster does it all again, unless the roster is corrected first",
            ),
            _ => Ok(()),
        }
    }
}

/// A warning as it is written: its words beside its code.
#[derive(Serialize)]
struct WrittenWarning<'a> {
    #[serde(flatten)]
    warning: &'a RunWarning,
    text: String,
}

/// Writes warnings.
pub(super) fn write<S: Serializer>(
    warnings: &[RunWarning],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        warnings.iter().map(|warning| WrittenWarning { warning, text: warning.to_string() }),
    )
}

/// Reads warnings; earlier versions wrote their words alone.
pub(super) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<RunWarning>, D::Error> {
    #[derive(Deserialize)]
    struct Read(#[serde(deserialize_with = "coded_or_words")] RunWarning);
    let read = Vec::<Read>::deserialize(deserializer)?;
    Ok(read.into_iter().map(|Read(warning)| warning).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{RunReport, json, sample};

    fn read(text: &str) -> RunReport {
        json::read(text.as_bytes()).expect("a report")
    }

    #[test]
    fn a_warning_is_written_with_its_code_and_its_words_and_read_back() {
        let run: RunId = "20261124T030739Z-1f2e3d4c".parse().expect("a run");
        let workspace = WorkspaceId::new(105).expect("not 0");
        let warnings = vec![
            RunWarning::LeftTheRoster { workspace, title: "Ember".to_owned(), memberships: 4 },
            RunWarning::NotTakenBack { touched: 3, held: 1 },
            RunWarning::DoneAgainByTheRoster,
            RunWarning::JournalCut { run },
        ];
        let report = RunReport { warnings, ..sample::empty() };
        let mut out = Vec::new();
        json::render(&report, &mut out).expect("memory");
        let text = String::from_utf8(out).expect("UTF-8");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            value["warnings"][0],
            serde_json::json!({
                "code": "left_the_roster",
                "workspace": 105,
                "title": "Ember",
                "memberships": 4,
                "text": "project 105 (Ember) left the roster, 4 memberships no longer managed",
            })
        );
        assert_eq!(value["warnings"][2]["code"], "done_again_by_the_roster");
        assert_eq!(read(&text), report);
    }

    #[test]
    fn words_of_an_earlier_version_are_still_a_warning() {
        let mut value = serde_json::to_value(sample::empty()).expect("plain");
        value["warnings"] = serde_json::json!(["as it was said"]);
        let report = read(&value.to_string());
        assert_eq!(report.warnings, [RunWarning::Earlier { words: "as it was said".to_owned() }]);
        assert_eq!(report.warnings[0].to_string(), "as it was said");
    }

    #[test]
    fn no_warning_is_without_words() {
        let of_an_undo = [
            RunWarning::NotTakenBack { touched: 3, held: 1 },
            RunWarning::CreatedAgain { memberships: 2 },
            RunWarning::LevelUnknown { memberships: 1 },
            RunWarning::DoneAgainByTheRoster,
        ];
        assert!(of_an_undo.iter().all(|warning| !warning.to_string().is_empty()));
    }
}
