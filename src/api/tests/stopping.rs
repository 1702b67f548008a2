//! What becomes of requests when the run is to end while they wait.

use super::*;

/// Waits this long, asks the run to end, and answers when that was.
async fn stop_after(stop: &Stop, wait: Duration) -> Instant {
    tokio::time::sleep(wait).await;
    stop.set(StopCause::Deadline);
    Instant::now()
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_is_dropped_when_the_run_is_to_end() {
    let held = With(429, "retry-after", "300", "");
    let slow = HttpSettings { requests_per_second: 0.01, ..quick() };
    let one_slot = HttpSettings { max_in_flight: 1, ..quick() };
    // In a hold; behind the limiter; for a slot.
    for (answer, settings) in [(held, quick()), (Answer(200, EMPTY), slow), (Hang, one_slot)] {
        let (client, seen) = scripted(&[answer], settings);
        let stop = Stop::default();
        let batch = [creation()];
        // The first takes the slot, and is not to be dropped.
        let first = async {
            let _answered_or_not = client.create(&batch, Urgency::Finish).await;
            std::future::pending::<()>().await;
        };
        let second = async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            let result = client.create(&batch, Urgency::Droppable(&stop)).await;
            (result.expect_err("dropped"), Instant::now())
        };
        let waiting = async { tokio::join!(second, stop_after(&stop, Duration::from_secs(5))) };
        let ((error, ended), stopped) = tokio::select! {
            both = waiting => both,
            () = first => unreachable!(),
        };
        assert_eq!(error, ApiError::Dropped { doubt: None });
        assert_eq!(error.disposition(Repeat::Unsafe), Disposition::Drop);
        assert!(!error.ends_the_run() && !error.may_have_arrived());
        assert_eq!((ended - stopped, seen.count()), (Duration::ZERO, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn at_a_stop_a_request_that_may_have_arrived_is_in_doubt_and_not_sent_again() {
    let (client, seen) = scripted(&[With(503, "x-request-id", "r-9", "")], quick());
    let stop = Stop::default();
    let deleting = client.delete(id(), Urgency::Droppable(&stop));
    let (result, stopped) = tokio::join!(deleting, stop_after(&stop, Duration::from_millis(50)));
    let error = result.expect_err("in doubt");
    assert_eq!(error.disposition(Repeat::Safe), Disposition::InDoubt);
    assert_eq!(error.request_id().as_deref(), Some("r-9"));
    assert_eq!((stopped.elapsed(), seen.count()), (Duration::ZERO, 1), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_must_be_finished_is_sent_whatever_the_run_is_asked() {
    let script = [With(429, "retry-after", "300", ""), Answer(503, ""), Answer(200, EMPTY)];
    let (client, seen) = scripted(&script, quick());
    client.delete(id(), Urgency::Finish).await.expect("the third answer");
    assert_eq!(seen.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_does_not_open_the_breaker() {
    let settings = HttpSettings { breaker_failures: 1, ..quick() };
    let (client, _) = scripted(&[Answer(200, EMPTY)], settings);
    let stop = Stop::default();
    stop.set(StopCause::Interrupt);
    for _ in 0..3 {
        let error = client.delete(id(), Urgency::Droppable(&stop)).await.expect_err("dropped");
        assert!(error.is_dropped(), "{error}");
    }
    client.delete(id(), Urgency::Finish).await.expect("answered");
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_is_told_with_its_cause_until_it_is_over() {
    let refused = With(429, "retry-after", "300", "");
    for (answer, words) in [
        (refused, "429: next request in "),
        (Answer(503, ""), "server error (503): try 2 of 3 in "),
    ] {
        let (client, _) = scripted(&[answer, Answer(200, EMPTY)], quick());
        let waits = client.waits();
        let sending = client.delete(id(), Urgency::Finish);
        let looking = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            waits.words()
        };
        let (sent, told) = tokio::join!(sending, looking);
        sent.expect("answered at last");
        assert!(told.starts_with(words), "{told}");
        assert_eq!(waits.words(), "");
    }
}
