SELECT count(*) AS quante FROM vw_anagrafe
