//! Looked at once more: a delete whose listing is old finds what somebody else did meanwhile.

use axum::{
    Router,
    extract::Request,
    http::Method,
    middleware::{self, Next},
};
use kantata_sync::sandbox::{RequestKind, Sandbox, World};

use crate::harness::{Desk, LIVE, Server, sandbox, writes};

/// The sandbox, in which somebody else does this to the world just before the run's first write.
fn meanwhile(
    sandbox: &Sandbox,
    act: impl Fn(&mut World) + Clone + Send + Sync + 'static,
) -> Router {
    let inside = sandbox.clone();
    sandbox.router().layer(middleware::from_fn(move |request: Request, next: Next| {
        if request.method() == Method::POST {
            inside.with_world(|world| act(world));
        }
        next.run(request)
    }))
}

fn cleo(world: &World) -> u64 {
    world.of(100, 12)[0].id
}

#[test]
fn a_row_that_somebody_else_changed_is_stale_and_stays() {
    let sandbox = sandbox(LIVE);
    let server = Server::of(meanwhile(&sandbox, |world| {
        let id = cleo(world);
        world.edit(id, |row| row.can_invite = true);
    }));
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__RECHECK_AFTER", "0s");
    let ran = desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(5);
    insta::assert_snapshot!(ran.text());
    assert_eq!(sandbox.world().of(100, 12).len(), 1, "she stays");
    let looked = |entry: &kantata_sync::sandbox::LoggedRequest| entry.kind == RequestKind::Show;
    assert_eq!(sandbox.log().iter().filter(|entry| looked(entry)).count(), 1);

    // The next run lists her as she is now, and what the roster wants of her is done.
    let server = Server::of_sandbox(&sandbox);
    let desk = desk.with("KANTATA_SYNC_BASE_URL", &server.base_url());
    desk.run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert_eq!(sandbox.world().of(100, 12).len(), 0);
}

#[test]
fn a_row_that_is_gone_already_is_done() {
    let sandbox = sandbox(LIVE);
    let server = Server::of(meanwhile(&sandbox, |world| {
        if !world.of(100, 12).is_empty() {
            let id = cleo(world);
            world.remove(id);
        }
    }));
    let desk = Desk::at(&server.base_url()).with("KANTATA_SYNC_GUARD__RECHECK_AFTER", "0s");
    let ran = desk.run(&["apply", "--yes", "-v", "roster.csv"]).ends_with(0);
    assert!(ran.stdout.contains("was gone already"), "{}", ran.text());
    assert!(!writes(&sandbox).iter().any(|(kind, _)| *kind == RequestKind::Delete));
}

#[test]
fn a_fresh_listing_needs_no_second_look() {
    let sandbox = sandbox(LIVE);
    let server = Server::of_sandbox(&sandbox);
    Desk::at(&server.base_url()).run(&["apply", "--yes", "-q", "roster.csv"]).ends_with(0);
    assert!(!sandbox.log().iter().any(|entry| entry.kind == RequestKind::Show));
}
