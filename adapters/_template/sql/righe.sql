SELECT count(*) AS righe FROM vista_anagrafe
