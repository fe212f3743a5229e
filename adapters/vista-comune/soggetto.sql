SELECT ID_ORIG, COD_FISC, PART_IVA, COG_DENOM, NOME, TIP_SOGG
  FROM vw_tributi_soggetti
 WHERE upper(trim(COD_FISC)) = :soggetto OR trim(PART_IVA) = :soggetto
