//! Another configuration while the director runs.

use super::Shell;
use crate::links::Links;
use crate::manager::News;
use crate::settings::{Settings, needs_restart};
use crate::spare::give_back;
use director_core::Input;
use director_core::config::Digest;
use director_engine::ports::Kernel;
use director_probes::Network;

impl<K, L, N> Shell<K, L, N>
where
    K: Kernel + Send + 'static,
    L: Links,
    N: Network + Send + Sync + 'static,
{
    /// Reads the configuration anew and uses it, unless something is wrong with it.
    pub(super) fn reload(&mut self) -> Result<Digest, Vec<String>> {
        self.manager.tell(News::Reloading);
        let loaded = self.load();
        let answer = match loaded {
            Ok(settings) => {
                self.settings = settings;
                self.handle(Input::Reload(self.settings.config.clone()));
                Ok(self.settings.config.digest())
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!("nothing is reloaded: the configuration in use stays");
                Err(problems)
            }
        };
        give_back();
        self.meter.reloaded(answer.is_ok());
        self.manager.tell(News::Ready(self.summary()));
        answer
    }

    fn load(&mut self) -> Result<Settings, Vec<String>> {
        let mut settings = self.source.load()?;
        let read = settings.config.digest();
        let altered = self.renewed(&mut settings);
        let problems = needs_restart(&self.settings.config, &settings.config, &self.node);
        if !problems.is_empty() {
            return Err(problems);
        }
        self.alterations = altered;
        self.read = read;
        Ok(settings)
    }
}
