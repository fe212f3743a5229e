SELECT count(*) AS quante FROM vw_tributi_soggetti
