//! Keeping credentials out of every text that people see.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

/// The forms of one credential that a source might echo: as it is, as in a URL, as in a header.
#[derive(Clone, Default)]
pub(super) struct Hidden {
    forms: Arc<Vec<SecretString>>,
    /// The answer itself holds a secret, which nobody knows yet: none of it is quoted.
    everything: bool,
}

const INSTEAD: &str = "[hidden]";

impl Hidden {
    pub(super) fn of(forms: impl IntoIterator<Item = String>) -> Self {
        let mut forms: Vec<String> = forms.into_iter().filter(|form| !form.is_empty()).collect();
        // The longest first: hiding a part of a longer form would leave the rest of it to be read.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self { forms: Arc::new(forms.into_iter().map(SecretString::from).collect()), everything: false }
    }

    pub(super) fn and_everything(self, everything: bool) -> Self {
        Self { everything, ..self }
    }

    /// The text without the credential.
    pub(super) fn hide(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| text.replace(form.expose_secret(), INSTEAD))
    }

    /// A body without the credential, also as JSON writes it. What is short or a number may be a figure,
    /// which must not be changed.
    pub(super) fn clear(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        for form in self.forms.iter().map(ExposeSecret::expose_secret) {
            if form.len() < 8 || form.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let escaped = serde_json::Value::from(form).to_string();
            let escaped = escaped.trim_matches('"');
            for form in [form.to_owned(), escaped.to_owned(), escaped.replace('/', "\\/")] {
                if bytes.windows(form.len()).any(|window| window == form.as_bytes()) {
                    bytes = String::from_utf8_lossy(&bytes).replace(&form, INSTEAD).into_bytes();
                }
            }
        }
        bytes
    }

    /// The first `characters` of a text in one printable line, without the credential. Hidden before it
    /// is cut: the first half of a key is still a secret.
    pub(super) fn excerpt(&self, bytes: &[u8], characters: usize) -> String {
        if self.everything && !bytes.is_empty() {
            return INSTEAD.to_owned();
        }
        let text = self.hide(&String::from_utf8_lossy(bytes));
        let mut line = String::with_capacity(characters * 2);
        let mut written = 0;
        for word in text.split(|each: char| each.is_whitespace() || each.is_control()) {
            if word.is_empty() {
                continue;
            }
            if written >= characters {
                return line + "…";
            }
            if written > 0 {
                line.push(' ');
                written += 1;
            }
            for character in word.chars() {
                if written >= characters {
                    return line + "…";
                }
                line.push(character);
                written += 1;
            }
        }
        line
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden")
    }
}
