//! What `config` prints.

use super::*;

#[test]
fn what_is_rendered_says_where_it_is_from_and_loads_again() {
    let setup = Setup::new("mode = \"no-delete\"\n[profile.night.guard]\nmax_deletes = 7\n")
        .with("KANTATA_SYNC_HTTP__TRIES", "9");
    let found = setup.good(&profile("night"));
    let mut out = Vec::new();
    render_config(&found, &mut out).expect("a vector takes all");
    let text = String::from_utf8(out).expect("text");
    insta::assert_snapshot!(text, @r#"
    # file: kantata-sync.toml
    # profile: night
    base_url = "https://api.mavenlink.com/api/v1"  # from default
    mode = "no-delete"  # from kantata-sync.toml:1
    allow_replace = false  # from default
    ownership = "all"  # from default
    delete_after_runs = 0  # from default
    delete_after_days = 0  # from default
    # token_file is not set
    # token_command is not set
    state_dir = "/home/anna/.local/state/kantata-sync"  # from HOME

    [http]
    requests_per_second = 4.0  # from default
    max_in_flight = 4  # from default
    timeout = "190s"  # from default
    connect_timeout = "10s"  # from default
    tries = 9  # from KANTATA_SYNC_HTTP__TRIES
    backoff_base = "2s"  # from default
    backoff_cap = "60s"  # from default
    settle_wait = "2s"  # from default
    retry_after_cap = "5m"  # from default
    give_up_after = "15m"  # from default

    [guard]
    max_deletes = 7  # from kantata-sync.toml:3 (profile)
    max_delete_percent = 10  # from default
    max_project_delete_percent = 50  # from default
    delete_floor = 5  # from default
    recheck_after = "5m"  # from default

    [protect]
    users = []  # from default

    [scope]
    workspaces = []  # from default

    [roster]
    # encoding is not set
    delimiter = ","  # from default
    # sheet is not set
    max_unpacked_mib = 256  # from default
    max_unpacked_ratio = 200  # from default
    ignore_columns = []  # from default
    columns = {}  # from default
    time_zone = "UTC"  # from default
    # person_service is not set
    # project_service is not set
    projects = "all"  # from default
    directory_max_age = "7d"  # from default
    values = {}  # from default
    defaults = {}  # from default
    where = {}  # from default

    [breaker]
    consecutive_failures = 10  # from default

    [state]
    keep_runs = 90  # from default

    [monitor]
    # ping_url is not set
    # webhook_url is not set
    # metrics_file is not set
    "#);
    let again = Setup::new(&text).good(&Flags::default()).settings;
    assert_eq!(Settings { profile: None, ..found.settings }, again);
}
