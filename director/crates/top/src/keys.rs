//! What the keys do.

use crate::dialog::{Deed, Line};
use crate::model::{Model, Page, Wish};
use crate::rows::{Row, Thing, state};
use director_core::name::GroupName;
use director_core::standing::Subject;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// For the page of help: a key and what it does.
pub(crate) const HELP: [(&str, &str); 17] = [
    ("up down  j k", "move; PgUp PgDn a screen, Home End g G to the ends"),
    ("Enter", "why the chosen thing is as it is: its causes and last checks"),
    ("Esc", "back; ends the filter"),
    ("left right  Space", "fold and unfold a service; - and + all of them"),
    ("/", "filter by name, address, state, reason"),
    ("p", "only what is not in order"),
    ("e", "events since this view began"),
    ("", ""),
    ("d  u", "drain a server; end its drain"),
    ("m", "begin or end the maintenance of a server"),
    ("w", "another weight for a server"),
    ("h  r", "hand a group over; be ready for it again"),
    ("R", "read the configuration anew"),
    ("", "each asks for a reason, and does nothing before Enter"),
    ("", ""),
    ("Ctrl-L", "draw everything anew"),
    ("q  Ctrl-C", "leave"),
];

impl Model {
    /// A key was pressed.
    pub fn press(&mut self, key: KeyEvent) -> Option<Wish> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Some(Wish::Quit),
                KeyCode::Char('l') => Some(Wish::Redraw),
                KeyCode::Char('z') => Some(Wish::Sleep),
                _ => None,
            };
        }
        if self.dialog.is_some() {
            return self.press_in_dialog(key.code);
        }
        if self.writing.is_some() {
            self.press_in_filter(key.code);
            return None;
        }
        if key.code == KeyCode::Char('q') {
            return Some(Wish::Quit);
        }
        match self.page {
            Page::List => self.press_in_list(key.code),
            _ => self.press_in_page(key.code),
        }
    }

    fn press_in_dialog(&mut self, code: KeyCode) -> Option<Wish> {
        let dialog = self.dialog.as_mut()?;
        match code {
            KeyCode::Esc => self.dialog = None,
            KeyCode::Enter if dialog.at_weight => dialog.at_weight = false,
            KeyCode::Enter => match dialog.command() {
                Ok(command) => {
                    dialog.refused = None;
                    return Some(Wish::Order(command));
                }
                Err(why) => dialog.refused = Some(why.to_owned()),
            },
            KeyCode::Tab if dialog.can_force() => dialog.force = !dialog.force,
            KeyCode::Tab if matches!(dialog.deed, Deed::Weight(_)) => {
                dialog.at_weight = !dialog.at_weight;
            }
            KeyCode::Backspace => drop(dialog.line().0.pop()),
            KeyCode::Char(letter) => dialog.write(letter),
            _ => {}
        }
        None
    }

    fn press_in_filter(&mut self, code: KeyCode) {
        let Some(line) = &mut self.writing else { return };
        match code {
            KeyCode::Enter => {
                self.writing = None;
                return;
            }
            KeyCode::Esc => {
                self.writing = None;
                self.choice.filter.clear();
                return self.arrange();
            }
            KeyCode::Up | KeyCode::Down => return self.move_by_key(code),
            KeyCode::Backspace => drop(line.0.pop()),
            KeyCode::Char(letter) => line.write(letter),
            _ => return,
        }
        self.choice.filter = line.0.to_lowercase();
        self.arrange();
    }

    fn press_in_page(&mut self, code: KeyCode) -> Option<Wish> {
        let height = self.height;
        if let Page::Why { from, .. } | Page::Events { from } = &mut self.page {
            match code {
                KeyCode::Up | KeyCode::Char('k') => *from = from.saturating_sub(1),
                KeyCode::Down | KeyCode::Char('j') => *from = from.saturating_add(1),
                KeyCode::PageUp => *from = from.saturating_sub(height),
                KeyCode::PageDown | KeyCode::Char(' ') => *from = from.saturating_add(height),
                KeyCode::Home | KeyCode::Char('g') => *from = 0,
                KeyCode::End | KeyCode::Char('G') => *from = usize::MAX,
                _ => {}
            }
        }
        match code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace | KeyCode::Left => {
                self.page = Page::List;
            }
            KeyCode::Char(letter) => return self.deed(letter),
            _ => {}
        }
        None
    }

    fn press_in_list(&mut self, code: KeyCode) -> Option<Wish> {
        match code {
            KeyCode::Enter => {
                let thing = self.thing()?;
                if thing.subject().is_some() {
                    self.page = Page::Why { thing, text: None, from: 0 };
                    return self.why();
                }
            }
            KeyCode::Esc => {
                self.choice.filter.clear();
                self.choice.problems = false;
                self.arrange();
            }
            KeyCode::Left => self.fold(Some(true)),
            KeyCode::Right => self.fold(Some(false)),
            KeyCode::Char(' ') => self.fold(None),
            KeyCode::Char('-') => {
                let names = self.status.services.iter().map(|service| service.name.clone());
                self.choice.folded = names.collect();
                self.arrange();
            }
            KeyCode::Char('+') => {
                self.choice.folded.clear();
                self.arrange();
            }
            KeyCode::Char('/') => self.writing = Some(Line(self.choice.filter.clone())),
            KeyCode::Char('p') => {
                self.choice.problems = !self.choice.problems;
                self.arrange();
            }
            KeyCode::Char(letter) if !"jkgG".contains(letter) => return self.deed(letter),
            _ => self.move_by_key(code),
        }
        None
    }

    fn move_by_key(&mut self, code: KeyCode) {
        let screen = isize::try_from(self.height.saturating_sub(1)).unwrap_or(1).max(1);
        match code {
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-screen),
            KeyCode::PageDown => self.step(screen),
            KeyCode::Home | KeyCode::Char('g') => self.point(0),
            KeyCode::End | KeyCode::Char('G') => self.point(usize::MAX),
            _ => {}
        }
    }

    /// Folds the service of the chosen row, unfolds it, or turns it round.
    fn fold(&mut self, wanted: Option<bool>) {
        let Some(Row::Service(number) | Row::Server(number, _)) = self.rows.get(self.cursor) else {
            return;
        };
        let Some(service) = self.status.services.get(*number) else { return };
        let name = service.name.clone();
        let fold = wanted.unwrap_or(!self.choice.folded.contains(&name));
        if fold {
            self.choice.folded.insert(name);
            // The server under the cursor goes: its service is what is left of it.
            let row = self.rows.iter().position(|row| *row == Row::Service(*number));
            self.point(row.unwrap_or(self.cursor));
        } else {
            self.choice.folded.remove(&name);
        }
        self.arrange();
    }

    /// Letters that mean the same on the list and on a page about one thing.
    fn deed(&mut self, letter: char) -> Option<Wish> {
        let thing = match &self.page {
            Page::Why { thing, .. } => Some(thing.clone()),
            Page::List => self.thing(),
            Page::Events { .. } | Page::Help => None,
        };
        let server = || match &thing {
            Some(Thing::Server { service, address }) => {
                let subject = format!("{service}/{address}").parse::<Subject>();
                subject.map_err(|_| "this server has no address that can be named")
            }
            _ => Err("choose a server first"),
        };
        let group = || match &thing {
            Some(Thing::Group(name)) => {
                GroupName::new(name).map_err(|_| "this group cannot be named")
            }
            _ => Err("choose a group first"),
        };
        match letter {
            'd' => self.ask(server().map(Deed::Drain)),
            'u' => self.ask(server().map(Deed::Undrain)),
            'm' => {
                let on = thing.as_ref().is_none_or(|thing| !self.in_maintenance(thing));
                self.ask(server().map(|server| Deed::Maintenance(server, on)));
            }
            'w' => self.ask(server().map(Deed::Weight)),
            'h' => self.ask(group().map(Deed::HandOver)),
            'r' => self.ask(group().map(Deed::Ready)),
            'R' => self.ask(Ok(Deed::Reload)),
            'e' => self.page = Page::Events { from: usize::MAX },
            '?' => self.page = Page::Help,
            _ => {}
        }
        None
    }

    fn in_maintenance(&self, thing: &Thing) -> bool {
        let Thing::Server { service, address } = thing else { return false };
        let services = self.status.services.iter().filter(|found| found.name == *service);
        let mut servers = services.flat_map(|found| &found.servers);
        servers.any(|server| server.address == *address && state(server) == "maint")
    }
}
