//! What the names of a roster mean: the one door to whoever knows.
//!
//! Owns what is asked, and that ids ask nothing. Knows no network: a directory is whatever can
//! answer.

use std::{collections::BTreeSet, error::Error, path::Path};

use super::{
    error::RosterError,
    meaning::{Known, Meanings},
    name::{PersonRef, ProjectRef},
    read::{Names, ParsedRoster},
    settings::ReaderSettings,
    settled::Roster,
};
use crate::model::{UserId, WorkspaceId};

/// Whoever knows what names mean.
pub trait ReadDirectory {
    /// Why it cannot be asked.
    type Error: Error + 'static;

    /// All whom each of these names may mean; a name that is not in the answer means nobody.
    fn find_people(
        &self,
        names: &BTreeSet<PersonRef>,
    ) -> impl Future<Output = Result<Meanings<PersonRef, UserId>, Self::Error>>;

    /// The same of projects.
    fn find_projects(
        &self,
        names: &BTreeSet<ProjectRef>,
    ) -> impl Future<Output = Result<Meanings<ProjectRef, WorkspaceId>, Self::Error>>;
}

impl ParsedRoster {
    /// The roster, its names looked up. Nobody is asked where all rows are by id.
    ///
    /// # Errors
    /// When the directory cannot be asked.
    pub async fn resolve<D: ReadDirectory>(self, directory: &D) -> Result<Roster, D::Error> {
        let known = look_up(&self.names(), directory).await?;
        Ok(self.settle(&known))
    }
}

/// What all these names mean. Nobody is asked for none.
///
/// # Errors
/// When the directory cannot be asked.
pub async fn look_up<D: ReadDirectory>(names: &Names, directory: &D) -> Result<Known, D::Error> {
    let Names { people, projects } = names;
    let mut known = Known::default();
    if !people.is_empty() {
        known.people = directory.find_people(people).await?;
    }
    if !projects.is_empty() {
        known.projects = directory.find_projects(projects).await?;
    }
    Ok(known)
}

/// Reads a roster file whose rows are by id.
///
/// # Errors
/// When the file cannot be opened or read as a roster.
pub fn read_roster(path: &Path, settings: &ReaderSettings) -> Result<Roster, RosterError> {
    Ok(ParsedRoster::read(path, settings)?.settle(&Known::default()))
}

/// Reads a roster from the bytes of a file; the path only names it.
///
/// # Errors
/// As [`read_roster`], but for opening the file.
pub fn parse_roster(
    bytes: Vec<u8>,
    path: &Path,
    settings: &ReaderSettings,
) -> Result<Roster, RosterError> {
    Ok(ParsedRoster::parse(bytes, path, settings)?.settle(&Known::default()))
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, convert::Infallible};

    use super::*;
    use crate::{
        model::{MembershipKey, sample::key},
        roster::{Expected, Meaning, NoMeaning, RecordStatus},
    };

    /// Ada has two addresses, two people share the key `twin`; two projects are called Twice.
    #[derive(Default)]
    struct Fake {
        asked: RefCell<Vec<String>>,
    }

    impl Fake {
        fn note(&self, names: &BTreeSet<impl std::fmt::Debug>) {
            self.asked.borrow_mut().extend(names.iter().map(|name| format!("{name:?}")));
        }
    }

    fn meanings<N: Clone + Ord, I: Copy + ToString>(
        names: &BTreeSet<N>,
        mean: impl Fn(&N) -> Vec<I>,
    ) -> Meanings<N, I> {
        let meaning = |ids: &[I]| match ids {
            [] => Meaning::None(NoMeaning::Unknown { near: None }),
            [id] => Meaning::One(*id),
            several => Meaning::None(NoMeaning::Several {
                candidates: several.iter().map(ToString::to_string).collect(),
                count: several.len(),
            }),
        };
        names.iter().map(|name| (name.clone(), meaning(&mean(name)))).collect()
    }

    impl ReadDirectory for Fake {
        type Error = Infallible;

        async fn find_people(
            &self,
            names: &BTreeSet<PersonRef>,
        ) -> Result<Meanings<PersonRef, UserId>, Infallible> {
            self.note(names);
            Ok(meanings(names, |name| {
                let ids: &[u64] = match name {
                    PersonRef::Email(text) => match text.as_str() {
                        "ada@example.com" | "ada@old.example" => &[7],
                        "bo@example.com" => &[8],
                        _ => &[],
                    },
                    PersonRef::Reference(text) if text == "twin" => &[8, 9],
                    PersonRef::Reference(text) if text == "12" => &[12],
                    _ => &[],
                };
                ids.iter().filter_map(|id| UserId::new(*id)).collect()
            }))
        }

        async fn find_projects(
            &self,
            names: &BTreeSet<ProjectRef>,
        ) -> Result<Meanings<ProjectRef, WorkspaceId>, Infallible> {
            self.note(names);
            Ok(meanings(names, |name| {
                let ids: &[u64] = match name {
                    ProjectRef::Title(text) if text == "Atlas" => &[1],
                    ProjectRef::Title(text) if text == "Twice" => &[2, 3],
                    ProjectRef::Reference(text) if text == "X-4" => &[4],
                    _ => &[],
                };
                ids.iter().filter_map(|id| WorkspaceId::new(*id)).collect()
            }))
        }
    }

    fn settings() -> ReaderSettings {
        ReaderSettings {
            names: true,
            person_service: Some("hr".to_owned()),
            project_service: Some("erp".to_owned()),
            ..ReaderSettings::default()
        }
    }

    async fn resolved(text: &str) -> (Roster, Vec<String>) {
        let fake = Fake::default();
        let parsed = ParsedRoster::parse(text.into(), Path::new("r.csv"), &settings());
        let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {:?}", error.messages()));
        let roster = parsed.resolve(&fake).await.expect("a directory that answers");
        (roster, fake.asked.into_inner())
    }

    fn wanted(roster: &Roster) -> Vec<(u64, MembershipKey)> {
        roster.desired.entries().iter().map(|entry| (entry.line, entry.key)).collect()
    }

    #[tokio::test]
    async fn names_are_asked_for_once_and_mean_what_the_directory_says() {
        let (roster, asked) = resolved(
            "project,email,role\n Atlas ,ada@example.com,maven\nAtlas,bo@example.com,buyer\n",
        )
        .await;
        assert_eq!(roster.problems, []);
        assert_eq!(wanted(&roster), [(2, key(1, 7)), (3, key(1, 8))]);
        let names = ["Email(\"ada@example.com\")", "Email(\"bo@example.com\")"];
        assert_eq!(asked, [names[0], names[1], "Title(\"Atlas\")"]);
        let records: Vec<_> = roster.records().map(|one| (one.line, one.key)).collect();
        assert_eq!(records, [(2, Some(key(1, 7))), (3, Some(key(1, 8)))]);
        assert!(roster.records().all(|record| record.status == RecordStatus::Valid));
    }

    #[tokio::test]
    async fn rows_by_id_ask_nobody() {
        let text = "workspace_id,user_id,email,role\n1,7,,maven\n1,8,,maven\n";
        let (roster, asked) = resolved(text).await;
        assert_eq!((wanted(&roster).len(), asked), (2, Vec::new()));
        let without = "workspace_id,user_id,role\n1,7,maven\n";
        assert_eq!(resolved(without).await.1, [""; 0]);
    }

    #[tokio::test]
    async fn what_nobody_knows_is_a_problem_of_its_line_and_freezes_what_it_must() {
        let (roster, _) = resolved(
            "Project,email,role\nAtlas,ada@example.com,maven\n\nAtlas,eve@example.com,maven\n",
        )
        .await;
        insta::assert_snapshot!(roster.messages().collect::<Vec<_>>().join("\n"), @"r.csv:4: email: `eve@example.com`: expected a name that the account knows");
        assert_eq!(wanted(&roster), [(2, key(1, 7))]);
        let freeze = &roster.desired.freeze;
        assert_eq!((freeze.lines(key(1, 1).workspace), &freeze.everywhere), (&[4][..], &vec![]));
        // It may be anybody there, so that nobody there is missing from the roster.
        assert!(roster.desired.may_mean(key(1, 99)) && !roster.desired.may_mean(key(2, 99)));
    }

    #[tokio::test]
    async fn a_project_that_nobody_knows_or_that_may_be_another_freezes_everything() {
        let (roster, _) = resolved(
            "project,project_reference,user_id,person_reference,role\nNowhere,,7,,maven\n\
             Twice,,,12,maven\n,X-4,,twin,maven\n,,8,,maven\n",
        )
        .await;
        insta::assert_snapshot!(roster.messages().collect::<Vec<_>>().join("\n"), @"
        r.csv:2: project: `Nowhere`: expected a name that the account knows
        r.csv:3: project: `Twice`: expected a name that means only one in the account, and 2 have this: 2, 3
        r.csv:4: person_reference: `twin`: expected a name that means only one in the account, and 2 have this: 8, 9
        r.csv:5: project: empty, but every row needs it
        ");
        assert_eq!(wanted(&roster), []);
        assert_eq!(roster.desired.freeze.everywhere, [2, 3, 5]);
        assert_eq!(roster.desired.freeze.workspaces.keys().count(), 1);
        // The person is known: wherever they are, the roster may mean them.
        assert!([7, 12, 8].into_iter().all(|user| roster.desired.may_mean(key(50, user))));
    }

    #[tokio::test]
    async fn all_that_a_row_says_of_one_has_to_agree() {
        let (roster, _) = resolved(
            "workspace_id,project,user_id,email,role\n1,Atlas,7,ada@example.com,maven\n\
             1,,8,ada@example.com,maven\n2,Atlas,9,,maven\n1,,x,ada@example.com,boss\n",
        )
        .await;
        insta::assert_snapshot!(roster.messages().collect::<Vec<_>>().join("\n"), @r#"
        r.csv:3: email: `ada@example.com`: expected the same as in user_id, which means 8
        r.csv:4: project: `Atlas`: expected the same as in workspace_id, which means 2
        r.csv:5: user_id: `x`: expected an id (digits only, no leading zero, greater than 0)
        r.csv:5: role: `boss`: expected `maven` (`provider`, `consultant`) or `buyer` (`client`); if it means `maven`: `roster.values.role."boss" = "maven"`
        "#);
        assert_eq!(wanted(&roster), [(2, key(1, 7))]);
        assert_eq!(roster.desired.freeze.everywhere, [4]);
    }

    #[tokio::test]
    async fn an_invalid_row_freezes_and_mentions_what_its_names_mean() {
        let (roster, _) = resolved(
            "project,email,role\nAtlas,ada@example.com,boss\nAtlas,bo@example.com,maven\n",
        )
        .await;
        assert_eq!(roster.problems.len(), 1);
        assert_eq!(roster.problems[0].expected, Expected::Role);
        assert_eq!(roster.desired.freeze.lines(key(1, 1).workspace), [2]);
        assert!(roster.desired.may_mean(key(1, 7)) && !roster.desired.may_mean(key(1, 9)));
    }

    #[tokio::test]
    async fn rows_that_become_one_person_are_settled_against_each_other() {
        let same = "project,email,role\nAtlas,ada@example.com,maven\nAtlas,Ada@old.example,maven\n";
        let (roster, _) = resolved(same).await;
        assert_eq!((wanted(&roster), roster.warnings.len()), (vec![(2, key(1, 7))], 1));
        let status: Vec<_> = roster.records().map(|record| record.status).collect();
        assert_eq!(status, [RecordStatus::Valid, RecordStatus::RepeatOf(2)]);
        let (roster, _) = resolved(&format!("{same}Atlas,ada@example.com,buyer\n")).await;
        assert_eq!(wanted(&roster), []);
        assert_eq!(roster.invalid_rows(), 3);
        assert_eq!(roster.desired.freeze.lines(key(1, 1).workspace), [2, 3, 4]);
        assert!(roster.desired.may_mean(key(1, 7)) && !roster.desired.may_mean(key(1, 8)));
    }

    #[tokio::test]
    async fn a_key_of_another_system_is_no_id_whatever_it_looks_like() {
        let (roster, asked) = resolved("workspace_id,person_reference,role\n1,12,maven\n").await;
        assert_eq!(asked, ["Reference(\"12\")"]);
        assert_eq!(wanted(&roster), [(2, key(1, 12))]);
    }

    #[tokio::test]
    async fn a_name_that_nobody_knows_is_no_valid_row() {
        let (roster, _) = resolved("workspace_id,email,role\n1,eve@example.com,maven\n").await;
        let error = roster.demand_valid_rows().expect_err("strict");
        assert!(matches!(&error, RosterError::Invalid { messages, .. }
            if messages.len() == 1 && messages[0].starts_with("r.csv:2:")));
    }

    /// Asked for nothing else than to fail.
    struct Broken;

    impl ReadDirectory for Broken {
        type Error = std::fmt::Error;

        async fn find_people(
            &self,
            _: &BTreeSet<PersonRef>,
        ) -> Result<Meanings<PersonRef, UserId>, std::fmt::Error> {
            Err(std::fmt::Error)
        }

        async fn find_projects(
            &self,
            _: &BTreeSet<ProjectRef>,
        ) -> Result<Meanings<ProjectRef, WorkspaceId>, std::fmt::Error> {
            Err(std::fmt::Error)
        }
    }

    #[tokio::test]
    async fn a_directory_that_cannot_be_asked_leaves_no_roster_unless_all_is_by_id() {
        let resolve = async |text: &str| {
            let parsed = ParsedRoster::parse(text.into(), Path::new("r.csv"), &settings());
            parsed.expect("sound").resolve(&Broken).await
        };
        let by_name = resolve("workspace_id,email,role\n1,ada@example.com,maven\n").await;
        assert!(by_name.is_err());
        assert!(resolve("workspace_id,email,user_id,role\n1,,7,maven\n").await.is_ok());
    }

    #[test]
    fn columns_of_names_are_no_columns_for_who_cannot_resolve_them() {
        for column in ["email", "person_reference", "project", "project_reference"] {
            let text = format!("workspace_id,user_id,role,{column}\n1,7,maven,x\n");
            let read = |settings: ReaderSettings| {
                ParsedRoster::parse(text.clone().into(), Path::new("r"), &settings)
            };
            assert!(read(ReaderSettings::default()).is_err(), "{column}");
            assert!(read(settings()).is_ok(), "{column}");
        }
    }

    #[test]
    fn keys_of_another_system_need_the_name_of_the_system() {
        let unnamed = ReaderSettings { names: true, ..ReaderSettings::default() };
        let text = "project_reference,person_reference,role\n1,2,maven\n";
        let error = ParsedRoster::parse(text.into(), Path::new("r"), &unnamed).expect_err("whose?");
        insta::assert_snapshot!(error.messages().join("\n"), @r#"
        r:1: person_reference: another system's keys: `roster.person_service` has to name the system, as Kantata's external references do, such as `roster.person_service = "hr"`
        r:1: project_reference: another system's keys: `roster.project_service` has to name the system, as Kantata's external references do, such as `roster.project_service = "hr"`
        "#);
    }

    #[tokio::test]
    async fn cells_that_are_no_addresses_are_problems_with_the_repair() {
        let (roster, asked) = resolved(
            "workspace_id,email,role\n1,Ada <ADA@example.com>,maven\n1,ada,maven\n\
             1,\"ada@example.com, bo@example.com\",maven\n1, BO@Example.com ,maven\n",
        )
        .await;
        insta::assert_snapshot!(roster.messages().collect::<Vec<_>>().join("\n"), @"
        r.csv:2: email: `Ada <ADA@example.com>`: expected an e-mail address and nothing else; write `ada@example.com`
        r.csv:3: email: `ada`: expected one e-mail address, such as `dana@firm.example`
        r.csv:4: email: `ada@example.com, bo@example.com`: expected one e-mail address, such as `dana@firm.example`
        ");
        assert_eq!(asked, ["Email(\"bo@example.com\")"]);
        assert_eq!(wanted(&roster), [(5, key(1, 8))]);
    }

    #[tokio::test]
    async fn a_row_with_shifted_cells_mentions_whose_address_it_has() {
        let text = "project,email,role\nAtlas,,ada@example.com,maven\nAtlas,bo@example.com,maven\n";
        let (roster, _) = resolved(text).await;
        assert_eq!(roster.desired.freeze.everywhere, [2]);
        assert!(roster.desired.may_mean(key(9, 7)) && !roster.desired.may_mean(key(9, 8)));
    }

    #[tokio::test]
    async fn a_roster_is_settled_again_by_what_its_names_mean_then() {
        let text = "project,email,role\nAtlas,ada@example.com,maven\nAtlas,7,maven\n";
        let (roster, _) = resolved(&text.replace("Atlas,7", "Atlas,bo@example.com")).await;
        let on = roster.names_behind(&[key(1, 1).workspace].into());
        assert_eq!((on.people.len(), on.projects.len()), (2, 1));
        let beside = roster.names_behind(&[key(2, 1).workspace].into());
        assert_eq!((beside.people.len(), beside.projects.len()), (0, 1));
        assert!(roster.names_behind(&BTreeSet::new()).is_empty());
        let moved = PersonRef::Email("ada@example.com".to_owned());
        let mut known = look_up(&roster.names(), &Fake::default()).await.expect("answers");
        known.people.insert(moved, Meaning::One(key(1, 70).user));
        let again = roster.settle_again(&known).expect("of a file");
        assert_eq!(wanted(&again), [(3, key(1, 8)), (2, key(1, 70))]);
        assert_eq!(wanted(&roster), [(2, key(1, 7)), (3, key(1, 8))]);
    }

    #[test]
    fn names_taken_as_they_are_spelled_hold_rows_against_each_other() {
        let text = "workspace_id,project,email,role\n1,Atlas,ada@example.com,maven\n\
                    ,Atlas,ADA@example.com,buyer\n,Other,ada@example.com,buyer\n";
        let parsed =
            ParsedRoster::parse(text.into(), Path::new("r.csv"), &settings()).expect("sound");
        let known = parsed.as_spelled();
        let roster = parsed.settle(&known);
        let lines: Vec<u64> = roster.problems.iter().map(|problem| problem.line).collect();
        assert_eq!((lines, roster.desired.entries().len()), (vec![2, 3], 1));
    }

    #[test]
    fn one_column_that_says_who_and_one_that_says_where_are_required() {
        let messages = |head: &str| {
            let text = format!("{head}\n1,2\n");
            let parsed = ParsedRoster::parse(text.into(), Path::new("r"), &settings());
            parsed.map_or_else(|error| error.messages(), |_| Vec::new())
        };
        let missing = "this column is required and missing";
        assert_eq!(messages("role,email"), [format!("r:1: workspace_id: {missing}")]);
        assert_eq!(messages("role,project"), [format!("r:1: user_id: {missing}")]);
    }
}
