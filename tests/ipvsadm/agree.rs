//! Both ways over random tables.

use crate::table::{self, Entry};
use crate::{Outcome, ipvsadm, saved};
use ipvs_rs::{Client, Error, Request};
use std::collections::BTreeSet;
use std::process::ExitCode;

/// Differences that are shown before the rest is only counted.
const SHOWN: u64 = 5;

pub(crate) fn agree(tables: u64, seed: u64) -> Outcome<ExitCode> {
    let said = |error: Error| error.to_string();
    let mut client = Client::connect().map_err(said)?;
    let (mut services, mut destinations, mut differ) = (0, 0, 0);
    for number in seed..seed.saturating_add(tables) {
        let table = table::random(number);
        services += table.len();
        destinations += table.iter().map(|entry| entry.destinations.len()).sum::<usize>();
        let ours = by_us(&mut client, &table)?;
        let theirs = by_ipvsadm(&mut client, &table)?;
        for difference in [ours, theirs].into_iter().flatten() {
            differ += 1;
            if differ <= SHOWN {
                println!("table {number}: {difference}");
            }
        }
    }
    client.flush().map_err(said)?;
    println!(
        "{tables} tables from seed {seed}, {services} services, {destinations} destinations: \
         {differ} differences in {} comparisons",
        2 * tables
    );
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// We write; `ipvsadm` prints; we read it again with the thresholds, which it does not print.
fn by_us(client: &mut Client, table: &[Entry]) -> Outcome<Option<String>> {
    client.flush().map_err(|error| error.to_string())?;
    let changes: Vec<Request> = table
        .iter()
        .flat_map(|Entry { service, destinations }| {
            let add =
                |one: &ipvs_rs::Destination| Request::AddDestination(service.key, one.clone());
            let first = Request::AddService(service.clone());
            std::iter::once(first).chain(destinations.iter().map(add)).collect::<Vec<_>>()
        })
        .collect();
    if let Some(error) = client.batch(&changes).into_iter().find_map(Result::err) {
        return Ok(Some(format!("we could not write it: {error}")));
    }
    let printed = ipvsadm(&["-Sn"], "")?;
    let printed: BTreeSet<&str> = printed.lines().map(str::trim_end).collect();
    let meant = saved::lines(table, false);
    let meant: BTreeSet<&str> = meant.iter().map(String::as_str).collect();
    if printed != meant {
        let only = |one: &BTreeSet<&str>, other: &BTreeSet<&str>| {
            one.difference(other).copied().collect::<Vec<_>>().join("; ")
        };
        let (more, less) = (only(&printed, &meant), only(&meant, &printed));
        return Ok(Some(format!("ipvsadm prints {more:?} where we meant {less:?}")));
    }
    read_back(client, table)
}

/// `ipvsadm` writes; we read.
fn by_ipvsadm(client: &mut Client, table: &[Entry]) -> Outcome<Option<String>> {
    client.flush().map_err(|error| error.to_string())?;
    let lines = saved::lines(table, true).join("\n");
    match ipvsadm(&["-R"], &format!("{lines}\n")) {
        Ok(_) => read_back(client, table),
        Err(why) => Ok(Some(format!("ipvsadm could not write it: {why}\n{lines}"))),
    }
}

fn read_back(client: &mut Client, table: &[Entry]) -> Outcome<Option<String>> {
    let said = |error: Error| error.to_string();
    let found = client.services().map_err(said)?;
    if found.len() != table.len() {
        return Ok(Some(format!("we read {} services of {}", found.len(), table.len())));
    }
    for Entry { service, destinations } in table {
        let same = |one: &&ipvs_rs::Service| one.same_settings(service);
        if !found.iter().any(|one| same(&one)) {
            return Ok(Some(format!("we read {found:?} where {service:?} was meant")));
        }
        let read = client.destinations(&service.key).map_err(said)?;
        let missing = destinations.iter().find(|one| !read.iter().any(|o| o.same_settings(one)));
        if let Some(missing) = missing {
            return Ok(Some(format!("we read {read:?} where {missing:?} was meant")));
        }
        if read.len() != destinations.len() {
            return Ok(Some(format!("{}: we read {} destinations", service.key, read.len())));
        }
    }
    Ok(None)
}
