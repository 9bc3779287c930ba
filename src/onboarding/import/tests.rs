use super::*;
use crate::domain::Timestamp;

fn id(index: u8) -> PhoneNumberId {
    PhoneNumberId::new(Timestamp::from_unix_millis(1), [index; 10])
}

/// One that is free, and one that is not.
fn numbers() -> HashMap<PhoneNumber, KnownNumber> {
    let free = KnownNumber { id: id(1), taken_by: None };
    let taken = KnownNumber { id: id(2), taken_by: Some("Bakery".to_owned()) };
    HashMap::from([
        ("+15550100123".parse().unwrap(), free),
        ("+15550100124".parse().unwrap(), taken),
    ])
}

fn read(file: impl AsRef<[u8]>) -> Result<ImportSheet, FileProblem> {
    read_import(file.as_ref(), &numbers())
}

fn wanted(name: &str, email: Option<&str>) -> Wanted {
    Wanted {
        client_name: Some(name.parse().unwrap()),
        client_email: email.map(|email| email.parse().unwrap()),
        connection: NewConnection::ClientNumber,
        number: None,
        language: None,
        days: None,
    }
}

/// What is wrong, by line.
fn problems(file: &str) -> Vec<(usize, Vec<Problem>)> {
    let rows = read(file).unwrap().rows.into_iter();
    rows.filter_map(|row| Some((row.line, row.wanted.err()?))).collect()
}

#[test]
fn the_columns_stand_in_any_order_with_any_separator_and_any_case() {
    let everything = Wanted {
        connection: NewConnection::Preassigned(id(1)),
        number: Some("+15550100123".parse().unwrap()),
        language: Some("pt".parse().unwrap()),
        days: Some(30),
        ..wanted("Acme, Inc", Some("ann@example.com"))
    };
    for file in [
        "client_name,client_email,number,language,expires_in_days\n\
         \"Acme, Inc\",ann@EXAMPLE.com,+1 555 010 0123,PT,30\n",
        "\u{feff}Expires in days;LANGUAGE;Number;E-mail;Client Name\r\n\
         30;pt;'+15550100123;ann@example.com;Acme, Inc\r\n",
        "Nome\tCorreo\tN\u{fa}mero\tIdioma\tD\u{ed}as\tconnection\n\
         Acme, Inc\tann@example.com\t15550100123\tpt\t30\tPre-assigned",
    ] {
        let sheet = read(file).unwrap();
        let row = ImportRow { line: 2, client: "Acme, Inc".into(), wanted: Ok(everything.clone()) };
        assert_eq!(sheet, ImportSheet { rows: vec![row], ignored: vec![] }, "{file}");
    }
}

#[test]
fn a_row_without_a_connection_goes_by_whether_it_has_a_number() {
    let sheet = read("name,connection\nA,\nB,app\nC,client number\n,\n\n").unwrap();
    let connections: Vec<_> =
        sheet.rows.into_iter().map(|row| row.wanted.unwrap().connection).collect();
    let own = NewConnection::ClientNumber;
    assert_eq!(connections, [own.clone(), NewConnection::Coexistence, own]);
}

#[test]
fn everything_that_is_wrong_with_a_row_is_said_of_it() {
    let long = "x".repeat(101);
    let file = format!(
        "name,email,connection,number,language,days\n\
         ,,,,,\n\
         ,ann@,fax,12,english,0\n\
         {long},a@example.com,,,,31\n\
         A,,preassigned,,,\n\
         B,,app,+15550100123,,\n\
         C,,,+15550100123,,seven\n\
         D,,,+15550100124,,\n\
         E,,,+15550100199,,\n\
         F,,,,,7,surplus\n\
         ,,,,en,\n"
    );
    let number: PhoneNumber = "+15550100123".parse().unwrap();
    let taken = "+15550100124".parse().unwrap();
    assert_eq!(
        problems(&file),
        [
            (
                3,
                vec![
                    Problem::BadEmail("ann@".into()),
                    Problem::BadNumber("12".into()),
                    Problem::BadConnection("fax".into()),
                    Problem::BadLanguage("english".into()),
                    Problem::BadDays("0".into()),
                ]
            ),
            (4, vec![Problem::BadName(long.clone()), Problem::BadDays("31".into())]),
            (5, vec![Problem::NoNumber]),
            (6, vec![Problem::NumberNotNeeded]),
            (7, vec![Problem::NumberTwice { number, line: 6 }, Problem::BadDays("seven".into()),]),
            (8, vec![Problem::NumberTaken { number: taken, by: "Bakery".into() }]),
            (9, vec![Problem::UnknownNumber("+15550100199".into())]),
            (10, vec![Problem::TooManyCells]),
            (11, vec![Problem::Nobody]),
        ]
    );
    let endless = format!("name\n{}\n", "x".repeat(501));
    assert_eq!(problems(&endless), [(2, vec![Problem::TooLong(Column::ClientName)])]);
}

#[test]
fn a_name_over_two_lines_is_no_name_and_the_lines_after_it_are_counted_right() {
    let file = "name,email\r\n\"Acme\nInc\",\r\n\r\nBakery,no\r\n";
    let expected = [
        (2, vec![Problem::BadName("Acme\nInc".into())]),
        (5, vec![Problem::BadEmail("no".into())]),
    ];
    assert_eq!(problems(file), expected);
}

#[test]
fn a_file_that_can_not_be_read_is_told_why() {
    let utf_16: Vec<u8> = "name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe][..], &utf_16].concat();
    for (file, problem) in [
        (&b""[..], FileProblem::Empty),
        (b"\xef\xbb\xbf\r\n", FileProblem::Empty),
        (&marked, FileProblem::Utf16),
        (&utf_16, FileProblem::Utf16),
        (b"name\nA\nCaf\xe9\n", FileProblem::NotUtf8 { line: 3 }),
        (b"PK\x03\x04rest", FileProblem::NotText),
        (b"name,Client Name\n", FileProblem::ColumnTwice(Column::ClientName)),
        (
            b"phone,city\n1,2\n",
            FileProblem::MissingColumn {
                missing: Column::ClientName,
                found: vec!["phone".into(), "city".into()],
            },
        ),
    ] {
        assert_eq!(read(file), Err(problem));
    }
}

#[test]
fn ten_thousand_rows_are_read_and_one_more_is_too_many() {
    let file = |rows: usize| format!("name\n{}", "A\n\n".repeat(rows));
    assert_eq!(read(file(MOST_ROWS)).unwrap().rows.len(), MOST_ROWS);
    assert_eq!(read(file(MOST_ROWS + 1)), Err(FileProblem::TooManyRows(MOST_ROWS + 1)));
}

#[test]
fn a_column_that_means_nothing_is_named_and_left_out() {
    let sheet = read("name, City ,,name of dog\nAcme,Bern,,Rex\n").unwrap();
    assert_eq!(sheet.ignored, ["City", "name of dog"]);
    assert_eq!(sheet.rows[0].wanted, Ok(wanted("Acme", None)));
}
