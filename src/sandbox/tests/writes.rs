//! Creates, updates and deletes, and what is refused of them.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_bulk_create_is_all_or_nothing_or_keeps_the_good_rows() {
    let rows = json!([row(2, 5), row(2, 6), row(9, 5), row(2, 99), row(2, 5), { "user_id": "3" }]);
    let atomic = plain();
    let got = create(&atomic, rows.clone()).await;
    assert_eq!(got.status, 422);
    let text = |field: &str| field.to_owned();
    let expected = [
        (text("user_id"), Some(1)),
        (text("workspace_id"), Some(2)),
        (text("user_id"), Some(3)),
        (text("user_id"), Some(4)),
        (text("user_id"), Some(5)),
        (text("role"), Some(5)),
        (text("workspace_id"), Some(5)),
        (text("user_id"), Some(5)),
    ];
    assert_eq!(got.fields_in_error(), expected);
    assert_eq!(atomic.world().on(2).count(), 0);
    let partial = sandbox(SandboxSettings {
        bulk: Bulk::Partial,
        error_index: ErrorIndex::None,
        ..SandboxSettings::default()
    });
    let got = create(&partial, rows).await;
    assert_eq!(got.status, 422);
    assert!(got.fields_in_error().iter().all(|(_, index)| index.is_none()));
    assert_eq!(partial.world().of(2, 5).len(), 1);
    assert!(partial.log()[0].committed && partial.log()[0].objects == 6);
}

#[tokio::test(start_paused = true)]
async fn the_index_of_an_error_is_whatever_the_setting_says() {
    let rows = json!([row(2, 5), row(9, 5), row(2, 3), row(9, 99)]);
    for (error_index, expected) in [
        (ErrorIndex::Position, [Some(1), Some(3), Some(3)]),
        (ErrorIndex::AmongFailed, [Some(0), Some(1), Some(1)]),
        (ErrorIndex::Zero, [Some(0); 3]),
        (ErrorIndex::None, [None; 3]),
    ] {
        let sandbox = sandbox(SandboxSettings { error_index, ..SandboxSettings::default() });
        let indices = |got: &Got| -> Vec<Option<u64>> {
            got.fields_in_error().into_iter().map(|(_, index)| index).collect()
        };
        let got = create(&sandbox, rows.clone()).await;
        assert_eq!(indices(&got), expected, "{error_index:?}");
        sandbox.change_settings(|settings| settings.first_error_only = true);
        let got = create(&sandbox, rows.clone()).await;
        assert_eq!(indices(&got), expected[..1], "{error_index:?}");
        sandbox.change_settings(|settings| settings.max_bulk = 3);
        assert_eq!(indices(&create(&sandbox, rows.clone()).await), [None], "too many");
    }
}

#[tokio::test(start_paused = true)]
async fn an_index_may_name_good_objects_as_well() {
    let rows = json!([row(2, 5), row(9, 5), row(2, 3), row(9, 99)]);
    for (error_index, expected) in
        [(ErrorIndex::Neighbours, vec![1, 2, 3, 3]), (ErrorIndex::Every, vec![0, 1, 2, 3, 3])]
    {
        let sandbox = sandbox(SandboxSettings { error_index, ..SandboxSettings::default() });
        let got = create(&sandbox, rows.clone()).await;
        let indices = got.fields_in_error().into_iter().filter_map(|(_, index)| index);
        let mut indices: Vec<u64> = indices.collect();
        indices.sort_unstable();
        assert_eq!(indices, expected, "{error_index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_is_refused_ignored_or_doubled() {
    for (duplicates, status, rows) in [
        (Duplicates::Refused, 422, 1),
        (Duplicates::Ignored, 200, 1),
        (Duplicates::Doubled, 200, 2),
    ] {
        let sandbox = sandbox(SandboxSettings { duplicates, ..SandboxSettings::default() });
        let got = create(&sandbox, json!([row(1, 3)])).await;
        assert_eq!(got.status, status, "{duplicates:?}");
        assert_eq!(sandbox.world().of(1, 3).len(), rows, "{duplicates:?}");
        assert_eq!(sandbox.log()[0].committed, duplicates == Duplicates::Doubled);
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_a_person_makes_the_tokens_own_user_join() {
    let sandbox = plain();
    create(&sandbox, json!([{ "workspace_id": 2, "role": "maven" }])).await;
    assert_eq!(sandbox.world().of(2, 1).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_create_does_not_take_what_only_an_update_takes() {
    let sandbox = plain();
    let mut written = row(2, 5);
    written["team_lead"] = json!(true);
    written["rate_in_cents"] = json!(100);
    written["can_invite"] = json!(true);
    create(&sandbox, json!([written])).await;
    let world = sandbox.world();
    let one = world.of(2, 5)[0];
    assert!(one.can_invite && !one.is_team_lead && one.rate_in_cents.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_update_ignores_side_person_and_project() {
    let sandbox = plain();
    let written = json!({ "role": "buyer", "user_id": 5, "workspace_id": 2, "can_invite": true });
    let got = update(&sandbox, id_of(&sandbox, 3), written).await;
    assert_eq!(got.status, 200);
    let one = &got.json()["participations"]["9003"];
    assert_eq!((&one["role"], &one["user_id"]), (&json!("maven"), &json!("3")));
    assert_eq!((&one["workspace_id"], &one["can_invite"]), (&json!("1"), &json!(true)));
}

#[tokio::test(start_paused = true)]
async fn a_value_of_the_wrong_kind_is_refused() {
    let sandbox = plain();
    for written in [
        json!({ "access_level": "financial" }),
        json!({ "access_level": null }),
        json!({ "can_invite": "true" }),
        json!({ "rate_in_cents": 1.5 }),
        json!({ "workspace_role_id": "7" }),
    ] {
        assert_eq!(update(&sandbox, 9003, written.clone()).await.status, 422, "{written}");
    }
    assert_eq!(sandbox.log().iter().filter(|entry| entry.committed).count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_level_of_an_account_administrator_does_not_move() {
    let sandbox = plain();
    let got = update(&sandbox, id_of(&sandbox, 4), json!({ "access_level": "view_tasks" })).await;
    assert_eq!(got.status, 200);
    assert_eq!(got.json()["participations"]["9004"]["access_level"], "admin");
    let mut written = row(2, 4);
    written["access_level"] = json!("edit_tasks");
    create(&sandbox, json!([written])).await;
    assert_eq!(sandbox.world().of(2, 4)[0].level, Level::Admin);
}

#[tokio::test(start_paused = true)]
async fn a_lead_goes_only_after_promotion_of_another_and_demotion() {
    let sandbox = plain();
    assert_eq!(delete(&sandbox, 9001).await.status, 422);
    assert_eq!(update(&sandbox, 9001, json!({ "team_lead": false })).await.status, 422);
    assert_eq!(update(&sandbox, 9003, json!({ "team_lead": true })).await.status, 200);
    assert_eq!(delete(&sandbox, 9001).await.status, 422);
    assert_eq!(update(&sandbox, 9001, json!({ "team_lead": false })).await.status, 200);
    assert_eq!(delete(&sandbox, 9001).await.status, 204);
    assert_eq!(delete(&sandbox, 9001).await.status, 404);
    assert!(sandbox.world().participations()[&9002].is_team_lead, "the other side keeps its lead");
}

#[tokio::test(start_paused = true)]
async fn a_promotion_can_demote_the_other_lead_of_the_side() {
    let sandbox =
        sandbox(SandboxSettings { promotion_demotes: true, ..SandboxSettings::default() });
    update(&sandbox, 9003, json!({ "team_lead": true })).await;
    let leads = |world: World| -> Vec<u64> {
        world.on(1).filter(|one| one.is_team_lead).map(|one| one.id).collect()
    };
    assert_eq!(leads(sandbox.world()), [9002, 9003]);
}

#[tokio::test(start_paused = true)]
async fn rates_are_written_with_financial_access_and_without_rate_cards() {
    for (financial_access, rate_cards, expected) in [
        (true, false, (Some(5), Some(6))),
        (true, true, (Some(9000), Some(6))),
        (false, false, (Some(9000), None)),
    ] {
        let sandbox =
            sandbox(SandboxSettings { financial_access, rate_cards, ..SandboxSettings::default() });
        update(&sandbox, 9003, json!({ "rate_in_cents": 5, "cost_in_cents": 6 })).await;
        let one = sandbox.world().participations()[&9003].clone();
        assert_eq!((one.rate_in_cents, one.cost_in_cents), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_project_may_be_closed_to_the_token() {
    let sandbox = plain();
    sandbox.change_settings(|settings| {
        settings.forbidden_workspaces.insert(1);
    });
    assert_eq!(delete(&sandbox, 9003).await.status, 403);
    assert_eq!(update(&sandbox, 9003, json!({})).await.status, 403);
    assert_eq!(create(&sandbox, json!([row(1, 5)])).await.status, 422);
}

#[tokio::test(start_paused = true)]
async fn an_external_reference_can_be_written_shown_and_listed_by() {
    let sandbox = plain();
    let link = json!({ "service_name": "sync", "service_model": "run", "service_model_ref": 7 });
    update(&sandbox, 9003, json!({ "external_reference": link, "workspace_role_id": 70 })).await;
    let path = "/participations?workspace_id=1&external_reference_service_name=sync\
                &include=external_references,workspace_role";
    let got = get(&sandbox, path).await;
    assert_eq!(got.ids(), [9003]);
    let one = &got.json()["participations"]["9003"];
    let link_id = one["external_reference_ids"][0].as_str().expect("an id");
    assert_eq!(got.json()["external_references"][link_id]["service_model_ref"], "7");
    assert_eq!(one["workspace_role_id"], "70");
}
