//! Nothing is written unless it was shown: a plan too long to be read at once still has every delete
//! and replacement in it, last, where the question comes.

use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};

use crate::harness::{Desk, Ran, Server, sandbox, writes};

const PROJECTS: u64 = 20;
const CREATES: u64 = 485;
const DELETES: u64 = 14;

/// Of each project a lead, people who go, and somebody who changes sides; whoever goes has a higher
/// id than all who come.
fn world() -> (String, String) {
    let mut live = "workspace_id,project,user_id,name,email,token,role,access_level,team_lead\n\
        1000,Project 1000,1,Priya Raman,priya@firm.example,true,maven,admin,\n"
        .to_owned();
    let mut roster = "workspace_id,user_id,role\n1000,1,maven\n".to_owned();
    for project in 1000..1000 + PROJECTS {
        live +=
            &format!("{project},Project {project},2,Lee Ode,lee@firm.example,,maven,admin,true\n");
        roster += &format!("{project},2,maven\n");
        for person in 0..DELETES {
            let user = project * 1000 + 900 + person;
            live +=
                &format!("{project},,{user},Goes {user},goes{user}@firm.example,,maven,admin,\n");
        }
        let user = project * 1000 + 999;
        live += &format!("{project},,{user},Moves {user},moves{user}@firm.example,,maven,admin,\n");
        roster += &format!("{project},{user},buyer\n");
        for person in 0..CREATES {
            roster += &format!("{project},{},maven\n", project * 1000 + person);
        }
    }
    (live, roster)
}

/// Lets nobody write.
async fn read_only(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::GET => next.run(request).await,
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn permissive(desk: Desk) -> Desk {
    desk.with("KANTATA_SYNC_GUARD__MAX_DELETES", "1000")
        .with("KANTATA_SYNC_GUARD__MAX_DELETE_PERCENT", "100")
        .with("KANTATA_SYNC_GUARD__MAX_PROJECT_DELETE_PERCENT", "100")
        .with("KANTATA_SYNC_ALLOW_REPLACE", "true")
}

/// Who of the people that go, or change sides, this text does not name.
fn unnamed(text: &str) -> Vec<u64> {
    let goes = |user: &u64| !text.contains(&format!("Goes {user}"));
    let moves = |user: &u64| !text.contains(&format!("Moves {user}"));
    let mut missing = Vec::new();
    for project in 1000..1000 + PROJECTS {
        let first = project * 1000 + 900;
        missing.extend((first..first + DELETES).filter(goes));
        missing.extend([project * 1000 + 999].iter().filter(|user| moves(user)));
    }
    missing
}

fn is_destructive(line: &str) -> bool {
    line.starts_with("    - delete ") || line.starts_with("    ± replace ")
}

#[test]
fn of_ten_thousand_actions_every_delete_is_shown_before_anything_is_sent_and_stands_last() {
    let (live, roster) = world();
    let sandbox = sandbox(&live);
    let server = Server::of(sandbox.router().layer(middleware::from_fn(read_only)));
    let desk = permissive(Desk::at(&server.base_url()));
    desk.write("roster.csv", &roster);

    let ran = desk.run(&["apply", "--yes", "roster.csv"]).ends_with(8);
    assert_eq!(writes(&sandbox), []);
    let shown = ran.stderr.as_str();
    assert_eq!(unnamed(shown), [0; 0]);
    let lines: Vec<&str> = shown.lines().collect();
    let destroyed = lines.iter().filter(|line| is_destructive(line)).count();
    assert_eq!(destroyed, 300, "each once");
    let created = lines.iter().filter(|line| line.starts_with("    + create ")).count();
    assert_eq!(created, 40 * 20);
    assert_eq!(shown.matches("    … and 445 more creates in this project\n").count(), 20);
    assert!(shown.contains("-v shows all"), "where to see all");

    // What a person reads last before the question: the deletes, then the counts.
    let last = lines.iter().rposition(|line| is_destructive(line)).expect("a delete");
    let first = lines.iter().position(|line| is_destructive(line)).expect("a delete");
    let between = &lines[first..=last];
    let alien = |line: &&&str| !is_destructive(line) && !line.starts_with("  Project ");
    assert_eq!(between.iter().filter(alien).count(), 0, "{between:?}");
    assert!(
        lines[first - 2].contains("destroy these people's assignments"),
        "{}",
        lines[first - 2]
    );
    assert_eq!(lines[last + 1], "");
    assert!(
        lines[last + 2].starts_with("  in all  9700 to create, 280 to delete, 20 to replace"),
        "{}",
        lines[last + 2]
    );
}

#[test]
fn in_no_form_a_delete_is_left_out() {
    let (live, roster) = world();
    let sandbox = sandbox(&live);
    let server = Server::of_sandbox(&sandbox);
    let desk = permissive(Desk::at(&server.base_url()));
    desk.write("roster.csv", &roster);
    let outputs = ["--output", "plan.csv", "--output", "plan.md", "--output", "plan.html"];
    let arguments = [&["plan", "-q", "roster.csv"][..], &outputs].concat();
    let ran: Ran = desk.run(&arguments).ends_with(0);
    assert_eq!(unnamed(&ran.stdout), [0; 0]);
    for name in ["plan.csv", "plan.md", "plan.html"] {
        let text = desk.read(name);
        assert_eq!(unnamed(&text), [0; 0], "{name}");
        // A table of results keeps the roster's order; whoever is not in it stands last.
        let last_to_come = text.rfind("1019000").max(text.rfind("1019484")).expect("a create");
        let going = text[last_to_come..].matches("Goes ").count();
        assert_eq!(going, 280, "{name}");
    }
}
