//! Answers that say to wait, and what is given up.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_429_is_sent_again_whatever_its_body_and_uses_up_no_try() {
    let mut script = vec![Answer(429, HTML); 8];
    script.push(Answer(200, EMPTY));
    let (client, seen) = scripted(&script, quick());
    client.create(&[creation()], Urgency::Finish).await.expect("answered at last");
    assert_eq!(seen.count(), 9);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_in_every_form() {
    for (value, least, most) in [
        ("7", 7, 8),
        ("Tue, 24 Nov 2026 03:00:20 GMT", 19, 21),
        ("soon", 1, 3),
        ("86400", 300, 301),
    ] {
        let script = [With(429, "retry-after", value, ""), Answer(200, EMPTY)];
        let (client, seen) = scripted(&script, quick());
        client.list_page(creation().key.workspace, 1).await.expect("answered");
        let gap = seen.gaps()[0];
        assert!(
            (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&gap),
            "{value}: {gap:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn endless_429_is_given_up_after_a_while_and_known_to_have_done_nothing() {
    let (client, _) = scripted(&[With(429, "retry-after", "60", "")], quick());
    let start = Instant::now();
    let error = client.create(&[creation()], Urgency::Finish).await.expect_err("given up");
    assert!(start.elapsed() >= Duration::from_secs(15 * 60), "{:?}", start.elapsed());
    assert_eq!(error.disposition(Repeat::Unsafe), Disposition::Retry);
}

#[tokio::test(start_paused = true)]
async fn the_breaker_stops_requests_after_so_many_were_given_up() {
    let settings = HttpSettings { breaker_failures: 3, tries: 1, ..quick() };
    let (client, seen) = scripted(&[Answer(500, "")], settings);
    for _ in 0..3 {
        assert!(client.delete(id(), Urgency::Finish).await.is_err());
    }
    let error = client.delete(id(), Urgency::Finish).await.expect_err("stopped");
    assert!(matches!(error, ApiError::Stopped { .. }), "{error}");
    assert_eq!(seen.count(), 3);
}
