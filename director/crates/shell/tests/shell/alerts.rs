//! Alerts go out beside everything else, and delay nothing of it.

use crate::support::{
    Cluster, FakeKernel, Manner, Running, config, on_one_thread, out, until_role,
};
use director_core::config::{Alert, Config, Means};
use director_core::name::AlertName;
use director_core::report::Role;
use std::time::Duration;
use tokio::time::sleep;

/// The configuration of tests with a channel of alerts.
pub(crate) fn told() -> Config {
    let mut config = config();
    let alert = Alert::by(Means::Command(vec!["/bin/true".into()]));
    config.alerts.insert(AlertName::new("pager").unwrap(), alert);
    config
}

async fn pair(cluster: &Cluster) -> (Running, Running) {
    let kernels = (FakeKernel::default(), FakeKernel::default());
    let d1 = cluster.start_with(told(), "d1", 1, &kernels.0);
    let d2 = cluster.start_with(told(), "d2", 2, &kernels.1);
    until_role(&d1, Role::Active).await;
    until_role(&d2, Role::Standby).await;
    (d1, d2)
}

#[tokio::test(start_paused = true)]
async fn the_owner_tells_and_the_standby_does_not() {
    on_one_thread(async {
        let cluster = Cluster::default();
        let (d1, _d2) = pair(&cluster).await;
        sleep(Duration::from_secs(3)).await;
        let server = crate::support::server(1);
        cluster.servers.set(server, Manner::Refuses);
        out(&d1, &server).await;
        sleep(Duration::from_secs(1)).await;
        let about: Vec<String> =
            cluster.letters.told().into_iter().filter(|it| it.contains("is down")).collect();
        assert_eq!(about, ["d1: service http, server 10.0.0.21:80: server 10.0.0.21:80 is down"]);
        let view = d1.view().await;
        assert_eq!((view.alerts[0].troubles, view.alerts[0].waiting), (1, 0));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_hangs_delays_neither_checks_nor_a_takeover() {
    on_one_thread(async {
        let mut took = Vec::new();
        for hangs in [false, true] {
            let cluster = Cluster::default();
            let (d1, d2) = pair(&cluster).await;
            sleep(Duration::from_secs(3)).await;
            if hangs {
                cluster.letters.hang();
            }
            let servers = [1, 2].map(crate::support::server);
            cluster.servers.set(servers[0], Manner::Refuses);
            let first = out(&d1, &servers[0]).await;
            sleep(Duration::from_secs(3)).await;
            cluster.servers.set(servers[1], Manner::Refuses);
            let second = out(&d1, &servers[1]).await;
            assert_eq!(d1.view().await.alerts[0].waiting > 0, hangs);
            d1.crash().await;
            took.push((first, second, until_role(&d2, Role::Active).await));
        }
        assert_eq!(took[0], took[1], "to the millisecond");
    })
    .await;
}
