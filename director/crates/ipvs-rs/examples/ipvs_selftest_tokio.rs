//! The asynchronous client against the running kernel: what differs from the blocking one, which
//! `ipvs_selftest` covers. It empties the IPVS table of its network namespace.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use ipvs_rs::{
    AsyncClient, Destination, Endpoint, Error, ErrorKind, Forwarding, Missing, Request, Service,
    ServiceKey,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(checks) => {
            let failed: Vec<_> = checks.iter().filter(|(_, held)| !held).collect();
            for (what, held) in &checks {
                println!("{}  {what}", if *held { "ok  " } else { "FAIL" });
            }
            println!("{} checks held, {} failed", checks.len() - failed.len(), failed.len());
            if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            println!("FAIL  {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<Vec<(&'static str, bool)>, Error> {
    let mut checks = Vec::new();
    let mut client = AsyncClient::connect().await?;
    client.flush().await?;
    let key = ServiceKey::tcp((Ipv4Addr::new(127, 0, 0, 9), 80));
    let service = Service::new(key, "wlc");
    client.add_service(&service).await?;
    checks.push(("service read back", client.service(&key).await?.same_settings(&service)));
    let again = client.add_service(&service).await;
    checks.push(("service twice is Exists", matches!(&again, Err(error) if error.is_exists())));

    let real = |last| {
        let endpoint = Endpoint::new(Ipv4Addr::new(127, 0, 1, last), 80);
        Destination::new(endpoint, Forwarding::Masquerade, 1)
    };
    let changes: Vec<_> = (0..200).map(|last| Request::AddDestination(key, real(last))).collect();
    let results = client.batch(&changes).await;
    checks.push(("batch of 200", results.len() == 200 && results.iter().all(Result::is_ok)));
    checks.push(("200 listed", client.destinations(&key).await?.len() == 200));
    checks.push(("one found", client.destination(&key, real(7).endpoint()).await?.weight == 1));

    checks.push(("one service listed", client.services().await?.len() == 1));
    checks.push(("version", client.info().await?.version.to_string() == "1.2.1"));

    client.remove_service(&key).await?;
    let gone = client.destinations(&key).await;
    let missing = ErrorKind::Missing(Missing::Service);
    let held = matches!(&gone, Err(error) if *error.kind() == missing);
    checks.push(("a removed service is Missing", held));
    Ok(checks)
}
