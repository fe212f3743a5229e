SELECT codice_fiscale, cognome, nome, data_nascita
FROM vista_anagrafe
WHERE codice_fiscale = :codice_fiscale
