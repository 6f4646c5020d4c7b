use crate::lab::{Lab, give, in_namespace, soon};
use director_linux::WitnessSockets;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::timeout;

/// The echo of a real kernel, over both families.
#[test]
fn a_host_that_is_reached_answers() {
    in_namespace(|| async {
        let lab = Lab::new();
        lab.veth("v0", "v1").await;
        // What is for this machine itself goes over the loopback interface.
        lab.up("lo").await;
        let sockets = WitnessSockets::open(0x0123_4567_89ab_cdef).expect("sockets");
        for (number, text) in [(7, "192.0.2.11"), (u64::MAX, "2001:db8::11")] {
            give(text, 32, "v0");
            let witness: IpAddr = text.parse().expect("an address");
            // The route to a new IPv6 address is made a moment after the address.
            let answer = soon(async {
                loop {
                    sockets.ask(witness, number).expect("ask");
                    let patience = Duration::from_millis(50);
                    if let Ok(answer) = timeout(patience, sockets.answer()).await {
                        return answer;
                    }
                }
            });
            assert_eq!(answer.await.expect("an answer"), (witness, number));
        }
    });
}

#[test]
fn a_host_to_which_no_route_leads_is_refused_at_once() {
    in_namespace(|| async {
        let sockets = WitnessSockets::open(1).expect("sockets");
        let nowhere = "198.51.100.1".parse().expect("an address");
        assert!(sockets.ask(nowhere, 1).is_err());
    });
}
