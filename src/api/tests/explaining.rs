//! What only explains: memberships of the account.

use super::*;

#[test]
fn any_word_of_the_account_that_speaks_of_an_administrator_counts() {
    for (permission, administers) in [
        (Some("Account Administrator"), true),
        (Some("administrator"), true),
        (Some("ADMIN"), true),
        (Some("Project Lead"), false),
        (Some(""), false),
        (None, false),
    ] {
        let permission = permission.map(str::to_owned);
        let membership = AccountMembership { user: creation().key.user, permission };
        assert_eq!(membership.is_administrator(), administers, "{membership:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_membership_of_the_account_is_that_of_the_person_who_was_asked_for() {
    let body = r#"{"count":2,"results":[{"key":"account_memberships","id":"8"},{"key":"account_memberships","id":"9"}],
        "account_memberships":{"8":{"user_id":"1","permission":"Collaborator"},
        "9":{"user_id":2,"permission":"Account Administrator","disabled_at":null}},"meta":{}}"#;
    let (client, _) = scripted(&[Answer(200, body)], quick());
    let user = creation().key.user;
    let found = client.fetch_account_membership(user).await.expect("an answer");
    let permission = Some("Account Administrator".to_owned());
    assert_eq!(found, Some(AccountMembership { user, permission }));
    let other = UserId::new(3).expect("not 0");
    assert_eq!(client.fetch_account_membership(other).await.expect("an answer"), None);
}

#[tokio::test(start_paused = true)]
async fn what_only_explains_is_asked_once_and_its_failure_stops_nothing() {
    for failure in
        [Cut, Hang, Answer(500, ""), Answer(401, REFUSED), Answer(429, ""), Answer(302, "")]
    {
        let script = [failure.clone(), failure.clone(), failure, Answer(200, EMPTY)];
        let settings = HttpSettings { breaker_failures: 1, ..quick() };
        let (client, seen) = scripted(&script, settings);
        for asked in 1..=3 {
            let user = creation().key.user;
            client.fetch_account_membership(user).await.expect_err("no usable answer");
            assert_eq!(seen.count(), asked);
        }
        client.list_page(creation().key.workspace, 1).await.expect("the API works");
    }
}
