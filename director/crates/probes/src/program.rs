//! Checks on the director itself: programs and files.

use crate::call::{Call, local};
use crate::expect::contains;
use crate::network::{Ended, Network};
use director_core::config::dialogue::{File, Program};
use director_core::probe::{Failure, Outcome, Passed};

/// Bytes of a file that are looked at: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// Runs a program with the server's address and port behind its arguments. Only status 0 is
/// success: a program that a signal ended has said nothing.
pub(crate) async fn run<N: Network>(call: Call<'_, N>, program: &Program) -> Outcome {
    let arguments = vec![call.target.ip().to_string(), call.target.port().to_string()];
    call.progress.asked();
    match call.host().run(program, arguments).await.map_err(local)? {
        Ended::Status(0) => Ok(Passed::default()),
        Ended::Status(status) => Err(Failure::Ended { how: format!("ended with status {status}") }),
        Ended::Signal(signal) => Err(Failure::Ended { how: format!("died of signal {signal}") }),
    }
}

/// Looks into a file. One that is not there says that the server is down.
pub(crate) async fn look<N: Network>(call: Call<'_, N>, file: &File) -> Outcome {
    call.progress.asked();
    let bytes = match call.host().file(&file.path, LIMIT).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Failure::Rejected { answer: error.to_string() });
        }
        Err(error) => return Err(local(error)),
    };
    contains(file.expect.as_ref(), &bytes)?;
    Ok(Passed::default())
}
