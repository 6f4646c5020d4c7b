//! Signals as orders.

use crate::order::Order;
use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Turns SIGTERM and SIGINT into [`Order::Stop`] and SIGHUP into [`Order::Reload`], for as long as
/// the runtime lives.
///
/// # Errors
/// When a handler cannot be installed.
pub fn forward(orders: mpsc::Sender<Order>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            let order = tokio::select! {
                biased;
                Some(()) = terminate.recv() => Order::Stop,
                Some(()) = interrupt.recv() => Order::Stop,
                Some(()) = hangup.recv() => Order::Reload,
                else => return,
            };
            if orders.send(order).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}
