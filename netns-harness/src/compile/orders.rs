//! What an operator types on a director, from the words of the scenario.

use scenario::{OperatorOrder, Scenario, show_duration};

/// The arguments of the program `director`.
///
/// # Errors
/// The server has no address, in a sentence.
pub(super) fn words(
    scenario: &Scenario,
    director: &str,
    order: &OperatorOrder,
) -> Result<Vec<String>, String> {
    let address = match order.server() {
        Some(server) => scenario.server_address(director, server).map(|it| it.to_string()),
        None => Some(String::new()),
    };
    let address = address.ok_or_else(|| format!("`{order}`: the server has no address"))?;
    let line = match order {
        OperatorOrder::Ready => "ready".to_owned(),
        OperatorOrder::Standby => "standby".to_owned(),
        // It comes back at once: the timeline waits for nobody.
        OperatorOrder::Drain { deadline: None, .. } => format!("drain {address} --no-wait"),
        OperatorOrder::Drain { deadline: Some(deadline), .. } => {
            format!("drain {address} --no-wait --deadline {}", show_duration(*deadline))
        }
        OperatorOrder::Undrain { .. } => format!("undrain {address}"),
        OperatorOrder::Maintenance { on, .. } => {
            format!("maintenance {} {address}", if *on { "on" } else { "off" })
        }
        OperatorOrder::Weight { weight: Some(weight), .. } => format!("weight {address} {weight}"),
        OperatorOrder::Weight { weight: None, .. } => format!("weight {address} configured"),
        OperatorOrder::Add { service, weight, .. } => {
            format!("server add {service} {address} --weight {weight}")
        }
        OperatorOrder::Remove { service, .. } => format!("server remove {service} {address}"),
    };
    Ok(line.split(' ').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn an_order_becomes_a_command_line_of_the_director() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/guides/direct.toml");
        let scenario = Scenario::load(std::path::Path::new(file)).unwrap();
        let (server, service) = (|| "s1".to_owned(), || "http".to_owned());
        let deadline = Some(Duration::from_secs(10));
        let orders = [
            (OperatorOrder::Ready, "ready"),
            (OperatorOrder::Standby, "standby"),
            (
                OperatorOrder::Drain { server: server(), deadline: None },
                "drain 10.0.0.21 --no-wait",
            ),
            (
                OperatorOrder::Drain { server: server(), deadline },
                "drain 10.0.0.21 --no-wait --deadline 10s",
            ),
            (OperatorOrder::Undrain { server: server() }, "undrain 10.0.0.21"),
            (
                OperatorOrder::Maintenance { server: server(), on: false },
                "maintenance off 10.0.0.21",
            ),
            (OperatorOrder::Weight { server: server(), weight: Some(5) }, "weight 10.0.0.21 5"),
            (
                OperatorOrder::Weight { server: server(), weight: None },
                "weight 10.0.0.21 configured",
            ),
            (
                OperatorOrder::Add { service: service(), server: server(), weight: 5 },
                "server add http 10.0.0.21 --weight 5",
            ),
            (
                OperatorOrder::Remove { service: service(), server: server() },
                "server remove http 10.0.0.21",
            ),
        ];
        for (order, line) in orders {
            assert_eq!(words(&scenario, "d1", &order).unwrap().join(" "), line);
        }
    }
}
