use crate::report::tests::runs;
use crate::{Sheet, html};

fn page() -> String {
    let sheet = Sheet {
        title: "what </script> counted".to_owned(),
        columns: vec!["fault".to_owned(), "outage".to_owned()],
        rows: vec![vec!["power-off".to_owned(), "200 ms".to_owned()]],
        ..Sheet::default()
    };
    html("a {{data}} <rehearsal>", &[sheet], &runs()).unwrap()
}

fn data(page: &str) -> serde_json::Value {
    let (_, rest) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn the_same_runs_give_the_same_page_and_it_leans_on_nothing_else() {
    let page = page();
    assert_eq!(page, self::page());
    assert!(page.contains("<title>a {{data}} &lt;rehearsal&gt;</title>"));
    // Names of XML are no addresses that a browser asks.
    let bare = page.replace("http://www.w3.org/2000/svg", "");
    for word in ["http://", "https://", "src=", "@import", "url(\"", "<link"] {
        assert!(!bare.contains(word), "{word}");
    }
    assert_eq!(page.matches("</script>").count(), 2);
}

#[test]
fn its_data_have_the_lanes_the_flows_and_the_rulings() {
    let data = data(&page());
    insta::assert_snapshot!(serde_json::to_string_pretty(&data["runs"][0]["lanes"]).unwrap());
    let client = &data["runs"][0]["clients"][0];
    let count = |name: &str| client[name].as_array().unwrap().len();
    assert_eq!(
        (count("starts_us"), count("took_us"), count("ends"), count("by")),
        (180, 180, 180, 180)
    );
    assert_eq!(client["outages"][0]["bad"], 7);
    assert_eq!(data["runs"][0]["claims"][1]["ruling"], "violated");
    assert_eq!(data["runs"][0]["faults"][0]["mends"], false);
    assert_eq!(data["runs"][1]["reason"], "meant for world, not for uml");
    assert!(data["runs"][1].get("lanes").is_none());
    assert_eq!(data["sheets"][0]["title"], "what </script> counted");
}

#[test]
fn lanes_have_no_holes() {
    let data = data(&page());
    for lane in data["runs"][0]["lanes"].as_array().unwrap() {
        let spans = lane["spans"].as_array().unwrap();
        assert_eq!(spans.first().unwrap()["from_ns"], 0);
        assert_eq!(spans.last().unwrap()["to_ns"], 15_000_000_000_u64);
        assert!(spans.windows(2).all(|pair| pair[0]["to_ns"] == pair[1]["from_ns"]), "{lane}");
    }
}
