//! What the page looks like, and what a keyboard reaches on it.

use crate::Trial;
use e2e::processes::{Outcome, until};
use serde_json::Value;
use std::time::Duration;

/// Whether everything that is to come once has come.
pub(crate) const READY: &str = "typeof state !== 'undefined' && state.status !== null \
     && state.history !== null && state.status.services.filter(isSickService).length === 0";

/// Where the focus is: what it is, whether it is seen, and whether a line is around it.
const FOCUS: &str = "(() => { const it = document.activeElement, box = it.getBoundingClientRect(), \
     look = getComputedStyle(it); it.dataset.reached = 1 + Number(it.dataset.reached || 0); \
     return { times: Number(it.dataset.reached), name: it.id || it.className || it.tagName, \
     text: (it.textContent || '').trim().slice(0, 40), \
     seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 \
       && box.left < innerWidth, \
     marked: look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2 }; })()";

/// Everything on the page that something can be done with.
const ACTIONS: &str = "[...document.querySelectorAll('a[href], button, input, [tabindex]')] \
     .filter((it) => it.getClientRects().length > 0 && !it.dataset.reached).length";
/// What a browser lets the tab key stop at besides: lists that scroll.
const BESIDES: u64 = 8;

/// A page that is drawn in this time, in milliseconds, answers its keys as one expects.
const FELT: f64 = 250.0;
const SHOWN: Duration = Duration::from_secs(5);

pub(crate) fn desktop(trial: &mut Trial) -> Outcome<()> {
    let picture = trial.folder.join("desktop.png");
    trial.browser.picture(&picture)?;
    fits(trial, 1280, "at 1280 pixels nothing is cut off")?;
    let servers = trial.browser.see("state.status.services.flatMap((it) => it.servers).length")?;
    trial.hold("a thousand servers are shown", servers == 1000, &servers);
    let foreign = "performance.getEntriesByType('resource') \
         .filter((it) => !it.name.startsWith(location.origin)).length";
    let foreign = trial.browser.see(foreign)?;
    trial.hold("nothing comes from elsewhere", foreign == 0, &foreign);
    let drawn = "(() => { const from = performance.now(); drawHead(); drawFacts(); drawGroups(); \
         drawPeers(); drawServices(); document.body.offsetHeight; \
         return performance.now() - from; })()";
    let mut times = Vec::new();
    for _ in 0..20 {
        times.extend(trial.browser.see(drawn)?.as_f64());
    }
    times.sort_by(f64::total_cmp);
    let usual = times.get(times.len() / 2).copied().unwrap_or(f64::MAX);
    trial.hold(
        "it is drawn anew in no time",
        usual < FELT,
        format_args!("{usual:.0} ms as a rule"),
    );
    Ok(())
}

pub(crate) fn telephone(trial: &mut Trial) -> Outcome<()> {
    trial.browser.size(390, 844)?;
    trial.browser.open(crate::PAGE)?;
    crate::ready(trial)?;
    let picture = trial.folder.join("phone.png");
    trial.browser.picture(&picture)?;
    fits(trial, 390, "at 390 pixels nothing is cut off")?;
    let small = "[...document.querySelectorAll('button, input')].filter((it) => { \
         const box = it.getBoundingClientRect(); return box.height > 0 && it.type !== 'checkbox' \
         && box.height < 32; }).length";
    let small = trial.browser.see(small)?;
    trial.hold("a finger hits what it wants", small == 0, &small);
    let open = "state.rows.values().next().value.button.click(); scrollTo(0, \
         document.querySelector('.inside').getBoundingClientRect().top + scrollY - 200)";
    trial.browser.see(open)?;
    fits(trial, 390, "at 390 pixels an open service is not cut off")?;
    trial.browser.picture(&trial.folder.join("phone-open.png"))
}

/// The window of a telephone grows with what does not fit: it is no measure.
fn fits(trial: &mut Trial, width: u64, what: &str) -> Outcome<()> {
    let wide = trial.browser.see("document.documentElement.scrollWidth")?;
    trial.hold(what, wide.as_u64().is_some_and(|wide| wide <= width), &wide);
    Ok(())
}

/// The tab key reaches everything in order, sees where it is, and the other keys act.
pub(crate) fn keyboard(trial: &mut Trial) -> Outcome<()> {
    let actions = trial.browser.see(ACTIONS)?.as_u64().unwrap_or(0);
    let (mut reached, mut unmarked) = (Vec::new(), Vec::new());
    loop {
        trial.browser.press("Tab")?;
        let at = trial.browser.see(FOCUS)?;
        if at["name"] == "BODY" || at["times"] != 1 || reached.len() as u64 > actions + BESIDES {
            break;
        }
        if at["marked"] != true || at["seen"] != true {
            unmarked.push(at.clone());
        }
        reached.push(at);
    }
    let number = reached.len() as u64;
    let missed = trial.browser.see(ACTIONS)?;
    let said = format!("{number} stops, {missed} of {actions} missed");
    trial.hold("the tab key reaches everything once", missed == 0, said);
    let first = unmarked.first().map(Value::to_string).unwrap_or_default();
    trial.hold("where the focus is, is seen", unmarked.is_empty(), first);
    let order: Vec<&str> = reached.iter().take(3).filter_map(|it| it["name"].as_str()).collect();
    trial.hold(
        "the link over the head comes first",
        order == ["skip", "filter", "problems"],
        order.join(", "),
    );
    acts(trial)
}

/// Each key does what the foot of the page says.
fn acts(trial: &mut Trial) -> Outcome<()> {
    trial.browser.see("document.activeElement.blur()")?;
    let shown = "visibleRows().length";
    let all = trial.browser.see(shown)?;
    trial.browser.press("/")?;
    for key in ["w", "e", "b", "0", "0", "7"] {
        trial.browser.press(key)?;
    }
    let one = trial.browser.see(shown)?;
    trial.hold("/ filters", one == 1 && all == 250, format_args!("{one} of {all}"));
    trial.browser.press("Escape")?;
    let again = trial.browser.see(shown)?;
    trial.hold("Escape ends it", again == all, &again);
    trial.browser.press("p")?;
    let few = until(SHOWN * 6, || {
        let few = trial.browser.see("[visibleRows().length, $('problems').checked]")?;
        if few[0] == all { Err(format!("everything is shown: {few}")) } else { Ok(few) }
    })?;
    trial.hold("p shows what is not in order", few[1] == true, &few);
    trial.browser.press("p")?;
    for key in ["j", "j", "j", "k"] {
        trial.browser.press(key)?;
    }
    let at = trial.browser.see(FOCUS)?;
    let text = at["text"].as_str().unwrap_or_default().to_owned();
    trial.hold("j and k go from service to service", text.contains("web001"), &text);
    trial.hold("and one sees where", at["marked"] == true && at["seen"] == true, &at);
    trial.browser.press("Enter")?;
    let open = "document.querySelectorAll('.inside tbody tr').length";
    let rows = until(SHOWN, || match trial.browser.see(open)? {
        none if none == 0 => Err("Enter opens nothing".to_owned()),
        rows => Ok(rows),
    })?;
    let expanded = trial.browser.see("document.activeElement.getAttribute('aria-expanded')")?;
    trial.hold("Enter opens a service", rows == 4 && expanded == "true", &rows);
    trial.browser.picture(&trial.folder.join("desktop-open.png"))?;
    trial.browser.press(" ")?;
    let rows = trial.browser.see(open)?;
    trial.hold("the space bar closes it", rows == 0, &rows);
    trial.browser.see("document.activeElement.blur(); scrollTo(0, 0)")?;
    trial.browser.see("document.querySelector('.skip').focus()")?;
    trial.browser.press("Enter")?;
    let hash = trial.browser.see("location.hash")?;
    trial.hold("the first link leads to the services", hash == "#services", &hash);
    Ok(())
}
