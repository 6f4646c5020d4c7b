//! The texts that a configuration is read from.

/// A configuration's file, then the files that it includes, each with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    file: String,
    text: String,
    included: Vec<(String, String)>,
}

impl Texts {
    /// One file that includes none.
    #[must_use]
    pub fn one(file: impl Into<String>, text: impl Into<String>) -> Self {
        Self { file: file.into(), text: text.into(), included: Vec::new() }
    }

    /// A file that is included.
    pub fn add(&mut self, file: impl Into<String>, text: impl Into<String>) {
        self.included.push((file.into(), text.into()));
    }

    /// The name of the file that was asked for.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How many files it includes, those of included ones with them.
    #[must_use]
    pub fn included(&self) -> usize {
        self.included.len()
    }

    /// Every file with its text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let first = std::iter::once((&*self.file, &*self.text));
        first.chain(self.included.iter().map(|(file, text)| (&**file, &**text)))
    }

    /// The same with another text of a file.
    #[must_use]
    pub fn with(&self, file: &str, text: &str) -> Self {
        let mut changed = self.clone();
        let of_included = changed.included.iter_mut().map(|(name, text)| (&*name, text));
        let mut all = std::iter::once((&changed.file, &mut changed.text)).chain(of_included);
        if let Some((_, old)) = all.find(|(name, _)| name.as_str() == file) {
            text.clone_into(old);
        }
        changed
    }

    /// The first file whose table `[TABLE.NAME]` is the one that is asked for, with its text.
    #[must_use]
    pub fn defining(&self, table: &str, name: &str) -> Option<(&str, &str)> {
        self.iter().find(|(_, text)| {
            let document = toml_edit::Document::parse(*text).ok();
            document.is_some_and(|it| it.get(table).and_then(|it| it.get(name)).is_some())
        })
    }

    /// Number, first byte among those of all, name and text of each.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (usize, usize, &str, &str)> {
        let mut base = 0;
        self.iter().enumerate().map(move |(number, (name, text))| {
            let own = base;
            // One more: the end of a file is not the beginning of the next.
            base += text.len() + 1;
            (number, own, name, text)
        })
    }
}
