// A portal's tokens by npm's jose: reads the order on standard input, prints the headers of the request as JSON.

import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';

// The library is installed apart from this file: where, the environment says.
const { importPKCS8, SignJWT } = await import(createRequire(`${process.env.PONTILE_TOKENS}/npm/`).resolve('jose'));

const order = JSON.parse(readFileSync(0, 'utf8'));
const key = await importPKCS8(readFileSync(order.key, 'utf8'), order.algorithm);

function reference() {
    if (order.reference === 'kid') return { kid: basename(order.key, '.key') };
    const der = new X509Certificate(readFileSync(order.certificate)).raw;
    if (order.reference === 'x5c') return { x5c: [der.toString('base64')] };
    return { 'x5t#S256': createHash('sha256').update(der).digest('base64url') };
}

function token(besides) {
    return new SignJWT(besides)
        .setProtectedHeader({ alg: order.algorithm, typ: 'JWT', ...reference() })
        .setIssuer('portale-uno')
        .setAudience(order.audience)
        .setIssuedAt()
        .setNotBefore('0s')
        .setExpirationTime('60s')
        .setJti(randomUUID())
        .sign(key);
}

const digest = `SHA-256=${createHash('sha256').update(order.body).digest('base64')}`;
const evidence = await token({ userID: 'operatore-0042', userLocation: 'sportello-01', LoA: 'substantial' });
const signed = [{ digest }, { 'content-type': 'application/json' }, { 'agid-jwt-trackingevidence': evidence }];
console.log(JSON.stringify({
    Authorization: `Bearer ${await token({})}`,
    Digest: digest,
    'Agid-JWT-Signature': await token({ signed_headers: signed }),
    'Agid-JWT-TrackingEvidence': evidence,
}));
