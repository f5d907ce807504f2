//! Tests `stardrop diagram`, which draws the star of the project's datasets.

use crate::support::cloud::{run, stardrop};
use crate::support::root;

#[tokio::test]
async fn the_command_line_draws_the_star_without_a_database() {
    let datasets = root().join("examples").display().to_string();
    let vars = [("STARDROP_DATASETS", datasets.as_str())];
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("star.svg");
    let out = ["diagram", "--out", file.to_str().unwrap()];
    let (code, out, err) = run(stardrop(&out, &vars)).await;
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "", ""));
    let picture = std::fs::read_to_string(&file).unwrap();
    for table in ["fact_sales", "fact_store_sale", "dim_customer", "dim_date"] {
        assert!(picture.contains(table), "{table}");
    }
    let mermaid = ["diagram", "--format", "mermaid"];
    let (code, out, _) = run(stardrop(&mermaid, &vars)).await;
    assert_eq!(code, Some(0));
    assert!(out.contains("dim_customer ||--o{ fact_sales : customer_key"), "{out}");
    let (code, _, err) = run(stardrop(&["diagram", "--out", "/no/such/folder/x.svg"], &vars)).await;
    assert_eq!(code, Some(3));
    assert!(err.contains("/no/such/folder/x.svg cannot be written"), "{err}");
}
