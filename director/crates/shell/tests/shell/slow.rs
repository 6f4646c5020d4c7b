//! Servers that hang, drip, are slow or break a check: each is judged on time, and no check of
//! another is a millisecond later for it.

use crate::support::{
    Cluster, FakeKernel, Manner, Running, config, on_one_thread, out, server, until_role,
};
use director_core::config::{Config, Weight};
use director_core::probe::{Failure, Phase};
use director_core::report::{Health, Role};
use director_core::view::CheckView;
use director_shell::Order;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(4);
const FALL: u32 = 2;

fn patient() -> Config {
    let mut config = config();
    config.services.values_mut().for_each(|service| {
        service.check.interval = INTERVAL;
        service.check.timeout = TIMEOUT;
    });
    config
}

async fn alone(cluster: &Cluster) -> Running {
    let d1 = cluster.start_with(patient(), "d1", 1, &FakeKernel::default());
    until_role(&d1, Role::Active).await;
    sleep(INTERVAL * 2).await;
    d1
}

/// The last checks of the first server.
async fn checks(director: &Running) -> Vec<CheckView> {
    let (reply, found) = oneshot::channel();
    let subject = server(1).to_string();
    director.orders.send(Order::Explain(subject, reply)).await.unwrap();
    let found = found.await.unwrap();
    found.into_iter().flat_map(|explanation| explanation.checks).collect()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_a_byte_a_second_is_dead_on_time() {
    on_one_thread(async {
        let cluster = Cluster::default();
        let d1 = alone(&cluster).await;
        cluster.servers.asked(server(1));
        cluster.servers.set(server(1), Manner::Drips);
        out(&d1, &server(1)).await;
        let asked = cluster.servers.asked(server(1));
        assert_eq!(asked.len(), 2, "the second check in a row decides");
        assert_eq!(asked[1] - asked[0], INTERVAL, "the cadence is kept");
        let late = asked[1].elapsed() - TIMEOUT;
        assert!(late <= Duration::from_millis(2), "{late:?} after its time was up");
        let failed = checks(&d1).await.pop().unwrap();
        // Three bytes had come by then: it is not that nobody answered.
        assert_eq!(failed.failure, Some(Failure::TimedOut { phase: Phase::Body }));
        assert_eq!(Duration::from_micros(failed.took_us), TIMEOUT);
        let body = failed.phases.iter().find(|part| part.phase == Phase::Body).unwrap();
        assert_eq!(Duration::from_micros(body.took_us), TIMEOUT - Duration::from_secs(1));
    })
    .await;
}

/// When the second server is asked, and when it is found to be gone, after the first one has begun
/// to behave like this.
async fn beside(manner: Option<Manner>) -> (Vec<Duration>, Duration) {
    let cluster = Cluster::default();
    let d1 = alone(&cluster).await;
    cluster.servers.asked(server(2));
    let began = Instant::now();
    if let Some(manner) = manner {
        cluster.servers.set(server(1), manner);
    }
    sleep(INTERVAL * 6).await;
    cluster.servers.set(server(2), Manner::Refuses);
    let found = out(&d1, &server(2)).await;
    let asked = cluster.servers.asked(server(2)).into_iter().map(|at| at - began).collect();
    let expected = match manner {
        None | Some(Manner::After(_)) => Health::Up,
        Some(_) => Health::Down,
    };
    let view = d1.view().await;
    let first = &view.services[0].servers[0];
    assert_eq!((first.address, first.health), (server(1), expected), "{manner:?}");
    (asked, found)
}

#[tokio::test(start_paused = true)]
async fn a_hung_slow_or_failing_check_never_delays_another() {
    on_one_thread(async {
        let calm = beside(None).await;
        assert_eq!(calm.0.len(), 6 + FALL as usize);
        let pauses = calm.0.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(pauses.into_iter().all(|pause| pause == INTERVAL), "{:?}", calm.0);
        let slow = Manner::After(TIMEOUT - Duration::from_millis(1));
        for manner in [Manner::Refuses, Manner::Silent, Manner::Hangs, Manner::Drips, slow] {
            assert_eq!(beside(Some(manner)).await, calm, "{manner:?}, to the millisecond");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_check_that_breaks_down_takes_nobody_with_it_and_blames_nobody() {
    on_one_thread(async {
        let cluster = Cluster::default();
        let d1 = alone(&cluster).await;
        cluster.servers.set(server(1), Manner::Breaks);
        sleep(INTERVAL * 4).await;
        let failed = checks(&d1).await.pop().unwrap();
        assert!(matches!(failed.failure, Some(Failure::Local { .. })), "{failed:?}");
        // What this director cannot do says nothing about a server that was up.
        let weight = crate::support::weight(&d1, &server(1));
        assert_eq!(weight, Some(Weight(10)));
        cluster.servers.set(server(2), Manner::Refuses);
        out(&d1, &server(2)).await;
    })
    .await;
}
