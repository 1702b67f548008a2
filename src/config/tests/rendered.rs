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
    insta::assert_snapshot!("a_configuration_as_it_is_shown", text);
    let again = Setup::new(&text).good(&Flags::default()).settings;
    assert_eq!(Settings { profile: None, ..found.settings }, again);
}
