// A resource server as express-oauth2-jwt-bearer's documentation shows it, as an ES module.
import express from 'express';
import { auth, claimEquals, requiredScopes, scopeIncludesAny } from 'express-oauth2-jwt-bearer';

const { ISSUER, AUDIENCE } = process.env;
const app = express();
const check = auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, tokenSigningAlg: 'RS256' });

app.get('/', check, (request, response) => response.json({ subject: request.auth.payload.sub }));
app.get('/orders', check, requiredScopes('orders openid'), (_request, response) => response.json([]));
app.get('/stock', check, requiredScopes('stock orders'), (_request, response) => response.json([]));
app.get('/any', check, scopeIncludesAny(['stock', 'books']), (_request, response) => response.json([]));
app.get('/admin', check, claimEquals('admin', true), (_request, response) => response.json([]));
const optional = auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, authRequired: false });
app.get('/optional', optional, (request, response) => response.json({ known: request.auth !== undefined }));
app.use((error, _request, response, _next) => {
  response
    .status(error.status)
    .set(error.headers)
    .send(`${error.code ?? 'none'}: ${error.message}`);
});
const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
