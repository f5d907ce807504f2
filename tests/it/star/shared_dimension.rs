//! Several datasets bring different attributes of the same members of a dimension.

use crate::support::site::Site;
use crate::support::star_content::assert_balanced;

const CRM: &str = r#"
name  = "crm"
match = ["crm/*"]
[columns]
id    = { type = "integer" }
name  = { type = "text" }
email = { type = "text" }
[dimension.customer]
key        = ["id"]
attributes = ["name", "email"]
"#;

const BILLING: &str = r#"
name  = "billing"
match = ["billing/*"]
[columns]
id      = { type = "integer" }
email   = { type = "text" }
country = { type = "text" }
paid    = { type = "integer" }
[dimension.customer]
key        = ["id"]
attributes = ["email", "country"]
[fact.payment]
dimensions = ["customer"]
measures   = ["paid"]
"#;

/// Refers to customers, and says nothing of them.
const VISITS: &str = r#"
name  = "visits"
match = ["visits/*"]
[columns]
visitor = { type = "integer" }
[fact.visit]
dimensions = [{ dimension = "customer", key = ["visitor"] }]
"#;

const CUSTOMERS: &str =
    "select id, name, email, country from star.dim_customer where id is not null order by id";

#[tokio::test]
async fn a_newer_file_keeps_attributes_that_only_another_dataset_has() {
    let files = [
        ("crm/a", 1, "id,name,email\n1,Ann,ann@old\n2,Bo,bo@crm\n"),
        ("billing/a", 2, "id,email,country,paid\n1,ann@new,NO,5\n3,cy@pay,SE,6\n"),
        ("crm/b", 3, "id,name,email\n1,Anne,ann@crm\n"),
        ("billing/b", 1, "id,email,country,paid\n1,ann@first,DK,7\n2,,,8\n"),
        ("visits/a", 1, "visitor\n1\n4\n\n"),
    ];
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 3, 0, 1], [1, 0, 3, 4, 2]] {
        let site = Site::of(&[("crm", CRM), ("billing", BILLING), ("visits", VISITS)]).await;
        for at in order {
            let (key, day, text) = files[at];
            site.load(key, day, text).await;
        }
        // crm/a and billing/b are of one time: the later key counts.
        assert_eq!(
            site.rows(CUSTOMERS).await,
            "1|Anne|ann@crm|NO\n2|Bo|bo@crm|null\n3|null|cy@pay|SE\n4|null|null|null",
            "{order:?}"
        );
        assert_eq!(
            site.rows("select id from star.fact_visit join star.dim_customer using (customer_key) order by 1").await,
            "1\n4"
        );
        assert_balanced(&site.db).await;
    }
}
