use super::{Cluster, FakeKernel, Running};
use director_core::config::Weight;
use director_core::report::Role;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

/// Runs a test whose directors live on its own thread.
pub(crate) async fn on_one_thread(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

/// Waits until `director` has `role`, and says for how long.
pub(crate) async fn until_role(director: &Running, role: Role) -> Duration {
    let start = Instant::now();
    while director.view().await.groups[0].role != role {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", director.view().await.groups);
        sleep(Duration::from_millis(1)).await;
    }
    start.elapsed()
}

/// A pair of which d1 is active and both have checked their servers.
pub(crate) async fn settled(cluster: &Cluster) -> (Running, Running) {
    let d1 = cluster.start("d1", 1, &FakeKernel::default());
    let d2 = cluster.start("d2", 2, &FakeKernel::default());
    until_role(&d1, Role::Active).await;
    until_role(&d2, Role::Standby).await;
    sleep(Duration::from_secs(5)).await;
    (d1, d2)
}

/// The weight of a server in the director's kernel; `None` when it is not there.
pub(crate) fn weight(director: &Running, server: &SocketAddr) -> Option<Weight> {
    let state = director.kernel.state();
    let service = state.services.values().next()?;
    service.servers.get(server).map(|server| server.weight)
}

/// How long until the director gives the server as much as that.
pub(crate) async fn until_weight(director: &Running, server: &SocketAddr, to: u16) -> Duration {
    let began = Instant::now();
    while weight(director, server) != Some(Weight(to)) {
        let now = weight(director, server);
        assert!(began.elapsed() < Duration::from_secs(100), "{server} has {now:?}");
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

/// How long until the director gives the server no connections.
pub(crate) async fn out(director: &Running, server: &SocketAddr) -> Duration {
    until_weight(director, server, 0).await
}
