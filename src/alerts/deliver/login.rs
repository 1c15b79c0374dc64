//! A user and a password: both, or neither.

use collectors::{Secret, SecretRef, SettingProblem, SettingProblems};

/// Who signs in and with what; a half that is missing is added to the problems.
pub(super) fn login(
    user: Option<String>,
    password: Option<SecretRef>,
    problems: &mut SettingProblems,
) -> Option<(String, Secret)> {
    let (missing, given) = match (user, password) {
        (None, None) => return None,
        (Some(user), Some(password)) => return Some((user, password.open())),
        (Some(_), None) => ("password", "user"),
        (None, Some(_)) => ("user", "password"),
    };
    problems.push(SettingProblem::new(missing, format!("missing beside {given}")));
    None
}
