//! The guided tour, walked as it is written.

#![expect(clippy::expect_used, reason = "helpers of tests are outside `#[test]` functions")]

mod walk;

use walk::{Walker, is_shown, root, stops};

#[test]
fn the_tour_can_be_walked_and_leaves_nothing() {
    let Some(walker) = Walker::of("tour") else { return };
    let page = std::fs::read_to_string(root().join("docs/tour.md")).expect("the tour");
    let stops = stops(&page);
    assert!(stops.len() >= 9, "the tour has {} stops", stops.len());
    // On another machine another engine may be the best, which `up` says.
    let is_status = |command: &str| command == "director-lab status";
    walker.walk_all(&stops, |stop| match is_status(&stop.command) {
        true => stop.shown.clone(),
        false => Vec::new(),
    });
}

#[test]
fn a_page_may_leave_out_what_varies() {
    assert!(is_shown("d2 alive … eth0 up", "d2 alive 40 ms ago 100 same eth0 up"));
    assert!(is_shown("d2 dead …", "d2 dead 3 s ago"));
    assert!(is_shown(
        "… deprecated …",
        "2: eth0 inet6 a/64 scope global deprecated valid_lft 9sec"
    ));
    assert!(is_shown("OK", "OK"));
    for printed in ["OK OK", "NOK", ""] {
        assert!(!is_shown("OK", printed), "{printed}");
    }
    assert!(!is_shown("d2 alive … eth0 up", "d2 alive 40 ms ago eth0 up, eth1 down"));
    assert!(!is_shown("d2 dead …", "d1 dead 3 s ago"));
}
