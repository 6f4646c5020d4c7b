//! Deliveries of alerts, one at a time per channel; who delivers is not this crate's.

use director_core::Input;
use director_core::alert::{Notice, Undelivered};
use director_core::config::Alert;
use director_core::name::AlertName;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long the last deliveries are waited for when the director stops.
const LAST: Duration = Duration::from_secs(5);

/// An alert on its way; dropping it ends it, with every process that it has started.
pub type Delivery = Pin<Box<dyn Future<Output = Result<(), Undelivered>> + Send>>;

/// Somebody who delivers alerts.
pub trait Courier: Send + Sync {
    /// Delivers an alert as the channel says. Its trouble began `age` ago.
    fn deliver(&self, alert: &Alert, notice: &Notice, age: Duration) -> Delivery;
}

/// Nobody who delivers: for a director without channels, and for tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCourier;

impl Courier for NoCourier {
    fn deliver(&self, _: &Alert, _: &Notice, _: Duration) -> Delivery {
        let why = "this director cannot deliver alerts".to_owned();
        Box::pin(std::future::ready(Err(Undelivered { again: false, why })))
    }
}

/// The alerts that are on their way.
pub(crate) struct Deliveries {
    courier: Box<dyn Courier>,
    running: JoinSet<(AlertName, u64, Result<(), Undelivered>)>,
}

impl Deliveries {
    pub(crate) fn new(courier: Box<dyn Courier>) -> Self {
        Self { courier, running: JoinSet::new() }
    }

    /// Begins a delivery; `alert` is `None` when the channel has left the configuration.
    pub(crate) fn begin(
        &mut self,
        channel: AlertName,
        alert: Option<&Alert>,
        notice: &Arc<Notice>,
        age: Duration,
    ) {
        let Some(alert) = alert else { return };
        let (number, limit) = (notice.number, alert.timeout);
        let delivery = self.courier.deliver(alert, notice, age);
        self.running.spawn(async move {
            let result = timeout(limit, delivery).await.unwrap_or_else(|_| {
                let why = format!("it took more than {} ms", limit.as_millis());
                Err(Undelivered { again: true, why })
            });
            (channel, number, result)
        });
    }

    /// Waits for the next delivery that ends. Dropping this loses nothing.
    pub(crate) async fn finished(&mut self) -> Input {
        loop {
            match self.running.join_next().await {
                None => std::future::pending().await,
                Some(Ok((channel, number, result))) => {
                    return Input::AlertEnded { channel, number, result };
                }
                // The director gives it up by itself.
                Some(Err(error)) => tracing::error!("an alert was not waited for: {error}"),
            }
        }
    }

    /// Waits for what is still on its way, but not for ever.
    pub(crate) async fn drain(mut self) {
        let all = async { while self.running.join_next().await.is_some() {} };
        if timeout(LAST, all).await.is_err() {
            tracing::warn!("alerts were still on their way after {} s", LAST.as_secs());
        }
    }
}
