//! What people and the service manager ask of a running director.

use director_core::order::Refusal;
use director_core::view::View;
use tokio::sync::oneshot;

/// A request to the loop.
#[derive(Debug)]
pub enum Order {
    /// Hand over, release everything, end.
    Stop,
    /// Read the configuration anew.
    Reload,
    /// Say what everything looks like.
    Status(oneshot::Sender<View>),
    /// Carry out what the operator asks, or say why not.
    Operate(director_core::order::Order, oneshot::Sender<Result<(), Refusal>>),
}
