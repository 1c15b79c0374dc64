use super::*;

const SECRET: &str = "correct-horse";

#[derive(Debug, serde::Deserialize)]
struct Holder {
    token: SecretRef,
}

#[test]
fn a_secret_written_in_place_is_refused_without_being_repeated() {
    for text in [
        format!("token = {SECRET:?}"),
        "token = 42424242".to_owned(),
        "token = { env = 42424242 }".to_owned(),
        format!("token = {{ env = {SECRET:?} }}"),
        format!("token = {{ value = {SECRET:?} }}"),
        format!("token = {{ file = \"a\", env = {SECRET:?} }}"),
    ] {
        let problems = crate::parse::<Holder>(&text.parse().unwrap()).unwrap_err();
        let [problem] = problems.as_slice() else { panic!("one problem, not {problems:?}") };
        assert!(!problem.message.contains(SECRET) && !problem.message.contains("42424242"), "{problem:?}");
    }
}

#[test]
fn both_places_are_read_from_settings() {
    for (text, expected) in [
        ("token = { env = \"PP_TOKEN\" }", SecretRef::Environment("PP_TOKEN".to_owned())),
        ("token = { file = \"/run/token\" }", SecretRef::File("/run/token".into())),
    ] {
        assert_eq!(crate::parse::<Holder>(&text.parse().unwrap()).unwrap().token, expected);
    }
}

#[test]
fn a_check_is_offline_and_names_the_place() {
    let variable = SecretRef::Environment("PP_TOKEN".to_owned());
    assert!(variable.check(&|_| None).unwrap_err().contains("PP_TOKEN is not set"));
    assert!(variable.check(&|_| Some(" ".to_owned())).unwrap_err().contains("PP_TOKEN is empty"));
    assert_eq!(variable.check(&|_| Some(SECRET.to_owned())), Ok(()));
    assert!(SecretRef::File("/none/such".into()).check(&|_| None).unwrap_err().contains("/none/such"));
}

#[tokio::test]
async fn a_changed_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, format!("{SECRET}\r\n")).unwrap();
    let secret = SecretRef::File(path.clone()).open();
    assert_eq!(secret.current().await.unwrap().expose_secret(), SECRET);
    std::fs::write(&path, "a-longer-battery-staple").unwrap();
    assert_eq!(secret.current().await.unwrap().expose_secret(), "a-longer-battery-staple");
    assert!(!format!("{secret:?}").contains("battery"));
}

#[tokio::test]
async fn a_secret_that_is_not_there_is_a_matter_of_configuration() {
    let error = SecretRef::File("/none/such".into()).open().current().await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains("/none/such cannot be read"), "{error}");
    let error = SecretRef::Environment("PP_NONE_SUCH".to_owned()).open().current().await.unwrap_err();
    assert!(error.to_string().contains("PP_NONE_SUCH is not set"), "{error}");
}
