//! What is wrong with a sink's settings.

use std::fmt;

/// Validation error: everything that is wrong with a sink's settings at once, so that a person mends it in one go. Its text
/// joins the mistakes by `; `. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError(Vec<Mistake>);

impl SettingsError {
    /// `Ok` if there are no mistakes.
    pub fn check(mistakes: Vec<Mistake>) -> Result<(), Self> {
        if mistakes.is_empty() {
            Ok(())
        } else {
            Err(Self(mistakes))
        }
    }

    /// At least one, in the order in which they were found.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.0
    }
}

impl From<Mistake> for SettingsError {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl std::error::Error for SettingsError {}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, mistake) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            mistake.fmt(f)?;
        }
        Ok(())
    }
}

/// Validation error of one setting, apart from its place, so that whoever has read the settings from somewhere can point there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting, as a path: `bootstrap_servers`, `properties."acks"`.
    pub setting: String,
    /// What is wrong with it, or what it wants. Names no secret's value.
    pub reason: String,
}

impl Mistake {
    /// A mistake in `setting`.
    pub fn new(setting: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            setting: setting.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told() {
        assert_eq!(SettingsError::check(Vec::new()), Ok(()));
        let mistakes = vec![
            Mistake::new("url", "names no host"),
            Mistake::new("dir", "is empty"),
        ];
        let error = SettingsError::check(mistakes.clone()).unwrap_err();
        assert_eq!(error.mistakes(), mistakes);
        assert_eq!(error.to_string(), "url: names no host; dir: is empty");
        assert_eq!(
            SettingsError::from(mistakes[0].clone()).to_string(),
            "url: names no host"
        );
    }
}
