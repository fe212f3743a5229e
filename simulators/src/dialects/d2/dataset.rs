//! ADO.NET DataSets as ASMX services write them: the schema first, then the rows as a diffgram.

use quick_xml::escape::escape;

const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";
const DATA: &str = "urn:schemas-microsoft-com:xml-msdata";
const DIFFGRAM: &str = "urn:schemas-microsoft-com:xml-diffgram-v1";

/// A column's name and the XML Schema type of its values.
pub type Column = (&'static str, &'static str);

/// Values in the order of the columns; none is NULL, which the wire leaves out.
pub type Row = Vec<Option<String>>;

/// One table of rows.
pub struct DataSet {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl DataSet {
    /// A table without the columns that are NULL in all of its rows: the queries behind it drop them.
    pub fn new(columns: &[Column], rows: Vec<Row>) -> Self {
        let kept: Vec<bool> = (0..columns.len())
            .map(|at| rows.is_empty() || rows.iter().any(|row| row[at].is_some()))
            .collect();
        let keep = |at: &usize| kept[*at];
        DataSet {
            columns: (0..columns.len())
                .filter(keep)
                .map(|at| columns[at])
                .collect(),
            rows: rows
                .into_iter()
                .map(|mut row| {
                    (0..row.len())
                        .filter(keep)
                        .map(|at| row[at].take())
                        .collect()
                })
                .collect(),
        }
    }

    /// The same table after an upgrade of the supplier: a new column, another order, another name for the fiscal code.
    pub fn upgraded(mut self) -> Self {
        for column in &mut self.columns {
            if column.0 == "CodiceFiscale" {
                column.0 = "CodFiscale";
            }
        }
        self.columns.push(("VersioneRecord", "int"));
        self.columns.reverse();
        for row in &mut self.rows {
            row.push(Some("2".to_owned()));
            row.reverse();
        }
        self
    }

    /// Schema and diffgram, the content of a `…Result` element.
    pub fn write(&self) -> String {
        let mut columns = String::new();
        for (name, kind) in &self.columns {
            columns.extend([
                "<xs:element name=\"",
                name,
                "\" type=\"xs:",
                kind,
                "\" minOccurs=\"0\"/>",
            ]);
        }
        let rows: String = (0..self.rows.len()).map(|at| self.write_row(at)).collect();
        let content = if rows.is_empty() {
            String::new()
        } else {
            format!("<NewDataSet xmlns=\"\">{rows}</NewDataSet>")
        };
        format!(
            "<xs:schema id=\"NewDataSet\" xmlns=\"\" xmlns:xs=\"{SCHEMA}\" xmlns:msdata=\"{DATA}\">\
             <xs:element name=\"NewDataSet\" msdata:IsDataSet=\"true\" msdata:UseCurrentLocale=\"true\"><xs:complexType>\
             <xs:choice minOccurs=\"0\" maxOccurs=\"unbounded\"><xs:element name=\"Table\"><xs:complexType><xs:sequence>\
             {columns}</xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema>\
             <diffgr:diffgram xmlns:msdata=\"{DATA}\" xmlns:diffgr=\"{DIFFGRAM}\">{content}</diffgr:diffgram>"
        )
    }

    fn write_row(&self, at: usize) -> String {
        let mut row = format!(
            "<Table diffgr:id=\"Table{}\" msdata:rowOrder=\"{at}\">",
            at + 1
        );
        for ((name, _), value) in self.columns.iter().zip(&self.rows[at]) {
            match value.as_deref() {
                None => {}
                Some("") => row.extend(["<", name, "/>"]),
                Some(value) => row.extend(["<", name, ">", &escape(value), "</", name, ">"]),
            }
        }
        row + "</Table>"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 2] = [("NumInd", "int"), ("CodiceFiscale", "string")];

    #[test]
    fn columns_that_are_null_everywhere_are_missing_from_rows_and_schema() {
        let one = || Some("1".to_owned());
        let written = DataSet::new(&COLUMNS, vec![vec![one(), None], vec![one(), None]]).write();
        assert!(!written.contains("CodiceFiscale"));
        let some = DataSet::new(&COLUMNS, vec![vec![one(), None], vec![one(), one()]]).write();
        assert_eq!(some.matches("<CodiceFiscale>").count(), 1);
        let none = DataSet::new(&COLUMNS, Vec::new()).write();
        assert!(
            none.contains("name=\"CodiceFiscale\"") && none.contains("v1\"></diffgr:diffgram>")
        );
    }

    #[test]
    fn an_upgrade_moves_and_renames_columns_together_with_their_values() {
        let row = vec![Some("1".to_owned()), Some("X".to_owned())];
        let written = DataSet::new(&COLUMNS, vec![row]).upgraded().write();
        assert!(written.contains(
            "<VersioneRecord>2</VersioneRecord><CodFiscale>X</CodFiscale><NumInd>1</NumInd>"
        ));
    }
}
