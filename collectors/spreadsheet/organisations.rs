//! Departments and agencies by their GOV.UK slugs.

use kpi::id::slugify;
use kpi::service::Organisation;

/// Organisations whose slug on GOV.UK is not their name with hyphens, by that name with hyphens and
/// "and" spelt out. A slug outlives a rename, so the older names are here too.
const SLUGS: [(&str, &str); 13] = [
    ("hm-revenue-and-customs", "hm-revenue-customs"),
    ("her-majestys-revenue-and-customs", "hm-revenue-customs"),
    ("department-for-environment-food-and-rural-affairs", "department-for-environment-food-rural-affairs"),
    ("foreign-and-commonwealth-office", "foreign-commonwealth-office"),
    ("foreign-commonwealth-and-development-office", "foreign-commonwealth-development-office"),
    ("department-for-culture-media-and-sport", "department-for-culture-media-sport"),
    ("department-for-digital-culture-media-and-sport", "department-for-digital-culture-media-sport"),
    ("department-for-business-innovation-and-skills", "department-for-business-innovation-skills"),
    ("department-of-energy-and-climate-change", "department-of-energy-climate-change"),
    ("hm-courts-and-tribunals-service", "hm-courts-and-tribunals-service"),
    ("driver-and-vehicle-licensing-agency", "driver-and-vehicle-licensing-agency"),
    ("hm-prison-and-probation-service", "hm-prison-and-probation-service"),
    ("office-for-standards-in-education-childrens-services-and-skills", "ofsted"),
];

/// The organisation of that name; `None` where the cell is empty or holds no name.
pub(super) fn organisation(name: &str) -> Option<Organisation> {
    let name = name.trim();
    if name.starts_with('#') {
        return None;
    }
    let spelt_out = slugify(&name.replace('&', " and "));
    let known = SLUGS.iter().find(|(name, _)| *name == spelt_out).map(|(_, slug)| (*slug).to_owned());
    let id = known.unwrap_or_else(|| slugify(name)).parse().ok()?;
    Some(Organisation { id, name: name.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("HM Revenue and Customs", "hm-revenue-customs")]
    #[case("HM Revenue & Customs", "hm-revenue-customs")]
    #[case(
        "Department for Environment, Food and Rural Affairs",
        "department-for-environment-food-rural-affairs"
    )]
    #[case(
        "Department for Business, Energy and Industrial Strategy",
        "department-for-business-energy-and-industrial-strategy"
    )]
    #[case("Department for Culture, Media and Sport", "department-for-culture-media-sport")]
    #[case("Department for Culture Media and Sport", "department-for-culture-media-sport")]
    #[case("Foreign and Commonwealth Office", "foreign-commonwealth-office")]
    #[case("HM Courts & Tribunals Service", "hm-courts-and-tribunals-service")]
    #[case("Office for Standards in Education, Children's Services and Skills", "ofsted")]
    #[case("Office for Standards in Education, Children’s Services & Skills", "ofsted")]
    #[case("Attorney General's Office ", "attorney-generals-office")]
    fn an_organisation_has_the_slug_it_has_on_gov_uk(#[case] name: &str, #[case] slug: &str) {
        assert_eq!(organisation(name).unwrap().id.as_str(), slug);
    }

    #[test]
    fn no_name_is_no_organisation() {
        assert_eq!(organisation("  "), None);
        assert_eq!(organisation("#REF!"), None);
    }
}
