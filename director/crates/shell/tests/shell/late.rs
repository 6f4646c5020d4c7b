//! A process that was not run for a while: what waits in its sockets comes before the clock.

use crate::support::{Cluster, Paper, on_one_thread, settled};
use std::time::Duration;
use tokio::time::sleep;

/// d2 hears d1, then nothing for 110 ms, and then is not run for 40 ms; the peer is late after 125.
/// `delivered` says whether what d1 sent meanwhile is in d2's sockets by then.
async fn log_of_a_pause(delivered: bool) -> String {
    let cluster = Cluster::default();
    let (_d1, d2) = settled(&cluster).await;
    Paper::of(async {
        let mut heard = None;
        for _ in 0..200 {
            sleep(Duration::from_millis(1)).await;
            heard = d2.view().await.peers[0].heard_ms.filter(|ago| *ago < 3);
            if heard.is_some() {
                break;
            }
        }
        assert!(heard.is_some(), "no beat within two intervals");
        cluster.switch.hold();
        sleep(Duration::from_millis(110)).await;
        let held = cluster.switch.open();
        assert!(!held.is_empty());
        d2.jump(Duration::from_millis(40));
        // This is what wakes the loop; the deadline has passed when it has been dealt with.
        let stranger = "10.0.0.99:694".parse().unwrap();
        cluster.switch.carry(stranger, "10.0.0.12".parse().unwrap(), b"not a heartbeat");
        for (inbox, packet) in held.into_iter().filter(|_| delivered) {
            inbox.send(packet).unwrap();
        }
        sleep(Duration::from_millis(5)).await;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_not_suspected_while_its_packets_wait() {
    on_one_thread(async {
        let log = log_of_a_pause(true).await;
        assert!(log.contains("not a heartbeat packet"), "{log}");
        assert!(!log.contains("suspect"), "{log}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_same_pause_without_waiting_packets_is_suspicious() {
    on_one_thread(async {
        let log = log_of_a_pause(false).await;
        assert!(log.contains("suspect"), "{log}");
    })
    .await;
}
