//! The project's own small files: those in `tests/it/fixtures`, and sales that are made up here.

use super::root;

/// The content of a file in `tests/it/fixtures`.
pub fn fixture(name: &str) -> Vec<u8> {
    let path = root().join("tests/it/fixtures").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The name and the content of each workbook, in the order of the names.
pub fn workbooks() -> Vec<(String, Vec<u8>)> {
    let folder = root().join("tests/it/fixtures/workbooks");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let read = |name: String| {
        let bytes = fixture(&format!("workbooks/{name}"));
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// Six trading days of the dataset `online_retail`: rows that repeat, returns, rows without a
/// customer, numbers of customers that end in `.0`, products that are renamed, quoted descriptions,
/// and a product that is never described.
pub fn trading_days() -> Vec<(String, Vec<u8>)> {
    (1..=6).map(|day| (format!("2026-01-{day:02}.csv"), trading_day(day).into_bytes())).collect()
}

fn trading_day(day: u32) -> String {
    let mut text =
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
            .to_owned();
    for n in 0..80 {
        let product = (n * 7 + day) % 13;
        // Products 1 and 2 are renamed on some day, 3 goes back to its first name.
        let description = match product {
            0 => String::new(),
            1 if day > 3 => "\"LAMP, BRASS\"".to_owned(),
            2 if day > 4 => "\"SIGN \"\"OPEN\"\"\"".to_owned(),
            3 if day == 3 || day == 4 => "damaged".to_owned(),
            // Not every row says what its product is called.
            4 if n % 2 == 0 => String::new(),
            _ => format!("PRODUCT {product}"),
        };
        let returned = n % 17 == 16;
        let (letter, sign) = if returned { ("C", "-") } else { ("", "") };
        let customer = if n % 4 == 3 { String::new() } else { format!("{}.0", 17_850 + n % 9) };
        let country = if n % 9 == 5 { "France" } else { "United Kingdom" };
        let row = format!(
            "{letter}{},{product:05}A,{description},{sign}{},2026-01-{day:02} {:02}:{:02}:00,{}.{:02},{customer},{country}\n",
            536_000 + day * 100 + n / 4,
            1 + n % 6,
            8 + n / 10,
            n / 4 % 60,
            n % 5,
            n * 5 % 100,
        );
        // Some customers put the same line twice into one invoice.
        text.push_str(&row.repeat(if n % 20 == 19 { 2 } else { 1 }));
    }
    text
}

/// Two files of the dataset `mock_retail`, whose stores have another name and place in nearly every row.
pub fn contradicting_sales() -> [Vec<u8>; 2] {
    [1, 2].map(|part| {
        let mut text = "Transaction_ID,Transaction_Date,Transaction_Time,Total_Amount,Payment_Method,\
            Store_ID,Store_Name,Store_Location,Product_ID,Product_Name,Product_Category,Product_Price,\
            Quantity_Sold,Customer_ID,Customer_Age,Customer_Gender,Customer_Membership\n"
            .to_owned();
        for n in 0..60 {
            // Store 9 is in the first part only, store 10 in the second.
            let store = if n == 31 { 8 + part } else { n * 5 % 7 };
            text.push_str(&format!(
                "T{part}{n:04},2026-01-{:02},10:{n:02}:00,{n}.50,Cash,{store},Store {part}-{n},Town {}- State {},\
                 {},Item {n},Toys,{n}.25,{},{},{},Female,Gold\n",
                n % 28 + 1,
                n % 11,
                part * n % 5,
                n % 4,
                n % 3 + 1,
                n % 6,
                20 + n,
            ));
        }
        text.into_bytes()
    })
}
