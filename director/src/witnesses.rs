//! The witnesses, as the loop needs them.

use crate::output::Failure;
use director_core::Input;
use director_linux::WitnessSockets;
use director_shell::links::Witnesses;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// After an error it is listened again this much later, so that the loop does not turn hot.
const PAUSE: Duration = Duration::from_millis(10);

struct SocketWitnesses(Arc<WitnessSockets>);

impl Witnesses for SocketWitnesses {
    fn ask(&mut self, witness: IpAddr, question: u64) -> io::Result<()> {
        self.0.ask(witness, question)
    }
}

/// A way to ask; the answers go to `sender`.
pub(crate) fn open(
    cookie: u64,
    sender: mpsc::Sender<Input>,
) -> Result<Box<dyn Witnesses>, Failure> {
    let failed = |error| Failure::machine(format_args!("witnesses cannot be asked: {error}"));
    let sockets = Arc::new(WitnessSockets::open(cookie).map_err(failed)?);
    let heard = Arc::clone(&sockets);
    tokio::spawn(async move {
        while !sender.is_closed() {
            match heard.answer().await {
                // What does not fit is lost as on the wire.
                Ok((witness, question)) => {
                    let _full = sender.try_send(Input::WitnessAnswered { witness, question });
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    });
    Ok(Box::new(SocketWitnesses(sockets)))
}
