-- Of a voucher of the PDND: who consumes which e-service. Its purpose stands in the exchange's context.
ALTER TABLE exchange_token ADD COLUMN consumer TEXT;
ALTER TABLE exchange_token ADD COLUMN eservice TEXT;

UPDATE schema SET version = 10;
